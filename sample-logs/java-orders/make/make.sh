#!/bin/bash
# Scene java-orders. Run as root on Debian 12 (bookworm):  ./make.sh
#   OpenJDK 17, logback 1.2.11, HikariCP 2.7.9, PostgreSQL JDBC 42.5.5, PostgreSQL 15, nginx 1.22.1: all from Debian.
# Every line in ../logs is printed by those programs and by the service itself.
set -eu
export TZ=UTC DEBIAN_FRONTEND=noninteractive
here=$(cd "$(dirname "$0")" && pwd); out=$here/../logs
J=/usr/lib/jvm/java-17-openjdk-amd64/bin; D=/usr/share/java
if ! [ -x $J/javac -a -x /usr/lib/postgresql/15/bin/postgres -a -e $D/HikariCP.jar -a -e $D/postgresql.jar -a -e $D/logback-classic.jar ] || ! which nginx curl >/dev/null; then
  apt-get update -qq; apt-get install -y -qq --no-install-recommends openjdk-17-jdk-headless postgresql-15 nginx-light curl python3 \
    liblogback-java libslf4j-java libhikaricp-java libpostgresql-jdbc-java
fi
CP=$D/logback-classic.jar:$D/logback-core.jar:$D/slf4j-api.jar:$D/HikariCP.jar:$D/postgresql.jar
B=/usr/lib/postgresql/15/bin; DATA=/var/lib/postgresql/15/orders-java; L=/var/log/orders-java; S=/srv/orders-java
rm -rf $DATA $L $S; mkdir -p $L $S/run $S/classes /var/lib/postgresql/15
cp "$here"/{logback.xml,nginx.conf,plan.json,traffic.py} $S/
$J/javac --release 17 -cp $CP -d $S/classes $(find "$here/src" -name '*.java')
chown -R postgres $S/run $L /var/lib/postgresql/15; cd $S
as="setpriv --reuid=postgres --regid=postgres --clear-groups env HOME=/var/lib/postgresql"
sql() { $as psql -q -h $S/run -p 21532 "$@"; }
$as $B/initdb -D $DATA -E UTF8 --locale=C.UTF-8 -A trust >/dev/null
cat >> $DATA/postgresql.conf <<X
listen_addresses = '127.0.0.1'
port = 21532
unix_socket_directories = '$S/run'
log_line_prefix = '%m [%p] %q%u@%d '
timezone = 'UTC'
log_timezone = 'UTC'
X
start_pg() { $as $B/postgres -D $DATA 2>>$L/postgresql.log & PG=$!; until sql -d postgres -c 'select 1' >/dev/null 2>&1; do sleep .2; done; }
JV=
start_java() { # release cache-limit
  RELEASE=$1 INVOICE_CACHE_MAX=$2 $J/java -Xmx48m -XX:+UseG1GC -Xlog:gc:file=$L/gc-$1.log:time,level,tags \
    -Dlogback.configurationFile=$S/logback.xml -cp $S/classes:$CP org.example.orders.Main >>$L/orders.log 2>&1 & JV=$!
  until curl -fs -o /dev/null http://127.0.0.1:21501/health; do sleep .3; done
}
trap 'touch $S/stop; kill -TERM $JV $NG $PG 2>/dev/null || true' EXIT
start_pg
sql -d postgres -c "create role orders login" -c "create database orders owner orders"
sql -U orders -d orders -c "create table orders (id serial primary key, ref text, sku text, qty int)" \
  -c "insert into orders (ref, sku, qty) select 'SEED-'||g, 'SKU-'||(g%90), 1+g%3 from generate_series(1,400) g"
start_java 3.8.1 0
nginx -c $S/nginx.conf -g 'daemon off;' & NG=$!
sleep 1
/usr/bin/python3 traffic.py http://127.0.0.1:21580 2.6 plan.json $S/stop & TR=$!
sleep 40
kill -INT $PG; wait $PG || true; sleep 5; start_pg        # noise: a planned restart of the database
sleep 130                                                 # the cache grows until the heap is full
kill -TERM $JV; sleep 4; kill -9 $JV 2>/dev/null || true; wait $JV || true
start_java 3.8.2 40                                       # REPAIR: the release with a limit
sleep 45
touch $S/stop; wait $TR || true
kill -QUIT $NG; kill -TERM $JV; wait $JV || true; kill -INT $PG; wait $PG || true
trap - EXIT
mkdir -p "$out"; rm -f "$out"/*; cp $L/* "$out"/; ls -l "$out"
