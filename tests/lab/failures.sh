#!/usr/bin/env bash
# Makes failures happen in real programs, and shows what they print: the source of examples marked "captured".
#   tests/lab/failures.sh                     # everything that is installed here
#   PARTS="nginx redis" tests/lab/failures.sh
#   PARTS=postgres MESSAGES=de_DE.UTF-8 tests/lab/failures.sh   # a locale that `locale -a` names
# Needs what Debian and PyPI install: nginx redis-server postgresql pgbouncer mosquitto mosquitto-clients musl-tools gcc
# iproute2 openssl python3-venv. A program that is not there is left out, and named at the end. Each part starts its own
# servers on 127.0.0.1 and stops them by their ids.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
chmod a+rx "$work"
missing=() pids=()
trap 'kill "${pids[@]}" 2>/dev/null; rm -rf "$work"' EXIT
has() { command -v "$1" >/dev/null || { missing+=("$1"); false; }; }
show() { echo "== $1"; sed -e "s#$work#/srv#g" -e "s#\b$(hostname)\b#web-01#g"; }

net_part() { # musl's words; an address that is unreachable needs root
  has musl-gcc || return
  musl-gcc -o "$work/net" "$here/net_musl.c" || return
  ip route add unreachable 198.51.100.0/24 2>/dev/null
  "$work/net" db.internal 2>&1 | show "net: musl"
  ip route del unreachable 198.51.100.0/24 2>/dev/null
}

nginx_conf() { # text of the server block
  cat > "$work/nginx.conf" <<CONF
error_log $work/nginx.log info; pid $work/nginx.pid;
events { worker_connections ${2:-64}; }
http { access_log off; server { listen 127.0.0.1:18321; $1 } }
CONF
}
nginx_part() {
  has nginx || return
  openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=a -keyout "$work/a.key" -out "$work/a.pem" -days 1 2>/dev/null
  openssl genrsa -out "$work/b.key" 2048 2>/dev/null
  echo "no certificate" > "$work/bad.pem"
  while IFS= read -r block; do
    nginx_conf "$block"; nginx -t -e "$work/nginx.log" -c "$work/nginx.conf" 2>&1 | show "nginx: $block" | sed "s#$work#/srv#g"
  done <<BLOCKS
proxy_passs http://127.0.0.1:1;
root /srv
location / { proxy_pass http://nosuch.internal; }
listen 18322 ssl; ssl_certificate $work/nosuch.pem; ssl_certificate_key $work/a.key;
listen 18322 ssl; ssl_certificate $work/bad.pem; ssl_certificate_key $work/a.key;
listen 18322 ssl; ssl_certificate $work/a.pem; ssl_certificate_key $work/b.key;
BLOCKS
  # An application whose queue of connections is full: a socket that listens and never accepts.
  python3 -c "
import socket, time
s = socket.socket(socket.AF_UNIX); s.bind('$work/app.sock'); s.listen(0); time.sleep(60)" & pids+=($!)
  sleep 1; chmod a+rw "$work/app.sock"
  nginx_conf "location / { proxy_pass http://unix:$work/app.sock:/; }"
  : > "$work/nginx.log"; nginx -e "$work/nginx.log" -c "$work/nginx.conf"
  for _ in 1 2 3 4; do curl -s -m 2 -o /dev/null http://127.0.0.1:18321/report & done; sleep 3
  kill -QUIT "$(cat "$work/nginx.pid")"
  grep -F 'failed (' "$work/nginx.log" | show "nginx: a full queue"
}

redis_part() {
  has redis-server || return
  say() { redis-cli -p 18341 "$@" 2>&1; }
  (cd "$work" && exec redis-server --port 18341 --save '' --maxclients 20 > redis.log) & pids+=($!)
  sleep 1
  { say config set maxmemory 1; say set a b; say config set maxmemory 0; say replicaof 127.0.0.1 1; say set a b; say replicaof no one
    say config set requirepass secret; say get a; redis-cli -p 18341 -a wrong --no-auth-warning get a; } 2>&1 | show "redis: answers"
  show "redis: log" < "$work/redis.log"
}

postgres_part() {
  local bin; bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -1); [ -n "$bin" ] || { missing+=(postgresql); return; }
  mkdir "$work/pg"; chown postgres "$work/pg"
  as() { su postgres -c "$1"; }
  as "$bin/initdb -A trust -D $work/pg/d" >/dev/null
  as "$bin/pg_ctl -w -D $work/pg/d -l $work/pg/log -o '-p 18351 -k $work/pg -c max_connections=5 -c superuser_reserved_connections=1 -c lc_messages=${MESSAGES:-C}' start" >/dev/null
  sql() { as "psql -h $work/pg -p 18351 -U ${2:-postgres} ${3:-postgres} -c \"$1\"" 2>&1; }
  { sql 'create table orders(id int primary key, note text not null)'; sql "insert into orders values (1, 'a')"; sql "insert into orders values (1, 'a')"
    sql 'insert into orders values (2, null)'; sql 'select * from ordres'; sql 'select stauts from orders'; sql 'select 1' nobody; sql 'select 1' postgres nosuch
    for _ in 1 2 3 4 5; do sql 'select pg_sleep(3)' & done; sleep 2; sql 'select 1'; wait; } > "$work/psql.txt" 2>&1
  show "postgres: clients" < "$work/psql.txt"
  pgbouncer_with "$bin"
  as "$bin/pg_ctl -w -m fast -D $work/pg/d stop" >/dev/null
  show "postgres: log" < "$work/pg/log"
}
pgbouncer_with() { # folder of PostgreSQL's programs; its server listens on 18351
  has pgbouncer || return
  echo '"postgres" ""' > "$work/users.txt"
  cat > "$work/pgbouncer.ini" <<INI
[databases]
shop = host=127.0.0.1 port=1 dbname=shop
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = 18352
unix_socket_dir =
auth_type = trust
auth_file = $work/users.txt
logfile = $work/pg/bouncer.log
server_login_retry = 1
query_wait_timeout = 3
INI
  chmod a+r "$work/users.txt" "$work/pgbouncer.ini"
  su postgres -c "exec $(command -v pgbouncer) $work/pgbouncer.ini" >/dev/null 2>&1 & local pid=$!
  sleep 1; su postgres -c "psql -h 127.0.0.1 -p 18352 shop -c 'select 1'" 2>&1 | show "pgbouncer: client"
  kill "$pid" 2>/dev/null; show "pgbouncer: log" < "$work/pg/bouncer.log"
}

mosquitto_part() {
  has mosquitto && has mosquitto_sub || return
  printf 'listener 18361 127.0.0.1\nallow_anonymous true\nlog_dest stderr\n' > "$work/open.conf"
  printf 'listener 18362 127.0.0.1\nallow_anonymous false\nlog_dest stderr\n' > "$work/closed.conf"
  mosquitto -c "$work/open.conf" > "$work/open.txt" 2>&1 & pids+=($!)
  mosquitto -c "$work/closed.conf" > "$work/closed.txt" 2>&1 & pids+=($!)
  sleep 1
  for _ in 1 2; do timeout 6 mosquitto_sub -p 18361 -i portal -t '#' >/dev/null 2>&1 & done; sleep 6
  timeout 3 mosquitto_sub -p 18362 -t '#' 2>&1 | show "mosquitto: a client without a name"
  show "mosquitto: two clients with one id" < "$work/open.txt"; show "mosquitto: refused" < "$work/closed.txt"
}

python_part() { # settings that are missing, and a worker that is killed
  has python3 || return
  python3 -m venv "$work/venv" && "$work/venv/bin/pip" -q install python-decouple django-environ environs pydantic-settings gunicorn || return
  while IFS='|' read -r name text; do
    printf "$text" > "$work/settings.py"; (cd "$work" && venv/bin/python settings.py 2>&1 | show "python: $name")
  done <<'TEXTS'
decouple|from decouple import config\nconfig("DATABASE_URL")\n
django-environ|import environ\nenviron.Env()("DATABASE_URL")\n
environs|from environs import Env\nEnv().str("DATABASE_URL")\n
pydantic-settings|from pydantic_settings import BaseSettings\nclass Settings(BaseSettings):\n    database_url: str\nSettings()\n
TEXTS
  (cd "$work" && exec venv/bin/gunicorn --chdir "$here" -b 127.0.0.1:18371 -w 1 ordinary_wsgi:app > gunicorn.txt 2>&1) & local pid=$!
  sleep 4; kill -KILL "$(pgrep -P "$pid" | tail -1)"; sleep 2; kill "$pid"; wait "$pid"
  show "gunicorn: a killed worker" < "$work/gunicorn.txt"
}

for part in ${PARTS:-net nginx redis postgres mosquitto python}; do "${part}_part"; done
[ ${#missing[@]} -eq 0 ] || echo "left out: ${missing[*]}" >&2
