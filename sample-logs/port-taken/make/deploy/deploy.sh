#!/bin/bash
# deploy.sh VERSION - switch the release and restart
say() { echo "$(date -u +%FT%TZ) deploy[$$]: $*"; }
say "release $1 on $(hostname): switching /srv/shop/current from $(readlink /srv/shop/current)"
ln -sfn "releases/$1" /srv/shop/current
say "supervisorctl restart shop"
supervisorctl -c /etc/supervisor/supervisord.conf restart shop
say "supervisorctl ended with status $?"
supervisorctl -c /etc/supervisor/supervisord.conf status
say "health check: $(python3 -c 'import urllib.request as u; print(u.urlopen("http://10.20.0.5/healthz").read().decode().strip())')"
say "release $1 done"
