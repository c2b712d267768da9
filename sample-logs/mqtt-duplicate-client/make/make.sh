#!/bin/bash
# Scene mqtt-duplicate-client. Run as root on Debian 12 (bookworm):  ./make.sh
#   mosquitto 2.0.11, nginx 1.22.1 from Debian; Python packages pinned in requirements.txt.
# Every line in ../logs is printed by those programs and by the portal itself.
set -eu
export TZ=UTC DEBIAN_FRONTEND=noninteractive
here=$(cd "$(dirname "$0")" && pwd); out=$here/../logs
if ! [ -x /usr/sbin/mosquitto ] || ! which nginx curl pgrep >/dev/null; then
  apt-get update -qq; apt-get install -y -qq --no-install-recommends mosquitto nginx-light python3-venv curl procps
fi
PY=/opt/shop/venv-mqtt/bin
[ -x $PY/gunicorn ] || { /usr/bin/python3 -m venv /opt/shop/venv-mqtt; $PY/pip -q install -r "$here/requirements.txt"; }
L=/var/log/portal; S=/srv/portal
rm -rf $L $S; mkdir -p $L $S/run
cp "$here"/{portal.py,runner.py,gunicorn.conf.py,mosquitto.conf,nginx.conf,plan.json,traffic.py} $S/
cd $S
GU=
start_portal() { # release workers client-id
  RELEASE=$1 WEB_CONCURRENCY=$2 MQTT_CLIENT_ID=$3 $PY/gunicorn portal:app >>$L/portal.log 2>&1 & GU=$!
  until curl -fs http://127.0.0.1:21201/health >/dev/null; do sleep .3; done
}
stop_portal() { kill -TERM $GU; wait $GU || true; }
trap 'touch $S/stop; kill -TERM $GU $NG $MO $R1 $R2 2>/dev/null || true' EXIT
# mosquitto drops root for the user mosquitto; its output goes to a file, as under a container runtime
/usr/sbin/mosquitto -c $S/mosquitto.conf >>$L/mosquitto.log 2>&1 & MO=$!
sleep 1
$PY/python runner.py runner & R1=$!
$PY/python runner.py thermo & R2=$!
start_portal 2.3 1 prompt-portal
nginx -c $S/nginx.conf -g 'daemon off;' & NG=$!
sleep 1
$PY/python traffic.py http://127.0.0.1:21280 2.5 plan.json $S/stop & TR=$!
sleep 55
stop_portal; start_portal 2.4 2 prompt-portal          # BREAK 1: two workers, one MQTT client id
sleep 75
stop_portal; start_portal 2.5 2 'prompt-portal-{pid}'  # REPAIR 1: one id per worker
sleep 40
kill -STOP $(pgrep -P $GU | head -1)                   # BREAK 2: one worker freezes; gunicorn replaces it after 40 s
sleep 75
touch $S/stop; wait $TR || true
kill -TERM $R2; stop_portal; kill -QUIT $NG; kill -TERM $R1; sleep 1; kill -TERM $MO; wait $MO || true
trap - EXIT
rm -rf "$out"; mkdir -p "$out"; cp $L/* "$out"/; ls -l "$out"
