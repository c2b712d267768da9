#!/bin/bash
# deploy.sh VERSION - install the pinned requirements and restart the services
V=$1
say() { echo "$(date -u +%FT%TZ) deploy: $*"; }
say "release $V on $(hostname) starts"
/opt/shop/venv/bin/pip install --no-color --progress-bar off --disable-pip-version-check --root-user-action=ignore \
    --no-index --find-links /opt/shop/wheels -r /srv/shop/deploy/requirements-$V.txt || exit 1
echo "$V" > /srv/shop/VERSION
say "pip finished, restarting"
supervisorctl -c /etc/supervisor/supervisord.conf restart api admin worker
say "supervisorctl ended with status $?"
supervisorctl -c /etc/supervisor/supervisord.conf status
nginx -s reload
say "release $V done"
