#!/bin/bash
# Scene bcrypt-deploy: sets up, runs, breaks, repairs and collects. Needs a Debian 12 and root, about 6 minutes.
# Everything runs in its own mount, network, pid and host-name namespaces, so it leaves nothing behind
# except the installed packages and ../logs. Written and run with: nginx 1.22.1-9+deb12u11,
# supervisor 4.2.5-1, python3 3.11.2, and the wheels pinned in requirements.txt and deploy/*.txt.
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
    cp -r "$HERE/app" "$HERE/www" "$HERE/deploy" /srv/shop/
    mkdir -p /srv/shop/data && chown www-data: /srv/shop/data
    /usr/bin/python3 -m venv /opt/shop/venv
    for r in /srv/shop/deploy/requirements-*.txt; do
        /opt/shop/venv/bin/pip -q download --only-binary :all: -d /opt/shop/wheels -r "$r"
    done
    env -i PATH="$PATH" /opt/shop/venv/bin/pip -q install --no-index --find-links /opt/shop/wheels \
        -r /srv/shop/deploy/requirements-1.8.0.txt
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
ip addr add 10.20.0.9/32 dev lo                                                # mail gateway
rm -f /etc/supervisor/conf.d/*
cp "$HERE/etc/nginx.conf" /etc/nginx/nginx.conf
cp "$HERE/etc/supervisord.conf" /etc/supervisor/supervisord.conf
cp "$HERE/etc/shop.conf" /etc/supervisor/conf.d/shop.conf
cd /

step() { echo "$(date -u +%FT%TZ) $*" | tee -a /tmp/steps.txt; }
step "start supervisord and nginx"
python3 "$HERE/mailgw.py" & 
supervisord -c /etc/supervisor/supervisord.conf
# started at level warn and then reloaded at notice: the start-up notices name this machine's kernel
sed -i 's/error.log notice/error.log warn/' /etc/nginx/nginx.conf; nginx; sleep 1
cp "$HERE/etc/nginx.conf" /etc/nginx/nginx.conf; nginx -s reload
sleep 4
step "traffic begins"
python3 "$HERE/traffic.py" & 
sleep 80
step "deploy 1.8.1 begins (bcrypt 4.0.1 -> 5.0.0)"
bash /srv/shop/deploy/deploy.sh 1.8.1 >> /var/log/shop/deploy.log 2>&1 || true
step "deploy script ended"
sleep 55
step "on-call tries: supervisorctl start api"
supervisorctl start api || true
sleep 25
step "roll back to 1.8.0 (bcrypt 4.0.1)"
bash /srv/shop/deploy/deploy.sh 1.8.0 >> /var/log/shop/deploy.log 2>&1 || true
step "roll-back ended"
sleep 45
step "end"
rm -rf "$OUT"; mkdir -p "$OUT"; cp -r /var/log/nginx /var/log/supervisor /var/log/shop "$OUT/"
cp /tmp/steps.txt "$HERE/steps.txt"
