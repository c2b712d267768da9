import time
import urllib3
from celery import Celery
from celery.utils.log import get_task_logger

app = Celery("tasks", broker="redis://127.0.0.1:6379/0", backend="redis://127.0.0.1:6379/1")
app.conf.result_expires = 600
app.conf.broker_connection_retry_on_startup = True
app.conf.beat_schedule = {"stock": {"task": "tasks.sync_stock", "schedule": 15.0},
                          "errors": {"task": "tasks.count_errors", "schedule": 30.0}}
log = get_task_logger("tasks")
http = urllib3.PoolManager(retries=urllib3.Retry(3, backoff_factor=.2))


@app.task
def send_mail(rcpt):
    time.sleep(.05)
    log.info("mail to %s sent, 0 bounced, 0 failed", rcpt)
    return "sent"


@app.task
def sync_stock():
    r = http.request("GET", "http://10.20.0.9:9400/stock")
    if r.retries is not None and r.retries.total < 3:
        log.info("stock: retry succeeded after %s lost connection", 3 - r.retries.total)
    return r.status


@app.task
def count_errors():
    log.info("0 errors, 0 exceptions, 0 timeouts in the last 30 s")
    return 0
