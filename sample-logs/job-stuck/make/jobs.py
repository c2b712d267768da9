"""The celery side: exports. Started as: celery -A jobs worker"""
import random
import time

from celery import Celery
from celery.utils.log import get_task_logger

app = Celery("jobs", broker="redis://127.0.0.1:21479/0", backend="redis://127.0.0.1:21479/1")
app.conf.update(task_ignore_result=False, worker_prefetch_multiplier=1, timezone="UTC",
                broker_connection_retry_on_startup=True)
log = get_task_logger("jobs.export")


@app.task(bind=True, name="jobs.export", max_retries=3)
def export(self, job, rows):
    log.info("job %s started: export of %d rows", job, rows)
    if random.random() < .12:
        log.warning("job %s: object store answered 503 SlowDown, trying again", job)
        raise self.retry(countdown=3, exc=ConnectionError("object store: 503 SlowDown"))
    for _ in range(rows // 1000):
        time.sleep(1)
    log.info("job %s finished", job)
    return rows
