#!/usr/bin/env bash
# Makes captures for the pages of docker/ that need a daemon again: tests/lab/docker_daemon.sh FOLDER. Needs root, dockerd,
# containerd, busybox (static) and unshare. The daemon has a network, a /run and folders of its own, and no way out.
here=$(cd "$(dirname "$0")" && pwd)
source "$here/common.sh"
need dockerd docker busybox unshare ip
[ "$(id -u)" = 0 ] || { echo "left out, needs root" >&2; exit 0; }
cat > registry.py <<'PY'
import http.server, json
class Hub(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        limited = "limited" in self.path
        code = 200 if self.path == "/v2/" else 429 if limited else 404
        text = {"errors": [{"code": "TOOMANYREQUESTS", "message": "You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: https://www.docker.com/increase-rate-limit"}
                           if limited else {"code": "MANIFEST_UNKNOWN", "message": "manifest unknown", "detail": {"Tag": "nosuch"}}]}
        self.send_response(code)
        self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(text if code != 200 else {}).encode())
    do_HEAD = do_GET
http.server.HTTPServer(("127.0.0.1", 5000), Hub).serve_forever()
PY
cat > inside.sh <<'INSIDE'
mount -t tmpfs tmpfs /run || exit 1
ip link set lo up
hostname web-01
mkdir -p root/bin root/tmp && cp "$(command -v busybox)" root/bin/busybox && for a in sh sleep false true cat dd; do ln -sf busybox root/bin/$a; done
export DOCKER_HOST=unix:///run/docker.sock
dockerd --data-root "$work/data" --exec-root /run/docker --pidfile /run/docker.pid --storage-driver vfs --iptables=${IPTABLES:-true} --ip6tables=false --insecure-registry 127.0.0.1:5000 > dockerd.log 2>&1 & daemon=$!
python3 registry.py > /dev/null 2>&1 & registry=$!
for _ in $(seq 20); do docker info > /dev/null 2>&1 && break; sleep 1; done
tar -C root -c . | docker import -c 'CMD ["sleep","60"]' - shop:1 > /dev/null
save() { "${@:2}" > "said/$1" 2>&1; }
mkdir said
docker run -d --name one -p 127.0.0.1:8099:80 shop:1 > said/first 2>&1
save docker-port-allocated@allocated docker run -d --name two -p 127.0.0.1:8099:80 shop:1
python3 -c "
import socket, time
s = socket.socket(); s.bind(('127.0.0.1', 8098)); s.listen(1); time.sleep(60)" & holder=$!
sleep 1
save docker-port-allocated@in-use docker run -d --name three -p 127.0.0.1:8098:80 shop:1
save docker-pull-rate-limit@pull docker pull 127.0.0.1:5000/library/limited:1
save docker-image-not-found@tag docker pull 127.0.0.1:5000/library/shop:nosuch
save docker-entrypoint-missing@run docker run --rm shop:1 /srv/app/start.sh
printf '#!/bin/sh' > root/bin/broken; chmod +x root/bin/broken; printf '\177ELF no' > root/bin/wrong; chmod +x root/bin/wrong
tar -C root -c . | docker import - shop:2 > /dev/null
save docker-exec-format-error@run docker run --rm --network none shop:2 /bin/wrong
save k8s-oomkilled@events true
save docker-no-space@run docker run --rm --network none --tmpfs /tmp:size=1m shop:1 dd if=/dev/zero of=/tmp/x bs=1M count=4
timeout 8 docker events --since 1m > said/events 2>&1
docker run -d --network none --name oom -m 8m shop:1 sh -c 'x=a; while true; do x=$x$x; done' > /dev/null 2>&1; sleep 4
docker inspect oom --format '{{json .State}}' > said/oom-state 2>&1
kill "$holder" "$registry"; docker kill one > /dev/null 2>&1; docker rm -f one two three oom > /dev/null 2>&1
kill "$daemon"; sleep 3
INSIDE
export work
timeout -k 1 120 unshare -m -n -p -f -u --kill-child --mount-proc bash inside.sh > inside.log 2>&1
for text in said/*; do keep "$(basename "$text")" < "$text"; done
keep docker-daemon-log < dockerd.log; keep docker-inside-log < inside.log
