import json, logging, os, sqlite3, time, urllib.error, urllib.request
import flask
from flask import Flask, abort, jsonify, request

HERE = os.path.dirname(os.path.realpath(__file__))
VERSION = open(os.path.join(HERE, "VERSION")).read().strip()
logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)-7s %(name)s: %(message)s")
log = logging.getLogger("shop")
app = Flask("shop")
log.info("shop %s loaded, pid %s, flask %s", VERSION, os.getpid(), flask.__version__)


@app.get("/healthz")
def healthz():
    return jsonify(status="ok", version=VERSION, errors=0)


@app.get("/api/products")
def products():
    return jsonify([{"id": i, "name": f"Mug no. {i}"} for i in range(1, 61)])


@app.get("/api/products/<int:pid>")
def product(pid):
    if not 1 <= pid <= 60:
        abort(404)
    for t in (1, 2, 3):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:8010/stock/{pid}", timeout=2) as r:
                n = json.load(r)["stock"]
            if t > 1:
                log.info("stock of %s: retry succeeded", pid)
            return jsonify(id=pid, name=f"Mug no. {pid}", stock=n)
        except urllib.error.HTTPError as e:
            log.warning("stock of %s: %s, try %s/3", pid, e, t)
            time.sleep(.2)
    return jsonify(id=pid, name=f"Mug no. {pid}", stock=None)


@app.post("/api/login")
def login():
    d = request.get_json()
    if d.get("password") != "correct-horse-9":
        log.warning("failed login for %s from %s", d.get("name"), request.headers.get("X-Forwarded-For"))
        abort(401)
    return jsonify(token=os.urandom(12).hex())


@app.get("/api/report")
def report():
    t = time.monotonic()
    q = "with recursive n(i) as (select 1 union all select i+1 from n where i<1500000) select sum(i%97) from n"
    s = sqlite3.connect(":memory:").execute(q).fetchone()[0]
    ms = (time.monotonic() - t) * 1000
    if ms > 200:
        log.warning("slow query (%d ms): %s", ms, q)
    return jsonify(sum=s)


@app.get("/api/export")
def export():
    time.sleep(1.5)
    return jsonify(rows=list(range(300)))
