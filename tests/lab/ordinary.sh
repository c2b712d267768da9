#!/usr/bin/env bash
# Makes the ordinary-log corpus again: healthy and noisy logs of real programs, compressed, into a folder.
#   tests/lab/ordinary.sh /tmp/ordinary && cp /tmp/ordinary/*.zst tests/ordinary/
# Needs what Debian, PyPI, npm and crates.io install: nginx apache2 postgresql redis-server mosquitto mariadb-server
# haproxy memcached openssh-server rsyslog cron tomcat10 nodejs npm golang python3 php-cli ruby ruby-minitest gcc make
# curl zstd nats-server etcd prometheus bind9 lighttpd squid dnsmasq rabbitmq-server docker.io busybox-static, and Envoy
# (ENVOY names the program; PyPI's pyvoy has it).
# A program that is not there is left out, and named at the end.
set -uo pipefail
out=${1:?folder for the logs}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
mkdir -p "$out"
missing=()
has() { command -v "$1" >/dev/null || { missing+=("$1"); false; }; }
# Paths and the name of the machine say nothing about the program.
keep() { sed -e "s#$work#/srv#g" -e "s#$HOME/\.#/home/ci/.#g" -e "s#\b$(hostname)\b#web-01#g" "$1" | zstd -19 -q -f -o "$out/$2.log.zst"; }

web() { # port: people, bots that look for what is not there, and one error
  python3 "$here/visitors.py" "$1" 4000
}
nginx_logs() {
  has nginx || return
  mkdir -p "$work/nginx/www" "$work/nginx/logs"
  for page in index about prices; do head -c 9000 /dev/urandom | base64 > "$work/nginx/www/$page.html"; done
  cat > "$work/nginx/n.conf" <<CONF
error_log $work/nginx/logs/error.log info;
pid $work/nginx/n.pid;
events {}
http {
  access_log $work/nginx/logs/access.log combined;
  client_body_temp_path $work/nginx/b; proxy_temp_path $work/nginx/p; fastcgi_temp_path $work/nginx/f;
  uwsgi_temp_path $work/nginx/u; scgi_temp_path $work/nginx/s;
  server { listen 127.0.0.1:18201; root $work/nginx/www; location = /report { return 500; } location /old { return 301 /; } }
}
CONF
  chmod -R a+rX "$work"
  nginx -e "$work/nginx/logs/error.log" -c "$work/nginx/n.conf" && web 18201
  nginx -e "$work/nginx/logs/error.log" -c "$work/nginx/n.conf" -s reload; sleep 1
  kill -QUIT "$(cat "$work/nginx/n.pid")"; sleep 1
  keep "$work/nginx/logs/access.log" nginx-access
  keep "$work/nginx/logs/error.log" nginx-error
}
apache_logs() {
  has apache2 || return
  mkdir -p "$work/apache/www"; echo hello > "$work/apache/www/index.html"
  mods=/usr/lib/apache2/modules
  cat > "$work/apache/a.conf" <<CONF
ServerRoot $work/apache
ServerName shop.example
PidFile a.pid
Listen 127.0.0.1:18202
LoadModule mpm_event_module $mods/mod_mpm_event.so
LoadModule authz_core_module $mods/mod_authz_core.so
LoadModule dir_module $mods/mod_dir.so
DocumentRoot $work/apache/www
LogLevel info
ErrorLog error.log
LogFormat "%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\"" combined
CustomLog access.log combined
<Directory $work/apache/www>
  Require all granted
</Directory>
CONF
  apache2 -f "$work/apache/a.conf" -k start && web 18202
  apache2 -f "$work/apache/a.conf" -k graceful; sleep 2
  apache2 -f "$work/apache/a.conf" -k stop; sleep 2
  keep "$work/apache/access.log" apache-access
  keep "$work/apache/error.log" apache-error
}
postgres_logs() {
  bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -1); [ -n "$bin" ] || { missing+=(postgres); return; }
  mkdir "$work/pg"; chown postgres "$work/pg"; chmod a+rx "$work"
  su postgres -c "$bin/initdb -D $work/pg/d" > "$work/pg-init.txt" 2>&1
  su postgres -c "$bin/pg_ctl -w -D $work/pg/d -l $work/pg/log -o '-p 18203 -k $work/pg -c log_connections=on -c log_disconnections=on -c log_checkpoints=on -c log_min_duration_statement=0 -c log_autovacuum_min_duration=0 -c checkpoint_timeout=30s -c log_lock_waits=on' start" >/dev/null
  su postgres -c "$bin/pgbench -q -h $work/pg -p 18203 -i postgres && $bin/pgbench -C -h $work/pg -p 18203 -c 2 -t 300 postgres" >/dev/null 2>&1
  su postgres -c "psql -h $work/pg -p 18203 -c 'DROP TABLE IF EXISTS nosuch; CREATE INDEX CONCURRENTLY ON pgbench_history(aid); VACUUM ANALYZE; CHECKPOINT'" postgres >/dev/null 2>&1
  for s in 'drop table if exists gone' 'vacuum analyze' 'checkpoint' 'select pg_reload_conf()'; do su postgres -c "psql -h $work/pg -p 18203 -c '$s' postgres" >/dev/null 2>&1; done
  su postgres -c "$bin/pg_ctl -w -m fast -D $work/pg/d stop" >/dev/null
  keep "$work/pg/log" postgresql
}
redis_logs() {
  has redis-server || return
  mkdir "$work/redis"
  (cd "$work/redis" && redis-server --port 18204 --save 1 10 --appendonly yes --loglevel verbose --logfile r.log --daemonize yes) >/dev/null
  sleep 1
  redis-benchmark -p 18204 -q -n 3000 -c 5 set get lpush >/dev/null 2>&1
  redis-cli -p 18204 BGSAVE >/dev/null; redis-cli -p 18204 BGREWRITEAOF >/dev/null; sleep 4
  redis-cli -p 18204 SHUTDOWN SAVE 2>/dev/null; sleep 1
  keep "$work/redis/r.log" redis
}
mosquitto_logs() {
  has mosquitto || return
  printf 'listener 18205 127.0.0.1\nallow_anonymous true\nlog_type all\n' > "$work/m.conf"
  mosquitto -c "$work/m.conf" > "$work/mosquitto.txt" 2>&1 & pid=$!
  sleep 1
  python3 "$here/mqtt_visitors.py" 18205
  kill -HUP $pid; sleep 1; kill -TERM $pid; wait $pid
  keep "$work/mosquitto.txt" mosquitto
}
mariadb_logs() {
  has mariadbd || return
  mkdir "$work/maria"; mariadb-install-db --user=root --datadir="$work/maria" --auth-root-authentication-method=normal > "$work/maria.txt" 2>&1
  mariadbd --no-defaults --user=root --datadir="$work/maria" --port=18206 --bind-address=127.0.0.1 --socket="$work/maria.sock" >> "$work/maria.txt" 2>&1 & pid=$!
  sleep 6
  mariadb --no-defaults -u root -S "$work/maria.sock" -e 'create database shop; create table shop.t(a int); insert into shop.t values (1); drop table if exists shop.none' 2>/dev/null
  kill -TERM $pid; wait $pid
  keep "$work/maria.txt" mariadb
}
haproxy_logs() {
  has haproxy || return
  printf 'global\n log stdout format raw local0 info\ndefaults\n mode http\n log global\n option httplog\n timeout connect 2s\n timeout client 5s\n timeout server 5s\nfrontend f\n bind 127.0.0.1:18207\n default_backend b\nbackend b\n server s1 127.0.0.1:18208\n' > "$work/h.cfg"
  python3 -m http.server 18208 --bind 127.0.0.1 --directory "$here" > "$work/http-server.txt" 2>&1 & back=$!
  haproxy -f "$work/h.cfg" > "$work/haproxy.txt" 2>&1 & pid=$!
  sleep 1; python3 "$here/visitors.py" 18207 600 simple
  kill -USR1 $pid; wait $pid; kill $back
  keep "$work/haproxy.txt" haproxy
  keep "$work/http-server.txt" python-http-server
}
sshd_logs() {
  has /usr/sbin/sshd || return
  mkdir -p /run/sshd "$work/ssh"; ssh-keygen -q -t ed25519 -N '' -f "$work/ssh/host"; ssh-keygen -q -t ed25519 -N '' -f "$work/ssh/me"
  cp "$work/ssh/me.pub" "$work/ssh/keys"; chmod 755 "$work" "$work/ssh"
  /usr/sbin/sshd -D -e -p 18209 -h "$work/ssh/host" -o "AuthorizedKeysFile=$work/ssh/keys" -o StrictModes=no -o LogLevel=VERBOSE -o UsePAM=no -o PermitRootLogin=yes > "$work/sshd.txt" 2>&1 & pid=$!
  sleep 1
  for i in $(seq 25); do ssh -q -p 18209 -i "$work/ssh/me" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null root@127.0.0.1 true; done
  for who in admin oracle; do ssh -q -p 18209 -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null $who@127.0.0.1 true; done
  timeout 1 bash -c "echo > /dev/tcp/127.0.0.1/18209"
  kill $pid; wait $pid
  keep "$work/sshd.txt" sshd
}
syslog_logs() { # what a boot and an hour leave in syslog, as far as a container has it
  has rsyslogd || return
  printf 'module(load="imuxsock" SysSock.Name="%s/devlog")\n*.* %s/syslog\n' "$work" "$work" > "$work/rs.conf"
  rsyslogd -n -f "$work/rs.conf" -i "$work/rs.pid" & pid=$!
  sleep 1
  for tag in CRON systemd kernel dhclient NetworkManager postfix/smtpd dockerd; do
    [ -f "$here/said/${tag//\//-}.txt" ] && while IFS= read -r line; do logger -u "$work/devlog" -t "$tag[$((RANDOM % 9000 + 300))]" -- "$line"; done < "$here/said/${tag//\//-}.txt"
  done
  sleep 1; kill $pid; wait $pid
  keep "$work/syslog" syslog
}
machine_logs() {
  [ -s /var/log/dpkg.log ] && tail -n 6000 /var/log/dpkg.log > "$work/dpkg.txt" && keep "$work/dpkg.txt" dpkg
  [ -s /var/log/apt/term.log ] && tail -n 4000 /var/log/apt/term.log > "$work/apt.txt" && keep "$work/apt.txt" apt-term
}
python_logs() {
  python3 -m venv "$work/venv"
  "$work/venv/bin/pip" install -v django flask 'uvicorn' gunicorn fastapi celery redis pytest requests sqlalchemy > "$work/pip.txt" 2>&1
  keep "$work/pip.txt" pip-install
  (cd "$work" && "$work/venv/bin/python" "$here/ordinary_app.py" > "$work/app.txt" 2>&1); keep "$work/app.txt" python-app
  (cd "$work" && "$work/venv/bin/uvicorn" --app-dir "$here" ordinary_asgi:app --port 18210 > "$work/uvicorn.txt" 2>&1 & pid=$!; sleep 3; python3 "$here/visitors.py" 18210 500; kill -TERM $pid; wait $pid); keep "$work/uvicorn.txt" uvicorn
  (cd "$work" && "$work/venv/bin/gunicorn" --chdir "$here" -b 127.0.0.1:18211 --access-logfile - -w 2 ordinary_wsgi:app > "$work/gunicorn.txt" 2>&1 & pid=$!; sleep 3; python3 "$here/visitors.py" 18211 500; kill -HUP $pid; sleep 2; kill -TERM $pid; wait $pid); keep "$work/gunicorn.txt" gunicorn
  (cd "$work" && python3 -m unittest -v test.test_exceptions test.test_httplib test.test_socket test.test_urllib2 test.test_ssl > "$work/unittest.txt" 2>&1); keep "$work/unittest.txt" python-unittest
  (cd "$here" && "$work/venv/bin/python" -m pytest -v -p no:cacheprovider ordinary_tests.py > "$work/pytest.txt" 2>&1); keep "$work/pytest.txt" pytest
}
node_logs() {
  has npm || return
  mkdir "$work/node"; (cd "$work/node" && npm init -y >/dev/null && npm install --loglevel verbose express@4 request@2 webpack@5 jest@29 > "$work/npm.txt" 2>&1); keep "$work/npm.txt" npm-install
  node "$here/ordinary_app.js" > "$work/node-app.txt" 2>&1; keep "$work/node-app.txt" node-app
  (cd "$work/node" && cp "$here/ordinary.test.js" . && npx jest --verbose > "$work/jest.txt" 2>&1); keep "$work/jest.txt" jest
}
go_rust_java_logs() {
  has go && { go test -v errors strconv bufio encoding/json net/url path/filepath text/template > "$work/gotest.txt" 2>&1; keep "$work/gotest.txt" go-test; }
  has cargo && { mkdir "$work/rs"; (cd "$work/rs" && cargo init -q --name shop && cargo add -q anyhow thiserror serde --features serde/derive && CARGO_TERM_COLOR=never cargo build -v > "$work/cargo.txt" 2>&1; CARGO_TERM_COLOR=never cargo test -v >> "$work/cargo.txt" 2>&1); keep "$work/cargo.txt" cargo-build; }
  has java && { java -Xlog:gc*,class+load,safepoint --version > "$work/jvm.txt" 2>&1; keep "$work/jvm.txt" jvm-unified-log; }
  if [ -x /usr/share/tomcat10/bin/catalina.sh ]; then
    mkdir -p "$work/tc/conf" "$work/tc/logs" "$work/tc/webapps/ROOT" "$work/tc/temp" "$work/tc/work"; cp -r /etc/tomcat10/* "$work/tc/conf/"; sed -i 's/8080/18212/;s/8005/-1/' "$work/tc/conf/server.xml"; echo hi > "$work/tc/webapps/ROOT/index.html"
    CATALINA_HOME=/usr/share/tomcat10 CATALINA_BASE="$work/tc" /usr/share/tomcat10/bin/catalina.sh run > "$work/tomcat.txt" 2>&1 & pid=$!
    sleep 12; python3 "$here/visitors.py" 18212 300; kill -TERM $pid; wait $pid
    keep "$work/tomcat.txt" tomcat; cat "$work/tc/logs/"*access* > "$work/tc-access.txt" 2>/dev/null && keep "$work/tc-access.txt" tomcat-access
  else missing+=(tomcat10); fi
}
green_logs() { # green builds and tests of small programs, whose names and tests speak of errors
  green="$work/green"; mkdir -p "$green"
  has go && { mkdir -p "$green/go/cart"
    printf 'module example.org/shop\n\ngo 1.19\n' > "$green/go/go.mod"
    printf 'package cart\n\nfunc Total(prices []int) (sum int) {\n\tfor _, p := range prices {\n\t\tsum += p\n\t}\n\treturn\n}\n' > "$green/go/cart/cart.go"
    printf 'package cart\n\nimport "testing"\n\nfunc TestTotal(t *testing.T) {\n\tif Total([]int{1, 2}) != 3 {\n\t\tt.Fatal("wrong")\n\t}\n}\nfunc TestRecoversFromPanic(t *testing.T) {\n\tdefer func() { t.Log("recovered, as expected:", recover()) }()\n\tvar m map[string]int\n\tm["a"] = 1\n}\nfunc TestTimeoutError(t *testing.T) { t.Skip("slow") }\n' > "$green/go/cart/cart_test.go"
    (cd "$green/go" && echo "Run go vet ./..." && go vet ./... && echo "Run go test -v ./..." && go test -v ./...) > "$green/go.txt" 2>&1; keep "$green/go.txt" green-go; }
  has make && { mkdir "$green/c"
    printf 'CFLAGS = -O2 -Wall -Wextra\nall: shop\nshop: main.o cart.o\n\t$(CC) -o $@ $^\ntest: shop\n\t./shop 1 2 && echo "PASS: cart"\nclean:\n\trm -f *.o shop\n' > "$green/c/Makefile"
    printf '#include <stdio.h>\n#include <stdlib.h>\nint total(int, int);\nstatic int unused_error_handler(void) { return 1; }\nint main(int c, char **v) { printf("total %%d\\n", total(atoi(v[1]), atoi(v[c - 1]))); return 0; }\n' > "$green/c/main.c"
    printf 'int total(int a, int b) { return a + b; }\n' > "$green/c/cart.c"
    (make -C "$green/c" clean; make -C "$green/c" test) > "$green/make.txt" 2>&1; keep "$green/make.txt" green-make; }
  has cargo && { mkdir -p "$green/rust/src"
    printf '[package]\nname = "cart"\nversion = "0.1.0"\nedition = "2021"\n' > "$green/rust/Cargo.toml"
    printf '/// Sums up.\n/// ```\n/// assert_eq!(cart::total(&[1, 2]), 3);\n/// ```\npub fn total(prices: &[u32]) -> u32 {\n    prices.iter().sum()\n}\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn sums() {\n        assert_eq!(super::total(&[1, 2]), 3);\n    }\n    #[test]\n    #[should_panic(expected = "no prices")]\n    fn panics_without_prices() {\n        panic!("no prices");\n    }\n    #[test]\n    #[ignore = "slow"]\n    fn error_timeout() {}\n}\n' > "$green/rust/src/lib.rs"
    (cd "$green/rust" && CARGO_TERM_COLOR=never cargo test) > "$green/rust.txt" 2>&1; keep "$green/rust.txt" green-cargo; }
  has ruby && { printf 'require "minitest/autorun"\nclass CartTest < Minitest::Test\n  def test_total; assert_equal 3, [1, 2].sum; end\n  def test_error_is_raised; assert_raises(ZeroDivisionError) { 1 / 0 }; end\n  def test_slow; skip "slow"; end\nend\n' > "$green/cart_test.rb"
    ruby "$green/cart_test.rb" -v > "$green/ruby.txt" 2>&1; keep "$green/ruby.txt" green-minitest; }
  has php && { echo hi > "$green/index.html"
    php -S 127.0.0.1:18213 -t "$green" > "$green/php.txt" 2>&1 & pid=$!
    sleep 2; for page in / /index.html /nosuch; do curl -s -o /dev/null "http://127.0.0.1:18213$page"; done; kill $pid; wait $pid
    keep "$green/php.txt" php-server; }
}
ci_logs() { # a green job, with the stamps of a CI system before what the programs above printed
  for kind in pip npm cargo pytest jest gotest; do
    [ -s "$work/$kind.txt" ] && python3 "$here/ci_stamps.py" < "$work/$kind.txt" > "$work/ci-$kind.txt"
  done
  cat "$work"/ci-*.txt > "$work/ci.txt"; keep "$work/ci.txt" ci-green
}
daemon() { # NAME SECONDS COMMAND...: runs it, and keeps what it prints; what stands in $tell is done to it meanwhile
  (cd "$work" && exec "${@:3}" > "$work/$1.txt" 2>&1) & local pid=$!
  sleep 4; eval "${tell:-}" > /dev/null 2>&1; sleep "$2"; kill "$pid"; wait "$pid" 2>/dev/null
  keep "$work/$1.txt" "$1"
}
daemons_logs() { # servers that start, serve, are asked for what they do not have, and stop
  if has nats-server; then tell='python3 -c "
import socket
for i in range(40):
    s = socket.create_connection((\"127.0.0.1\", 18231)); s.recv(4096); s.sendall(b\"CONNECT {\\\"verbose\\\":false}\r\nPUB orders 2\r\nok\r\nPING\r\n\"); s.recv(64); s.close()"' daemon nats 4 nats-server -DV -a 127.0.0.1 -p 18231; fi
  if has etcd; then tell='for i in $(seq 30); do ETCDCTL_API=3 etcdctl --endpoints http://127.0.0.1:18232 put order$i paid; ETCDCTL_API=3 etcdctl --endpoints http://127.0.0.1:18232 get nosuch; done; ETCDCTL_API=3 etcdctl --endpoints http://127.0.0.1:18232 compact 5; ETCDCTL_API=3 etcdctl --endpoints http://127.0.0.1:18232 user get nosuch' daemon etcd 4 etcd --data-dir "$work/etcd" --listen-client-urls http://127.0.0.1:18232 --advertise-client-urls http://127.0.0.1:18232 --listen-peer-urls http://127.0.0.1:18233 --logger zap; fi
  if has prometheus; then
    printf 'global: {scrape_interval: 2s}\nscrape_configs:\n- job_name: self\n  static_configs: [{targets: ["127.0.0.1:18234"]}]\n' > "$work/prometheus.yml"
    tell='curl -s "http://127.0.0.1:18234/api/v1/query?query=nosuch("; curl -s -XPOST http://127.0.0.1:18234/-/reload; sleep 4; curl -s http://127.0.0.1:18234/nosuch' daemon prometheus 6 prometheus --config.file "$work/prometheus.yml" --storage.tsdb.path "$work/prometheus" --web.listen-address 127.0.0.1:18234 --web.enable-lifecycle --log.level debug
  fi
  if has named; then
    mkdir -p "$work/named"; chmod 777 "$work/named"
    printf 'options { directory "%s/named"; listen-on port 18235 { 127.0.0.1; }; listen-on-v6 { none; }; recursion no; pid-file none; session-keyfile none; };\ncontrols { };\nzone "shop.example" { type primary; file "zone"; };\n' "$work" > "$work/named.conf"
    printf '$TTL 60\n@ SOA ns a. 1 60 60 60 60\n NS ns\nns A 127.0.0.1\nwww A 127.0.0.1\n' > "$work/named/zone"
    tell='for n in www.shop.example nosuch.shop.example example.org; do dig -p 18235 @127.0.0.1 $n; done; dig -p 18235 @127.0.0.1 shop.example axfr' daemon named 3 named -g -4 -c "$work/named.conf"
  fi
  if has lighttpd; then
    mkdir -p "$work/lighttpd"; echo hello > "$work/lighttpd/index.html"
    printf 'server.document-root = "%s/lighttpd"\nserver.port = 18236\nserver.bind = "127.0.0.1"\nserver.modules += ( "mod_accesslog" )\naccesslog.filename = "/dev/stderr"\nindex-file.names = ( "index.html" )\n' "$work" > "$work/lighttpd.conf"
    tell='python3 "$here/visitors.py" 18236 300' daemon lighttpd 2 lighttpd -D -f "$work/lighttpd.conf"
  fi
  if has squid; then
    mkdir -p "$work/squid"; chmod 777 "$work/squid"
    printf 'http_port 127.0.0.1:18237\nacl near dst 127.0.0.1\nhttp_access allow near\nhttp_access deny all\ncache_log %s/squid/cache.log\naccess_log stdio:%s/squid/access.log\npid_filename none\ncoredump_dir %s/squid\nshutdown_lifetime 1 second\n' "$work" "$work" "$work" > "$work/squid.conf"
    tell='python3 -m http.server 18238 --bind 127.0.0.1 --directory "$work/lighttpd" & h=$!; sleep 1; for p in index.html nosuch index.html; do curl -s -x 127.0.0.1:18237 http://127.0.0.1:18238/$p; done; curl -s -x 127.0.0.1:18237 http://192.0.2.1/; kill $h' daemon squid 4 squid -N -f "$work/squid.conf"; cat "$work/squid/cache.log" "$work/squid/access.log" > "$work/squid.txt"; keep "$work/squid.txt" squid
  fi
  if has dnsmasq; then tell='for n in www.shop.example nosuch.example; do dig -p 18241 @127.0.0.1 $n; done' daemon dnsmasq 2 dnsmasq -k -p 18241 --log-facility=- --log-queries --no-resolv --no-hosts --pid-file --address=/shop.example/192.0.2.7; fi
  if has memcached; then tell='for i in 1 2 3; do printf "set a 0 60 1\r\nb\r\nget nosuch\r\nbad command\r\nquit\r\n" | nc -q1 127.0.0.1 18242; done' daemon memcached 1 memcached -vv -u nobody -l 127.0.0.1 -p 18242; fi
  if [ -x "${ENVOY:-}" ]; then
    printf 'static_resources:\n  clusters:\n  - name: shop\n    connect_timeout: 1s\n    load_assignment: {cluster_name: shop, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 18236}}}}]}]}\n' > "$work/envoy.yaml"
    daemon envoy 3 "$ENVOY" -c "$work/envoy.yaml" --concurrency 1
  fi
  if has rabbitmq-server; then
    mkdir -p "$work/rabbit"; chmod 777 "$work/rabbit"
    tell='sleep 12; python3 -c "
import socket
s = socket.create_connection((\"127.0.0.1\", 18239)); s.close()
s = socket.create_connection((\"127.0.0.1\", 18239)); s.sendall(b\"GET / HTTP/1.1\r\n\r\n\"); s.recv(64); s.close()"' daemon rabbitmq 3 env RABBITMQ_NODE_PORT=18239 RABBITMQ_DIST_PORT=18240 RABBITMQ_NODENAME=lab@localhost RABBITMQ_MNESIA_BASE="$work/rabbit" RABBITMQ_LOGS=- RABBITMQ_ENABLED_PLUGINS_FILE="$work/rabbit/plugins" HOME="$work/rabbit" /usr/lib/rabbitmq/bin/rabbitmq-server
  fi
}
dockerd_logs() { # a daemon in namespaces of its own, whose containers do their work and end
  [ "$(id -u)" = 0 ] && has dockerd && has docker && has busybox || return
  cat > "$work/dockerd.sh" <<'INSIDE'
mount -t tmpfs tmpfs /run && ip link set lo up && cd "$work" && mkdir -p root/bin && cp "$(command -v busybox)" root/bin/busybox && ln -s busybox root/bin/true
export DOCKER_HOST=unix:///run/docker.sock
dockerd --data-root "$work/docker" --exec-root /run/docker --pidfile /run/docker.pid --storage-driver vfs > "$work/dockerd.txt" 2>&1 & daemon=$!
for _ in $(seq 20); do docker info && break; sleep 1; done
tar -C root -c . | docker import - shop:1
for _ in 1 2 3 4; do docker run --rm --network none shop:1 /bin/true; done
kill $daemon; sleep 2
INSIDE
  work=$work timeout -k 1 90 unshare -m -n -p -f -u --kill-child --mount-proc bash "$work/dockerd.sh" > /dev/null 2>&1
  keep "$work/dockerd.txt" dockerd
}
for part in ${PARTS:-machine nginx apache postgres redis mosquitto mariadb haproxy sshd syslog python node go_rust_java green ci daemons dockerd}; do "${part}_logs"; done
zstd -dqc "$out"/*.zst | wc -c
[ ${#missing[@]} -eq 0 ] || echo "left out, not installed: ${missing[*]}" >&2
rm -rf "$work"
