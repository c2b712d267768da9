"""Makes a fault scene with real programs: make.py SCENE...   (root, Debian 12)

Needs from Debian: nginx-light haproxy rsyslog apache2 postgresql-15 pgbouncer mariadb-server redis-server
rabbitmq-server mosquitto supervisor openssl iproute2; and Python packages in /srv/scenes/venv:
flask gunicorn fastapi uvicorn psycopg[binary,pool] pymysql redis requests pika paho-mqtt. Node 20.
Everything listens on loopback (or in a network of its own). The logs go to ../SCENE.

Each function is a scene; its text says what was broken, and where the logs show that. The clients and the shop are
noisy on purpose: bots (404), a recommender that is never there (handled), warnings with a traceback (handled).
"""
import json, os, pathlib, shutil, signal, subprocess, sys, time

from kit import HERE, HOME, PLAN, PY, Scene

HEALTHY, BROKEN, AFTER = 40, 30, 12


def disk_full():
    """haproxy, gunicorn, PostgreSQL on a small file system. Somebody's export fills it: PostgreSQL cannot extend its files."""
    s = Scene("haproxy-disk-full", 30000)
    s.postgres(tmpfs="120m")
    s.gunicorn([("STORE", s.store), ("PAD", "7000")])
    s.haproxy(s.port + 1)
    s.traffic()
    time.sleep(HEALTHY)
    with open(s.root / "pgdata/export.csv", "wb") as export:
        try:
            while True:
                export.write(b"0" * 65536)
                export.flush()
        except OSError:
            pass
    time.sleep(BROKEN)
    os.remove(s.root / "pgdata/export.csv")
    time.sleep(AFTER)
    s.end()


def pooler_exhausted():
    """nginx, gunicorn, pgbouncer with 4 server connections. A report holds them all in open transactions."""
    s = Scene("pooler-exhausted", 30200)
    s.postgres()
    s.write("userlist.txt", '"shop" "shop-pw"\n')
    s.write("pgbouncer.ini", f"""[databases]
shop = host=127.0.0.1 port={s.port + 32} dbname=shop
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {s.port + 43}
auth_type = plain
auth_file = {s.root}/userlist.txt
pool_mode = transaction
default_pool_size = 4
query_wait_timeout = 3
logfile = {s.logs}/pgbouncer.log
stats_period = 20
""")
    s.start(["pgbouncer", "-q", "pgbouncer.ini"], user="postgres")
    s.wait(s.port + 43)
    pooled = f"postgresql://shop:shop-pw@127.0.0.1:{s.port + 43}/shop"
    s.gunicorn([("STORE", pooled)])
    s.nginx(s.port + 1)
    s.traffic()
    time.sleep(HEALTHY)
    reports = [s.start(["psql", pooled, "-c", f"select pg_sleep({BROKEN})"]) for _ in range(4)]
    time.sleep(BROKEN + 2)
    time.sleep(AFTER)
    s.end()


def expired_certificate():
    """nginx, gunicorn, and a partner behind TLS (a second nginx) whose certificate expires while everything runs."""
    s = Scene("expired-certificate", 30400)
    end = time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + HEALTHY + 10))
    run = lambda *words: subprocess.run(words, check=True, cwd=s.root, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=Example CA", "-keyout", "ca.key", "-out", "ca.crt", "-days", "30")
    run("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=rates.example.org", "-keyout", "rates.key", "-out", "rates.csr")
    s.write("ca.cnf", f"[ca]\ndefault_ca=d\n[d]\ndatabase={s.root}/index\nserial={s.root}/serial\nnew_certs_dir={s.root}\ndefault_md=sha256\n"
            "policy=p\nx509_extensions=e\n[p]\ncommonName=supplied\n[e]\nsubjectAltName=DNS:rates.example.org,DNS:localhost\n")
    s.write("index", ""), s.write("serial", "01\n")
    run("openssl", "ca", "-batch", "-config", "ca.cnf", "-cert", "ca.crt", "-keyfile", "ca.key", "-in", "rates.csr", "-out", "rates.crt", "-enddate", end)
    s.write("rates.json", '{"EUR": 1.0}')
    s.write("partner.conf", f"""
worker_processes 1;
pid {s.root}/partner.pid;
error_log {s.logs}/partner-error.log info;
events {{ worker_connections 64; }}
http {{
    access_log {s.logs}/partner-access.log combined;
    server {{
        listen 127.0.0.1:{s.port + 43} ssl;
        ssl_certificate {s.root}/rates.crt;
        ssl_certificate_key {s.root}/rates.key;
        location / {{ root {s.root}; default_type application/json; }}
    }}
}}
""")
    s.start(["nginx", "-c", f"{s.root}/partner.conf", "-g", "daemon off;"])
    s.wait(s.port + 43)
    s.postgres()
    s.gunicorn([("STORE", s.store), ("PARTNER", f"https://localhost:{s.port + 43}/rates.json"), ("PARTNER_CA", str(s.root / "ca.crt"))])
    s.nginx(s.port + 1)
    s.traffic("GET /rates 14," + PLAN)
    time.sleep(HEALTHY + 10 + BROKEN)
    s.end()


def dns_failure():
    """nginx, gunicorn in a mount namespace. Its /etc/resolv.conf is overwritten with a resolver that is not there."""
    s = Scene("dns-failure", 30600)
    hosts = s.write("hosts", "127.0.0.1 localhost rates.example.org\n")
    s.write("rates.json", '{"EUR": 1.0}')
    s.start(["/usr/bin/python3", "-m", "http.server", "-b", "127.0.0.1", str(s.port + 43)], "partner.log")
    s.wait(s.port + 43)
    s.write("resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    partner = f"http://rates.example.org:{s.port + 43}/rates.json"
    s.postgres()
    command = (f"mount --bind {hosts} /etc/hosts && mount --bind {s.root}/resolv.conf /etc/resolv.conf && "
               f"exec {PY}/gunicorn -b 127.0.0.1:{s.port + 1} -w 2 --threads 4 shop:app")
    s.start(["unshare", "-m", "sh", "-c", command], "gunicorn.log", env=[("STORE", s.store), ("PARTNER", partner)])
    s.wait(s.port + 1)
    s.nginx(s.port + 1)
    s.traffic("GET /rates 25," + PLAN)
    time.sleep(HEALTHY)
    hosts.write_text("127.0.0.1 localhost\n")
    time.sleep(BROKEN)
    hosts.write_text("127.0.0.1 localhost rates.example.org\n")
    time.sleep(AFTER)
    s.end()


def node_heap():
    """nginx and a Node service below supervisord, with a heap of 24 MB. A cache without a limit fills it, again and again."""
    s = Scene("node-heap", 30800)
    s.write("catalog.js", """
const http = require('http'); const cache = [];
process.emitWarning('catalog.legacy() is deprecated', 'DeprecationWarning');
http.createServer((req, res) => {
  if (req.url.startsWith('/products')) { cache.push(Array.from({ length: 9000 }, (_, i) => ({ i, url: req.url }))); }
  if (req.url.startsWith('/recommend')) {
    fetch('http://127.0.0.1:29999/').catch((e) => console.error(new Date().toISOString(), 'ERROR recommender not reachable, going on', e.cause.code, e.cause.message));
  }
  const known = /^.(products|orders|recommend|legacy|healthz)/.test(req.url);
  res.writeHead(known ? 200 : 404); res.end('{}');
  console.log(new Date().toISOString(), 'INFO', req.method, req.url, res.statusCode);
}).listen(%d, '127.0.0.1', () => console.log(new Date().toISOString(), 'INFO catalog listens'));
""" % (s.port + 1))
    s.supervisord({"catalog": ("/usr/bin/env node --max-old-space-size=24 catalog.js", [("TZ", "UTC")])})
    s.wait(s.port + 1)
    s.nginx(s.port + 1)
    s.traffic()
    time.sleep(HEALTHY + BROKEN + 20)
    s.end()


def mariadb_connections():
    """Apache, gunicorn, MariaDB with 10 connections. An import takes all of them and keeps them."""
    s = Scene("mariadb-connections", 31000)
    data = s.root / "mysql"
    port = s.port + 36
    subprocess.run(["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--user=mysql", "--auth-root-authentication-method=normal", "--skip-test-db"],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    options = ["--no-defaults", f"--datadir={data}", f"--socket={s.root}/db.sock", f"--port={port}", "--bind-address=127.0.0.1", "--user=mysql",
               "--max-connections=10", "--innodb-buffer-pool-size=16M", f"--pid-file={s.root}/db.pid", "--log-warnings=2"]
    s.start(["mariadbd", *options], "mariadb.log")
    s.wait(port)
    sql = ("create database shop; create user shop@'%' identified by 'shop-pw'; grant all on shop.* to shop@'%'; use shop; "
           "create table products (id int primary key, name text); insert into products select seq, concat('product ', seq) from seq_1_to_400; "
           "create table orders (id int auto_increment primary key, product int, note text);")
    subprocess.run(["mariadb", "-S", f"{s.root}/db.sock", "-u", "root", "-e", sql], check=True)
    s.gunicorn([("STORE", f"mysql://shop:shop-pw@127.0.0.1:{port}/shop")])
    s.write("apache.conf", f"""
ServerRoot /usr/lib/apache2
ServerName shop.example.org
Listen 127.0.0.1:{s.port + 80}
PidFile {s.root}/apache.pid
LoadModule mpm_event_module modules/mod_mpm_event.so
LoadModule authz_core_module modules/mod_authz_core.so
LoadModule proxy_module modules/mod_proxy.so
LoadModule proxy_http_module modules/mod_proxy_http.so
ErrorLog {s.logs}/apache-error.log
CustomLog {s.logs}/apache-access.log "%h %l %u %t \\"%r\\" %>s %O \\"%{{Referer}}i\\" \\"%{{User-Agent}}i\\""
ProxyPass / http://127.0.0.1:{s.port + 1}/
""")
    s.start(["apache2", "-f", f"{s.root}/apache.conf", "-DFOREGROUND"])
    s.wait(s.port + 80)
    s.traffic(rps=3)
    time.sleep(HEALTHY)
    for _ in range(11):
        s.start(["mariadb", "-h", "127.0.0.1", "-P", str(port), "-u", "shop", "-pshop-pw", "shop", "-e", f"select sleep({BROKEN})"])
    time.sleep(BROKEN + AFTER)
    s.end()


def bad_deploy():
    """nginx, gunicorn below supervisord, PostgreSQL. Release 2.0 wants an environment variable that nobody has set."""
    s = Scene("bad-deploy", 31200)
    s.postgres()
    env = [("STORE", s.store), ("RELEASE", "1.9.3")]
    command = f"{PY}/gunicorn -b 127.0.0.1:{s.port + 1} -w 2 --threads 4 shop:app"
    s.supervisord({"shop": (command, env)})
    s.wait(s.port + 1)
    s.nginx(s.port + 1)
    s.traffic()
    time.sleep(HEALTHY)
    s.say("deploy: release 2.0.0 to /srv/shop")
    conf = s.root / "supervisord.conf"
    conf.write_text(conf.read_text().replace("1.9.3", "2.0.0"))
    s.supervisorctl("update")
    time.sleep(BROKEN)
    s.say("deploy: release 1.9.3 to /srv/shop")
    conf.write_text(conf.read_text().replace("2.0.0", "1.9.3"))
    s.supervisorctl("update")
    time.sleep(AFTER + 3)
    s.end()


def deadlock():
    """nginx, gunicorn, PostgreSQL. Two stock bookings take the same two rows in opposite order."""
    s = Scene("postgres-deadlock", 31400)
    s.postgres(settings="deadlock_timeout = 300ms")
    s.gunicorn([("STORE", s.store)])
    s.nginx(s.port + 1)
    s.traffic()
    time.sleep(HEALTHY)
    # The stocktaking begins: many bookings at the same time.
    extra = s.start(["/usr/bin/python3", str(HERE / "traffic.py"), f"http://127.0.0.1:{s.port + 80}", "4", str(s.root / "stop2"), "POST /transfer 1"])
    time.sleep(BROKEN)
    (s.root / "stop2").touch()
    time.sleep(AFTER)
    s.end()


def redis_memory():
    """haproxy, gunicorn, Redis with 3 MB and no eviction. Orders are kept for ever; the memory is used up."""
    s = Scene("redis-memory", 31600)
    s.start(["redis-server", "--port", str(s.port + 79), "--bind", "127.0.0.1", "--maxmemory", "1150kb", "--maxmemory-policy", "noeviction",
             "--save", "", "--logfile", f"{s.logs}/redis.log"])
    s.wait(s.port + 79)
    s.gunicorn([("STORE", f"redis://127.0.0.1:{s.port + 79}")], options=["--access-logfile", "-"])
    s.haproxy(s.port + 1)
    s.traffic()
    time.sleep(HEALTHY + BROKEN + 20)
    s.end()


def rabbitmq_alarm():
    """nginx, gunicorn, RabbitMQ. Its memory limit is set far too low: the alarm blocks all publishers."""
    s = Scene("rabbitmq-alarm", 31800)
    env = [("RABBITMQ_NODENAME", "mail@localhost"), ("RABBITMQ_NODE_PORT", str(s.port + 72)), ("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1"),
           ("RABBITMQ_DIST_PORT", str(s.port + 25)), ("RABBITMQ_MNESIA_BASE", f"{s.root}/mnesia"), ("RABBITMQ_LOGS", "-"), ("HOME", str(s.root)),
           ("RABBITMQ_LOG_BASE", f"{s.root}/log"), ("RABBITMQ_PID_FILE", f"{s.root}/rabbit.pid"), ("RABBITMQ_ENABLED_PLUGINS_FILE", f"{s.root}/plugins"),
           ("ERL_EPMD_ADDRESS", "127.0.0.1"), ("RABBITMQ_CONF_ENV_FILE", "/dev/null"), ("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "+S 1:1")]
    s.write("plugins", "[].\n")
    server = "/usr/lib/rabbitmq/bin/rabbitmq-server"
    s.start([server], "rabbitmq.log", env=env)
    s.wait(s.port + 72)
    time.sleep(5)
    s.postgres()
    s.gunicorn([("STORE", s.store), ("QUEUE", f"amqp://guest:guest@127.0.0.1:{s.port + 72}/")])
    s.nginx(s.port + 1)
    s.traffic("POST /mails 20," + PLAN)
    time.sleep(HEALTHY)
    ctl = lambda *words: subprocess.run(["/usr/lib/rabbitmq/bin/rabbitmqctl", "-n", "mail@localhost", *words],
                                        env=dict(os.environ, **dict(env)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    ctl("set_vm_memory_high_watermark", "absolute", "10MB")
    time.sleep(BROKEN)
    ctl("set_vm_memory_high_watermark", "0.4")
    time.sleep(AFTER)
    ctl("stop")
    s.end()


def memory_limit():
    """nginx, gunicorn with an address space of 400 MB (ulimit -v). Each order leaks; Python gets no more memory."""
    s = Scene("memory-limit", 32000)
    s.postgres()
    command = f"ulimit -v 420000; exec {PY}/gunicorn -b 127.0.0.1:{s.port + 1} -w 1 --threads 2 shop:app"
    s.start(["bash", "-c", command], "gunicorn.log", env=[("STORE", s.store), ("LEAK", "4000000")])
    s.wait(s.port + 1)
    s.nginx(s.port + 1)
    s.traffic()
    time.sleep(HEALTHY + BROKEN + AFTER)
    s.end()


def database_password():
    """haproxy, gunicorn, PostgreSQL with passwords. Somebody changes the role's password; the application keeps the old one."""
    s = Scene("database-password", 32200)
    s.postgres()
    s.ask_passwords()
    s.gunicorn([("STORE", s.store)])
    s.haproxy(s.port + 1)
    s.traffic()
    time.sleep(HEALTHY)
    s.sql("postgres", "alter role shop password 'rotated'")
    time.sleep(BROKEN)
    s.sql("postgres", "alter role shop password 'shop-pw'")
    time.sleep(AFTER)
    s.end()


def redis_password():
    """nginx, gunicorn, Redis. Somebody sets a password in the running Redis and ends its connections; the application has none."""
    s = Scene("redis-password", 33800)
    port = str(s.port + 79)
    s.start(["redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--logfile", f"{s.logs}/redis.log"])
    s.wait(s.port + 79)
    s.gunicorn([("STORE", f"redis://127.0.0.1:{port}")])
    s.nginx(s.port + 1)
    s.traffic()
    time.sleep(HEALTHY)
    cli = lambda *words: subprocess.run(["redis-cli", "-p", port, "--no-auth-warning", *words], stdout=subprocess.DEVNULL)
    cli("config", "set", "requirepass", "rotated")
    cli("-a", "rotated", "client", "kill", "type", "normal")
    time.sleep(BROKEN)
    cli("-a", "rotated", "config", "set", "requirepass", "")
    time.sleep(AFTER)
    s.end()


def refused_configuration():
    """haproxy, gunicorn, PostgreSQL. A change to postgresql.conf has a typing error; the restart for it fails, and again."""
    s = Scene("refused-configuration", 34000)
    server = s.postgres()
    s.gunicorn([("STORE", s.store)])
    s.haproxy(s.port + 1)
    s.traffic()
    time.sleep(HEALTHY)
    conf = s.root / "pgdata/postgresql.conf"
    good = conf.read_text()
    conf.write_text(good + "work_memory = 64MB\n")
    s.stop(server, signal.SIGINT)
    for attempt in range(3):
        s.start(server.args, "postgresql.log", user="postgres", cwd="/tmp")
        time.sleep(BROKEN / 3)
    conf.write_text(good)
    s.start(server.args, "postgresql.log", user="postgres", cwd="/tmp")
    s.wait(s.port + 32)
    time.sleep(AFTER)
    s.end()


def wrong_password_deploy():
    """nginx, uvicorn below supervisord, PostgreSQL. A release comes with the password of another environment and cannot start."""
    s = Scene("wrong-password-deploy", 24800)
    s.postgres()
    s.ask_passwords()
    shutil.copy(HERE / "stock.py", s.root / "stock.py")
    s.supervisord({"stock": (f"{PY}/uvicorn --port {s.port + 1} stock:app", [("STORE", s.store), ("WAIT", "1"), ("RELEASE", "1.4")])})
    s.wait(s.port + 1)
    s.nginx(s.port + 1)
    s.traffic()
    time.sleep(HEALTHY)
    s.say("deploy: stock 1.5, settings from vault path stock/prod")
    conf = s.root / "supervisord.conf"
    good = conf.read_text()
    conf.write_text(good.replace("shop-pw@", "shop-pw-staging@").replace('"1.4"', '"1.5"'))
    s.supervisorctl("update")
    time.sleep(BROKEN)
    s.say("deploy: stock 1.4 back")
    conf.write_text(good)
    s.supervisorctl("update")
    time.sleep(AFTER + 6)
    s.end()


def two_in_one_log():
    """One nginx before two services: gunicorn, whose database password is changed (500), and Node, whose heap is full (502)."""
    s = Scene("two-in-one-log", 25200)
    s.postgres()
    s.ask_passwords()
    s.gunicorn([("STORE", s.store)])
    s.write("search.js", """
const http = require('http'); const cache = []; let leak = false;
setTimeout(() => { leak = true }, %d);
http.createServer((req, res) => {
  if (leak && req.url.startsWith('/search')) { cache.push(Array.from({ length: 60000 }, (_, i) => ({ i, url: req.url }))); }
  res.writeHead(200); res.end('{}');
  console.log(new Date().toISOString(), 'INFO', req.method, req.url, 200);
}).listen(%d, '127.0.0.1', () => console.log(new Date().toISOString(), 'INFO search listens'));
""" % ((HEALTHY + 4) * 1000, s.port + 2))
    s.supervisord({"search": ("/usr/bin/env node --max-old-space-size=24 search.js", [("TZ", "UTC")])})
    s.wait(s.port + 2)
    s.nginx(s.port + 1, locations=f"location /search {{ proxy_pass http://127.0.0.1:{s.port + 2}; }}")
    s.traffic("GET /search?q={n} 30," + PLAN, rps=5)
    time.sleep(HEALTHY + 6)
    s.sql("postgres", "alter role shop password 'rotated'")
    time.sleep(BROKEN)
    s.sql("postgres", "alter role shop password 'shop-pw'")
    time.sleep(AFTER + 4)
    s.end()


# --- the cause is not in the logs ------------------------------------------------------------------------------


def proxy_only():
    """nginx alone is logged: the application behind it is killed, and its log was not collected."""
    s = Scene("proxy-only", 32400)
    s.postgres()
    app = s.gunicorn([("STORE", s.store)])
    s.nginx(s.port + 1)
    s.traffic()
    time.sleep(HEALTHY)
    os.killpg(app.pid, signal.SIGKILL)
    time.sleep(BROKEN)
    s.gunicorn([("STORE", s.store)])
    time.sleep(AFTER)
    s.end(keep={"nginx-access.log", "nginx-error.log"})


def database_elsewhere():
    """nginx and gunicorn; the database runs on another host, is stopped there on purpose, and its log was not collected."""
    s = Scene("database-elsewhere", 32600)
    database = s.postgres()
    s.gunicorn([("STORE", s.store)])
    s.nginx(s.port + 1)
    s.traffic()
    time.sleep(HEALTHY)
    s.stop(database, signal.SIGINT)
    time.sleep(BROKEN)
    s.start(["/usr/lib/postgresql/15/bin/postgres", "-D", str(s.root / "pgdata")], user="postgres", cwd="/tmp")
    time.sleep(AFTER)
    s.end(keep={"nginx-access.log", "nginx-error.log", "gunicorn.log"})


def network_drop():
    """The partner is in another network; the link to it is cut. Only timeouts are in the logs."""
    s = Scene("network-drop", 32800)
    ip = lambda text: subprocess.run(["ip", *text.split()], check=True)
    subprocess.run(["ip", "netns", "del", "partner"], stderr=subprocess.DEVNULL)
    ip("netns add partner")
    ip("link add vpartner0 type veth peer name vpartner1 netns partner")
    ip("addr add 198.51.100.1/30 dev vpartner0"), ip("link set vpartner0 up")
    ip("-n partner addr add 198.51.100.2/30 dev vpartner1"), ip("-n partner link set vpartner1 up"), ip("-n partner link set lo up")
    s.write("rates.json", '{"EUR": 1.0}')
    s.start(["ip", "netns", "exec", "partner", "/usr/bin/python3", "-m", "http.server", str(s.port + 43)])
    s.wait(s.port + 43, "198.51.100.2")
    s.postgres()
    s.gunicorn([("STORE", s.store), ("PARTNER", f"http://198.51.100.2:{s.port + 43}/rates.json")])
    s.nginx(s.port + 1)
    s.traffic("GET /rates 20," + PLAN)
    time.sleep(HEALTHY)
    subprocess.run(["ip", "netns", "exec", "partner", "sysctl", "-q", "net.ipv4.icmp_echo_ignore_all=1"])
    ip("-n partner addr del 198.51.100.2/30 dev vpartner1"), ip("neigh replace 198.51.100.2 lladdr 02:00:00:00:00:99 dev vpartner0")
    time.sleep(BROKEN)
    ip("-n partner addr add 198.51.100.2/30 dev vpartner1"), ip("neigh del 198.51.100.2 dev vpartner0")
    time.sleep(AFTER)
    s.end()
    ip("netns del partner")


def killed_by_hand():
    """nginx, gunicorn below supervisord. Somebody kills the master; nothing says who or why."""
    s = Scene("killed-by-hand", 33000)
    s.postgres()
    command = f"{PY}/gunicorn -b 127.0.0.1:{s.port + 1} -w 2 --threads 4 shop:app"
    s.supervisord({"shop": (command, [("STORE", s.store)])})
    s.wait(s.port + 1)
    s.nginx(s.port + 1)
    s.traffic()
    time.sleep(HEALTHY)
    for _ in range(6):
        pid = subprocess.run(["/usr/bin/supervisorctl", "-c", f"{s.root}/supervisord.conf", "pid", "shop"], capture_output=True, text=True).stdout.strip()
        if pid.isdigit() and pid != "0":
            os.kill(int(pid), signal.SIGKILL)
        time.sleep(4)
    time.sleep(AFTER)
    s.end()


def two_incidents():
    """Two systems in one folder: the shop loses its database password; the fleet's catalog, unrelated, is restarted for its heap."""
    a, b = Scene("two-incidents/shop", 33200), Scene("two-incidents/fleet", 33400)
    a.postgres()
    a.ask_passwords()
    a.gunicorn([("STORE", a.store)])
    a.nginx(a.port + 1)
    b.start(["redis-server", "--port", str(b.port + 79), "--bind", "127.0.0.1", "--maxmemory", "1150kb", "--maxmemory-policy", "noeviction",
             "--save", "", "--logfile", f"{b.logs}/redis.log"])
    b.wait(b.port + 79)
    b.gunicorn([("STORE", f"redis://127.0.0.1:{b.port + 79}")])
    b.nginx(b.port + 1)
    a.traffic(), b.traffic()
    time.sleep(HEALTHY + 10)
    a.sql("postgres", "alter role shop password 'rotated'")
    time.sleep(BROKEN)
    a.sql("postgres", "alter role shop password 'shop-pw'")
    time.sleep(AFTER)
    a.end(), b.end()


if __name__ == "__main__":
    os.environ.update(TZ="UTC", PYTHONDONTWRITEBYTECODE="1")
    for word in sys.argv[1:]:
        globals()[word.replace("-", "_")]()
