#!/bin/bash
# Scene port-taken: sets up, runs, breaks, repairs and collects. Needs a Debian 12 and root, about 6 minutes.
# Everything runs in its own mount, network, pid and host-name namespaces, so it leaves nothing behind
# except the installed packages and ../logs. Written and run with: nginx 1.22.1-9+deb12u11,
# supervisor 4.2.5-1, python3 3.11.2, and the wheels pinned in deploy/requirements.txt.
set -eu
HERE=$(cd "$(dirname "$0")" && pwd)
OUT=$HERE/../logs
export PATH=/usr/sbin:/usr/bin:/sbin:/bin TZ=UTC LC_ALL=C.UTF-8

case "${1:-packages}" in
packages)
    DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y --no-install-recommends \
        nginx-light supervisor python3-venv iproute2 procps >/dev/null
    mkdir -p /srv/shop /opt/shop
    exec unshare --mount "$0" build ;;

build)      # private /etc, /srv/shop, /opt/shop; still has the network
    mount --make-rprivate /
    mount -t tmpfs -o mode=755 tmpfs /srv/shop
    mount -t tmpfs -o mode=755 tmpfs /opt/shop
    mkdir /srv/shop/.etc && cp -a /etc/. /srv/shop/.etc/ && mount --bind /srv/shop/.etc /etc
    cp -r "$HERE/www" "$HERE/deploy" /srv/shop/
    mkdir -p /srv/shop/releases/2.3.0 /srv/shop/releases/2.4.0
    cp "$HERE"/app/shop.py /srv/shop/releases/2.3.0/; echo 2.3.0 > /srv/shop/releases/2.3.0/VERSION
    # release 2.4.0 is 2.3.0 plus the coupon list
    cat "$HERE"/app/shop.py "$HERE"/app/coupons.py.part > /srv/shop/releases/2.4.0/shop.py; echo 2.4.0 > /srv/shop/releases/2.4.0/VERSION
    cp -r "$HERE"/app/stock /srv/shop/stock
    ln -s releases/2.3.0 /srv/shop/current
    /usr/bin/python3 -m venv /opt/shop/venv
    /opt/shop/venv/bin/pip -q install --only-binary :all: -r "$HERE/deploy/requirements.txt"
    exec env -i PATH="$PATH" TZ=UTC LC_ALL=C.UTF-8 \
        unshare --net --uts --mount --pid --fork --mount-proc --kill-child "$0" run ;;
esac

# ---- run: own network, host name and process numbers ---------------------------------------
hostname shop-web-1
for d in /var/log /run /tmp; do case $HERE in $d/*) ;; *) mount -t tmpfs -o mode=755 tmpfs $d ;; esac; done
chmod 1777 /tmp
mkdir -p /var/log/nginx /var/log/supervisor /var/log/shop
ip link set lo up
ip addr add 10.20.0.5/24 dev lo                       # the web server
for n in 11 18 24 37 52 66 81 93 104 140 187 201; do ip addr add 203.0.113.$n/32 dev lo; done   # customers
for n in 9 77 130; do ip addr add 198.51.100.$n/32 dev lo; done                # bots
ip addr add 10.20.0.40/32 dev lo; ip addr add 10.20.0.41/32 dev lo; ip addr add 192.0.2.10/32 dev lo

rm -f /etc/supervisor/conf.d/*
cp "$HERE/etc/nginx.conf" /etc/nginx/nginx.conf
cp "$HERE/etc/supervisord.conf" /etc/supervisor/supervisord.conf
cp "$HERE/etc/shop.conf" /etc/supervisor/conf.d/shop.conf
cd /

step() { echo "$(date -u +%FT%TZ) $*" | tee -a /tmp/steps.txt; }
G="/opt/shop/venv/bin/gunicorn"
step "start supervisord and nginx (release 2.3.0)"
supervisord -c /etc/supervisor/supervisord.conf
# started at level warn and then reloaded at notice: the start-up notices name this machine's kernel
sed -i 's/error.log notice/error.log warn/' /etc/nginx/nginx.conf; nginx; sleep 1
cp "$HERE/etc/nginx.conf" /etc/nginx/nginx.conf; nginx -s reload
sleep 5
step "traffic begins"
python3 "$HERE/traffic.py" & 
sleep 40
step "by hand: supervisorctl stop shop; nohup gunicorn --log-level debug (the copy that will be forgotten)"
supervisorctl stop shop
cd /srv/shop/current
OLD=$(TZ=UTC nohup $G --bind 127.0.0.1:8000 --workers 2 --threads 4 --log-level debug --access-logfile - \
    shop:app > /var/log/shop/gunicorn-manual.log 2>&1 & echo $!)
cd /
step "old copy has process number $OLD"
sleep 65
step "deploy 2.4.0 begins"
bash /srv/shop/deploy/deploy.sh 2.4.0 >> /var/log/shop/deploy.log 2>&1 || true
step "deploy script ended"
sleep 30
step "on-call tries: supervisorctl start shop"
supervisorctl start shop || true
step "that attempt ended"
sleep 40
step "on-call finds the old copy and stops it: kill $OLD"
ss -ltn
kill $OLD
sleep 35
step "supervisorctl start shop"
supervisorctl start shop || true
step "started"
sleep 60
step "end"
rm -rf "$OUT"; mkdir -p "$OUT"; cp -r /var/log/nginx /var/log/supervisor /var/log/shop "$OUT/"
cp /tmp/steps.txt "$HERE/steps.txt"
