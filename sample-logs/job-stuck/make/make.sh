#!/bin/bash
# Scene job-stuck. Run as root on Debian 12 (bookworm):  ./make.sh
#   redis 7.0.15 from Debian; Python packages pinned in requirements.txt.
# Every line in ../logs is printed by those programs and by the two small applications.
set -eu
export TZ=UTC DEBIAN_FRONTEND=noninteractive
here=$(cd "$(dirname "$0")" && pwd); out=$here/../logs
if ! which redis-server curl >/dev/null; then
  apt-get update -qq; apt-get install -y -qq --no-install-recommends redis-server python3-venv curl
fi
PY=/opt/shop/venv-jobs/bin
[ -x $PY/celery ] || { /usr/bin/python3 -m venv /opt/shop/venv-jobs; $PY/pip -q install -r "$here/requirements.txt"; }
L=/var/log/reports; S=/srv/reports
rm -rf $L $S; mkdir -p $L $S
cp "$here"/{api.py,jobs.py,partner.py,client.py,logging.yaml} $S/
cd $S
as="setpriv --reuid=www-data --regid=www-data --clear-groups env PYTHONDONTWRITEBYTECODE=1"
redis-server --bind 127.0.0.1 --port 21479 --save '' --daemonize no >>$L/redis.log 2>&1 & RE=$!
sleep 1
$PY/python partner.py & PA=$!
$as $PY/celery -A jobs worker --concurrency 2 --loglevel INFO -n exports@reports-1 >>$L/celery-worker.log 2>&1 & CE=$!
$as $PY/uvicorn api:app --port 21401 --log-config logging.yaml >>$L/api.log 2>&1 & AP=$!
trap 'touch $S/stop; kill -TERM $PA $RE 2>/dev/null || true; kill -9 $AP $CE 2>/dev/null || true' EXIT
until curl -fs -o /dev/null http://127.0.0.1:21401/openapi.json; do sleep .3; done
sleep 2
$PY/python client.py $S/stop & CL=$!
sleep 70
# BREAK 1: the partner's server stops answering; exactly one job asks it (no timeout in the job)
touch no-partner; sleep 4; touch hang
curl -fs -o /dev/null -X POST http://127.0.0.1:21401/reports/partner-stock; sleep 2; rm hang
sleep 45; rm no-partner
# BREAK 2: the process of a running export is killed (as the OOM killer does)
curl -fs -o /dev/null -X POST 'http://127.0.0.1:21401/exports?rows=60000'; sleep 9
w=$(grep 'export of 60000 rows' $L/celery-worker.log | grep -o 'ForkPoolWorker-[0-9]*' | tail -1)   # which child has it
kill -9 $(pgrep -P $CE | sort -n | sed -n ${w#ForkPoolWorker-}p)
sleep 640
mkdir -p "$out"; rm -f "$out"/*; cp $L/* "$out"/          # both programs are still running: the logs just end
touch $S/stop; wait $CL || true
kill -9 $AP; kill -TERM $CE; wait $CE || true; kill -TERM $PA; kill -TERM $RE; wait $RE || true
trap - EXIT
ls -l "$out"
