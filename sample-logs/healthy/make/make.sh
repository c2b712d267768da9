#!/bin/bash
# Scene healthy: nothing breaks here. Sets up ten programs, runs them for some minutes and collects.
# Needs a Debian 12 and root, about 7 minutes. Own mount, network, pid and host-name namespaces.
# Written and run with: nginx 1.22.1-9+deb12u11, supervisor 4.2.5-1, redis 7.0.15-1~deb12u10,
# mosquitto 2.0.11-1.2+deb12u2, postgresql 15.20-0+deb12u1, rsyslog 8.2302.0-1+deb12u2, cron 3.0pl1-162,
# logrotate 3.21.0-1, node 20.20.2, python3 3.11.2; wheels and npm packages pinned in requirements.txt, package.json.
set -eu
HERE=$(cd "$(dirname "$0")" && pwd)
OUT=$HERE/../logs
export PATH=/usr/sbin:/usr/bin:/sbin:/bin TZ=UTC LC_ALL=C.UTF-8

case "${1:-packages}" in
packages)
    NODE=; command -v npm >/dev/null || NODE="nodejs npm"
    DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y --no-install-recommends nginx-light supervisor \
        python3-venv iproute2 procps redis-server mosquitto mosquitto-clients postgresql-15 rsyslog cron logrotate curl $NODE >/dev/null
    mkdir -p /srv/shop /opt/shop
    exec unshare --mount "$0" build ;;

build)      # private /etc, /srv/shop, /opt/shop; still has the network
    mount --make-rprivate /
    mount -t tmpfs -o mode=755 tmpfs /srv/shop
    mount -t tmpfs -o mode=755 tmpfs /opt/shop
    mkdir /srv/shop/.etc && cp -a /etc/. /srv/shop/.etc/ && mount --bind /srv/shop/.etc /etc
    cp -r "$HERE"/app/catalog "$HERE"/app/shop "$HERE"/app/*.py "$HERE/www" /srv/shop/
    cp -r "$HERE/app/notify" /opt/shop/notify
    (cd /opt/shop/notify && npm ci --no-audit --no-fund --loglevel=error)
    /usr/bin/python3 -m venv /opt/shop/venv
    /opt/shop/venv/bin/pip -q install --only-binary :all: -r "$HERE/requirements.txt"
    exec env -i PATH="$PATH" TZ=UTC LC_ALL=C.UTF-8 \
        unshare --net --uts --mount --pid --fork --mount-proc --kill-child "$0" run ;;
esac

# ---- run: own network, host name and process numbers ---------------------------------------
hostname shop-web-1
for d in /var/log /run /tmp /var/lib/postgresql /var/lib/redis /var/lib/mosquitto /var/spool/cron; do
    case $HERE in $d/*) ;; *) mount -t tmpfs -o mode=755 tmpfs $d ;; esac; done
chmod 1777 /tmp; mkdir -p /run/lock /run/postgresql /var/spool/cron/crontabs
mkdir -p /var/log/nginx /var/log/supervisor /var/log/shop /var/log/redis /var/log/mosquitto /var/log/postgresql
chown redis: /var/log/redis /var/lib/redis; chown mosquitto: /var/log/mosquitto /var/lib/mosquitto
chown postgres: /var/log/postgresql /var/lib/postgresql /run/postgresql
# a private /dev, so that /dev/log is ours
mkdir /run/dev; mount -t tmpfs -o mode=755 tmpfs /run/dev
for n in "null 1 3" "zero 1 5" "full 1 7" "random 1 8" "urandom 1 9" "tty 5 0"; do set -- $n; mknod -m 666 /run/dev/$1 c $2 $3; done
mkdir /run/dev/shm /run/dev/pts; mount -t tmpfs -o mode=1777 tmpfs /run/dev/shm; mount --rbind /dev/pts /run/dev/pts
ln -s /proc/self/fd /run/dev/fd; ln -s pts/ptmx /run/dev/ptmx
mount --rbind /run/dev /dev
ip link set lo up
ip addr add 10.20.0.5/24 dev lo                       # the web server
for n in 11 18 24 37 52 66 81 93 104 140 187 201; do ip addr add 203.0.113.$n/32 dev lo; done   # customers
for n in 9 77 130; do ip addr add 198.51.100.$n/32 dev lo; done                # bots
ip addr add 192.0.2.10/32 dev lo; ip addr add 10.20.0.9/32 dev lo
rm -f /etc/supervisor/conf.d/* /etc/cron.d/* /etc/cron.*ly/*
cp "$HERE/etc/nginx.conf" /etc/nginx/nginx.conf
cp "$HERE/etc/supervisord.conf" /etc/supervisor/supervisord.conf
cp "$HERE/etc/shop.conf" /etc/supervisor/conf.d/shop.conf
cp "$HERE/etc/rsyslog.conf" /etc/rsyslog.conf
cp "$HERE/etc/crontab" /etc/crontab; chown root: /etc/crontab; chmod 644 /etc/crontab
cp "$HERE/etc/logrotate.conf" /etc/logrotate.shop; chown root: /etc/logrotate.shop; chmod 644 /etc/logrotate.shop
cp "$HERE/etc/redis.conf" /etc/redis/shop.conf; cp "$HERE/etc/mosquitto.conf" /etc/mosquitto/shop.conf
PG=/usr/lib/postgresql/15/bin
pg() { runuser -u postgres -- "$@"; }
cd /
pg $PG/initdb -A trust -D /var/lib/postgresql/15/main >/dev/null
cat "$HERE/etc/postgresql.conf" >> /var/lib/postgresql/15/main/postgresql.conf

step() { echo "$(date -u +%FT%TZ) $*" | tee -a /tmp/steps.txt; }
step "start rsyslog, cron, PostgreSQL, redis, mosquitto, supervisord, nginx"
rsyslogd
cron
pg $PG/pg_ctl -s -w -D /var/lib/postgresql/15/main -l /var/log/postgresql/postgresql-15-main.log start
pg psql -q -h /run/postgresql <<'SQL'
create role shop login; create role crash_reporter login; create database shop owner shop;
\c shop
create table product(id int primary key, name text, stock int);
insert into product select i, (array['Mug','Panic button mug','Fatal attraction mug','Error 404 mug'])[1+i%4] || ' no. ' || i, i*7%40 from generate_series(1,60) i;
create table visit(id bigserial primary key, product int, at timestamptz, filler text);
grant select on product to crash_reporter; grant all on all tables in schema public to shop; grant all on all sequences in schema public to shop;
SQL
runuser -u redis -- redis-server /etc/redis/shop.conf
mosquitto -d -c /etc/mosquitto/shop.conf
python3 /srv/shop/partner.py & 
supervisord -c /etc/supervisor/supervisord.conf
sleep 6
# started at level warn and then reloaded at notice: the start-up notices name this machine's kernel
sed -i 's/error.log notice/error.log warn/' /etc/nginx/nginx.conf; nginx; sleep 1
cp "$HERE/etc/nginx.conf" /etc/nginx/nginx.conf; nginx -s reload
step "traffic begins"
python3 "$HERE/traffic.py" & 
sleep 45
step "on request: supervisorctl start mailer; a new account named killer"
supervisorctl start mailer
useradd -M -d /tmp -s /bin/sh killer
su - killer -c "logger -t deploy 'dry run: 0 errors'"
sleep 30
step "nginx -s reload, gunicorn HUP"
nginx -s reload
supervisorctl signal HUP shop
sleep 40
step "on request: supervisorctl restart celery-beat notify"
supervisorctl restart celery-beat notify
sleep 35
step "logrotate of access.log"
logrotate -f -s /tmp/logrotate.status /etc/logrotate.shop
sleep 20
step "on request: supervisorctl stop mailer"
supervisorctl stop mailer
pg psql -q -h /run/postgresql shop -c "vacuum analyze visit"
sleep 45
step "end"
rm -rf "$OUT"; mkdir -p "$OUT"
cp -r /var/log/nginx /var/log/supervisor /var/log/shop /var/log/redis /var/log/mosquitto /var/log/postgresql /var/log/syslog /var/log/auth.log "$OUT/"
chmod -R a+rX "$OUT"; chown -R root: "$OUT"
cp /tmp/steps.txt "$HERE/steps.txt"
