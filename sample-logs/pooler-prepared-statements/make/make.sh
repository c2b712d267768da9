#!/bin/bash
# Scene pooler-prepared-statements. Run as root on Debian 12 (bookworm):  ./make.sh
#   PostgreSQL 15.x, pgbouncer 1.18.0, nginx 1.22.1 from Debian; Python packages pinned in requirements.txt.
# Every line in ../logs is printed by those programs (or by the three `echo`s of `deploy` below into deploy.log).
set -eu
export TZ=UTC DEBIAN_FRONTEND=noninteractive
here=$(cd "$(dirname "$0")" && pwd); out=$here/../logs
if ! [ -x /usr/lib/postgresql/15/bin/postgres ] || ! which pgbouncer nginx curl pgrep >/dev/null; then
  apt-get update -qq; apt-get install -y -qq --no-install-recommends postgresql-15 pgbouncer nginx-light python3-venv curl procps
fi
PY=/opt/shop/venv-pooler/bin
[ -x $PY/uvicorn ] || { /usr/bin/python3 -m venv /opt/shop/venv-pooler; $PY/pip -q install -r "$here/requirements.txt"; }
B=/usr/lib/postgresql/15/bin; DATA=/var/lib/postgresql/15/orders; L=/var/log/orders; S=/srv/orders
rm -rf $DATA $L $S; mkdir -p $L $S/run /var/lib/postgresql/15
cp "$here"/{app.py,logging.yaml,nginx.conf,pgbouncer.ini,plan.json,traffic.py} $S/
echo '"orders" "orders-pw"' > $S/userlist.txt
chown -R postgres $S/run $L /var/lib/postgresql/15; chmod 755 $S
cd $S
as="setpriv --reuid=postgres --regid=postgres --clear-groups env HOME=/var/lib/postgresql"
sql() { $as psql -q -h $S/run -p 21432 "$@"; }

# --- PostgreSQL
$as $B/initdb -D $DATA -E UTF8 --locale=C.UTF-8 -A trust >/dev/null
cat >> $DATA/postgresql.conf <<X
listen_addresses = '127.0.0.1'
port = 21432
unix_socket_directories = '$S/run'
shared_buffers = 32MB
max_wal_size = 32MB
min_wal_size = 32MB
checkpoint_timeout = 60s
log_checkpoints = on
log_line_prefix = '%m [%p] %q%u@%d '
log_min_duration_statement = 1500
timezone = 'UTC'
log_timezone = 'UTC'
X
$as $B/postgres -D $DATA 2>>$L/postgresql.log & PG=$!
until sql -d postgres -c 'select 1' >/dev/null 2>&1; do sleep .3; done
sql -d postgres -c "create role orders login password 'orders-pw'" -c "create database orders owner orders"
sql -U orders -d orders -c "create table orders (id serial primary key, ref text not null constraint orders_ref_key unique, sku text not null, qty int not null)" \
  -c "insert into orders (ref, sku, qty) select 'SEED-'||g, 'SKU-'||(g%400), 1+g%3 from generate_series(1,400) g" -c "create table stock_import (id int, payload text)"
$as /usr/sbin/pgbouncer -q $S/pgbouncer.ini & PB=$!

# --- API and nginx
DIRECT=postgresql+asyncpg://orders:orders-pw@127.0.0.1:21432/orders
POOLED=postgresql+asyncpg://orders:orders-pw@127.0.0.1:21643/orders
API=
start_api() { DATABASE_URL=$1 RELEASE=$2 $PY/uvicorn app:app --port 21101 --workers 2 --log-config logging.yaml >>$L/api.log 2>&1 & API=$!; }
say() { echo "$(date -u +%Y-%m-%dT%H:%M:%SZ) $*" >> $L/deploy.log; }
deploy() { # url release note
  say "deploy orders-api release $2 starts: $3"
  if [ -n "$API" ]; then kill -TERM $API; wait $API || true; fi
  start_api $1 $2
  until curl -fs http://127.0.0.1:21101/healthz >/dev/null; do sleep .3; done
  say "deploy orders-api release $2 done: /healthz 200"
}
trap 'touch $S/stop; kill -TERM $API $NG $PB $PG 2>/dev/null || true' EXIT
deploy $DIRECT 41 "first start on this host"
nginx -c $S/nginx.conf -g 'daemon off;' & NG=$!
sleep 1
$PY/python traffic.py http://127.0.0.1:21180 3.5 plan.json $S/stop & TR=$!

bulk() { sql -U orders -d orders -c "insert into stock_import select g, repeat(md5(g::text), 12) from generate_series(1,$1) g"; }
sleep 30; bulk 70000                                  # noise: many checkpoints
sleep 12                                              # noise: a batch client that dies in a transaction
( echo "begin; select count(*) from stock_import;"; sleep 30 ) | sql -U orders -d orders >/dev/null & sleep 2
kill -9 $(pgrep -u postgres -f "psql -q -h $S/run -p 21432 -U orders -d orders" | head -1) || true
sleep 20
deploy $POOLED 42 "DATABASE_URL now points to pgbouncer 127.0.0.1:21643 (max_connections relief)"
sleep 35; bulk 60000
sleep 40
deploy $DIRECT 43 "roll back DATABASE_URL to 127.0.0.1:21432"
sleep 60
touch $S/stop; wait $TR || true
kill -TERM $API; wait $API || true; kill -QUIT $NG; kill -TERM $PB; wait $PB || true; kill -INT $PG; wait $PG || true
trap - EXIT
rm -rf "$out"; mkdir -p "$out"; cp $L/* "$out"/; ls -l "$out"
