#!/usr/bin/env bash
# Makes the capture of app/job-never-finished again, which takes 14 minutes: tests/lab/hanging_job.sh FOLDER. Needs network to PyPI.
source "$(dirname "$0")/common.sh"
need python3 timeout
python3 -m venv py && py/bin/pip -q install 'apscheduler<4' > /dev/null 2>&1 || { echo "left out, no network" >&2; exit 0; }
cat > jobs.py <<'PY'
import logging, time
logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.INFO)
from apscheduler.schedulers.blocking import BlockingScheduler
jobs = BlockingScheduler()
@jobs.scheduled_job("interval", minutes=2, id="invoices", max_instances=1)
def send_invoices(): time.sleep(3000)
@jobs.scheduled_job("interval", seconds=60, id="heartbeat")
def heartbeat(): pass
jobs.start()
PY
timeout 840 py/bin/python jobs.py > jobs.txt 2>&1
keep app/job-never-finished < jobs.txt
