"""What the scenes are made of: starts real programs on loopback, breaks nothing by itself.

Each scene has a folder /srv/scenes/NAME for state and one for logs, and its own block of ports.
"""
import os, pathlib, shutil, signal, socket, subprocess, time

HOME = pathlib.Path("/srv/scenes")
PY = HOME / "venv/bin"
HERE = pathlib.Path(__file__).parent
PG = "/usr/lib/postgresql/15/bin"
PLAN = "GET /products/{n} 30,POST /orders 25,GET /recommend 5,GET /legacy 4,GET /healthz 4,GET /wp-login.php 3,GET /.env 2"


class Scene:
    def __init__(self, name, port):
        self.name, self.port, self.running = name, port, []
        self.root, self.logs = HOME / name, HOME / name / "logs"
        shutil.rmtree(self.root, ignore_errors=True)
        self.logs.mkdir(parents=True)
        self.root.chmod(0o777), self.logs.chmod(0o777)
        shutil.copy(HERE / "shop.py", self.root / "shop.py")
        self.stop_traffic = self.root / "stop"

    def start(self, command, log=None, user=None, env=(), cwd=None, shell=False):
        out = open(self.logs / log, "ab") if log else subprocess.DEVNULL
        environment = dict(os.environ, TZ="UTC", PATH=f"{PY}:/usr/sbin:/usr/bin:/sbin:/bin", **dict(env))
        as_user = dict(user=user, group=user, extra_groups=[]) if user else {}
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=environment, cwd=cwd or self.root,
                                   stdin=subprocess.DEVNULL, shell=shell, start_new_session=True, **as_user)
        self.running.append(process)
        return process

    def stop(self, process, how=signal.SIGTERM):
        if process in self.running:
            self.running.remove(process)
        if process.poll() is None:
            process.send_signal(how)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)

    def wait(self, port, host="127.0.0.1"):
        for _ in range(300):
            try:
                socket.create_connection((host, port), 1).close()
                return
            except OSError:
                time.sleep(0.2)
        raise SystemExit(f"{self.name}: nothing listens on {port}")

    def write(self, name, text):
        path = self.root / name
        path.write_text(text)
        return path

    def say(self, text):
        with open(self.logs / "deploy.log", "a") as log:
            log.write(time.strftime("%Y-%m-%dT%H:%M:%SZ ", time.gmtime()) + text + "\n")

    # --- parts ---------------------------------------------------------------------------------------------

    def nginx(self, to, name="nginx", port=None, locations=""):
        port = port or self.port + 80
        self.write(f"{name}.conf", f"""
user www-data;
worker_processes 1;
pid {self.root}/{name}.pid;
error_log {self.logs}/{name}-error.log warn;
events {{ worker_connections 256; }}
http {{
    set_real_ip_from 127.0.0.1;
    real_ip_header X-Forwarded-For;
    access_log {self.logs}/{name}-access.log combined;
    server {{
        listen 127.0.0.1:{port};
        server_name shop.example.org;
        location / {{ proxy_pass http://127.0.0.1:{to}; proxy_read_timeout 8s; }}
        {locations}
    }}
}}
""")
        self.start(["nginx", "-c", f"{self.root}/{name}.conf", "-g", "daemon off;"])
        self.wait(port)
        return port

    def haproxy(self, to, port=None, name="haproxy"):
        port = port or self.port + 80
        self.write("rsyslog.conf", f"""
module(load="imudp")
input(type="imudp" address="127.0.0.1" port="{self.port + 14}")
$FileCreateMode 0644
*.* {self.logs}/haproxy.log
""")
        self.start(["rsyslogd", "-n", "-f", f"{self.root}/rsyslog.conf", "-i", f"{self.root}/rsyslogd.pid"])
        time.sleep(1)
        self.write("haproxy.cfg", f"""
global
    log 127.0.0.1:{self.port + 14} local0
    log-send-hostname lb1
defaults
    mode http
    log global
    option httplog
    timeout connect 3s
    timeout client 20s
    timeout server 8s
frontend web
    bind 127.0.0.1:{port}
    default_backend shop
backend shop
    option httpchk GET /healthz
    server app1 127.0.0.1:{to} check inter 2s
""")
        self.start(["haproxy", "-db", "-f", "haproxy.cfg"])
        self.wait(port)
        return port

    def gunicorn(self, env=(), log="gunicorn.log", port=None, workers=2, app="shop:app", options=()):
        port = port or self.port + 1
        process = self.start([str(PY / "gunicorn"), "-b", f"127.0.0.1:{port}", "-w", str(workers), "--threads", "4",
                              *options, app], log, env=env)
        self.wait(port)
        return process

    def supervisord(self, programs):
        text = f"[supervisord]\nnodaemon=true\nlogfile={self.logs}/supervisord.log\npidfile={self.root}/supervisord.pid\nuser=root\n"
        text += f"[unix_http_server]\nfile={self.root}/supervisor.sock\n[rpcinterface:supervisor]\n"
        text += "supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface\n"
        text += f"[supervisorctl]\nserverurl=unix://{self.root}/supervisor.sock\n"
        for name, (command, env) in programs.items():
            env = ",".join(f'{key}="{value}"' for key, value in env)
            text += f"""[program:{name}]
command={command}
directory={self.root}
environment={env}
autorestart=unexpected
startsecs=2
startretries=3
redirect_stderr=true
stdout_logfile={self.logs}/{name}.log
stdout_logfile_maxbytes=0
"""
        self.write("supervisord.conf", text)
        return self.start(["/usr/bin/supervisord", "-c", f"{self.root}/supervisord.conf"])

    def supervisorctl(self, *words):
        subprocess.run(["/usr/bin/supervisorctl", "-c", f"{self.root}/supervisord.conf", *words], stdout=subprocess.DEVNULL)

    def postgres(self, tmpfs=None, settings="", log="postgresql.log"):
        port, data = self.port + 32, self.root / "pgdata"
        if tmpfs:
            data.mkdir()
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={tmpfs}", "tmpfs", str(data)], check=True)
        else:
            data.mkdir()
        shutil.chown(data, "postgres", "postgres")
        data.chmod(0o700)
        as_pg = dict(user="postgres", group="postgres", extra_groups=[], cwd="/tmp", stdout=subprocess.DEVNULL)
        subprocess.run([f"{PG}/initdb", "-D", str(data), "-E", "UTF8", "--locale=C.UTF-8", "-A", "trust"], check=True, **as_pg)
        with open(data / "postgresql.conf", "a") as conf:
            conf.write(f"""
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{self.root}'
shared_buffers = 16MB
max_wal_size = 32MB
min_wal_size = 32MB
log_line_prefix = '%m [%p] %q%u@%d '
timezone = 'UTC'
log_timezone = 'UTC'
{settings}
""")
        process = self.start([f"{PG}/postgres", "-D", str(data)], log, user="postgres", cwd="/tmp")
        self.wait(port)
        time.sleep(1)
        self.sql("postgres", "create role shop login password 'shop-pw'", "create database shop owner shop")
        self.sql("shop", "create table products (id int primary key, name text)", "grant all on products to shop",
                 "insert into products select g, 'product '||g from generate_series(1, 400) g",
                 "create table orders (id serial primary key, product int, note text)",
                 "create table stock (id int primary key, n int)", "insert into stock values (1, 0), (2, 0)",
                 "grant all on all tables in schema public to shop", "grant all on all sequences in schema public to shop")
        self.store = f"postgresql://shop:shop-pw@127.0.0.1:{port}/shop"
        return process

    def sql(self, database, *statements):
        words = [word for statement in statements for word in ("-c", statement)]
        subprocess.run(["psql", "-q", "-h", str(self.root), "-p", str(self.port + 32), "-U", "postgres", database, *words],
                       check=True, user="postgres", cwd="/tmp", stdout=subprocess.DEVNULL)

    def ask_passwords(self):
        """The shop's role must log in by password from now on."""
        (self.root / "pgdata/pg_hba.conf").write_text("local all postgres trust\nhost all shop 127.0.0.1/32 scram-sha-256\n")
        self.sql("postgres", "select pg_reload_conf()")

    def traffic(self, plan=PLAN, rps=4, port=None):
        self.start(["/usr/bin/python3", str(HERE / "traffic.py"), f"http://127.0.0.1:{port or self.port + 80}", str(rps),
                    str(self.stop_traffic), plan])

    def end(self, keep=None):
        self.stop_traffic.touch()
        time.sleep(2)
        for process in reversed(self.running[:]):
            self.stop(process, signal.SIGINT if "postgres" in str(process.args[0]) else signal.SIGTERM)
        subprocess.run(["umount", str(self.root / "pgdata")], stderr=subprocess.DEVNULL)
        out = HERE.parent / self.name
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        for log in sorted(self.logs.iterdir()):
            if log.stat().st_size and (keep is None or log.name in keep):
                shutil.copy(log, out / log.name)
                (out / log.name).chmod(0o644)
        shutil.rmtree(self.root, ignore_errors=True)
