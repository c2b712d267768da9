"""The shop behind the scenes: Flask on gunicorn, with the store that STORE names.

STORE is a URL of postgresql, mysql or redis; PARTNER is the URL of the rates partner; QUEUE the URL of a message
broker. Retries to a recommender that never runs, a handled warning with a traceback and a deprecation are its noise.
"""
import logging, os, random, sys, time, warnings
from urllib.parse import urlsplit

from flask import Flask, jsonify, request

logging.captureWarnings(True)
logging.Formatter.converter = time.gmtime
logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
log = logging.getLogger("shop")
app = Flask("shop")
RELEASE = os.environ.get("RELEASE", "1.0.0")
STORE = urlsplit(os.environ.get("STORE", ""))
if RELEASE.startswith("2."):
    TAX_TABLE = os.environ["TAX_TABLE"]     # new in 2.0
cache = []


def rows(sql, *args):
    if STORE.scheme == "mysql":
        import pymysql
        db = pymysql.connect(host=STORE.hostname, port=STORE.port, user=STORE.username, password=STORE.password or "", database="shop")
    else:
        import psycopg
        db = psycopg.connect(os.environ["STORE"], connect_timeout=int(os.environ.get("CONNECT", "5")))
    try:
        with db.cursor() as cursor:
            cursor.execute(sql, args)
            got = cursor.fetchall() if cursor.description else []
        db.commit()
        return got
    finally:
        db.close()


def keep(key, value):
    import redis
    r = redis.Redis(host=STORE.hostname, port=STORE.port)
    r.set(key, value)


@app.get("/healthz")
def healthz():
    return jsonify(status="ok", release=RELEASE)


@app.get("/products/<int:number>")
def product(number):
    if STORE.scheme == "redis":
        return jsonify(id=number)
    return jsonify(rows("select id, name from products where id = %s", number))


@app.post("/orders")
def order():
    number = random.randint(1, 400)
    if STORE.scheme == "redis":
        keep(f"order:{random.randint(1, 10**9)}", "x" * 4000)
    else:
        pad = "x" * int(os.environ.get("PAD", "100"))
        rows("insert into orders (product, note) values (%s, %s)", number, pad)
    if os.environ.get("LEAK"):
        cache.append(bytearray(int(os.environ["LEAK"])))
    return jsonify(product=number), 201


@app.post("/transfer")
def transfer():
    a, b = random.sample((1, 2), 2)
    import psycopg
    with psycopg.connect(os.environ["STORE"]) as db:
        db.execute("update stock set n = n - 1 where id = %s", (a,))
        time.sleep(0.4)
        db.execute("update stock set n = n + 1 where id = %s", (b,))
    return jsonify(moved=1)


@app.get("/rates")
def rates():
    import requests
    answer = requests.get(os.environ["PARTNER"], timeout=3, verify=os.environ.get("PARTNER_CA", True))
    return jsonify(answer.json())


@app.post("/mails")
def mails():
    import pika
    parameters = pika.URLParameters(os.environ["QUEUE"])
    parameters.blocked_connection_timeout = 2
    connection = pika.BlockingConnection(parameters)
    channel = connection.channel()
    channel.queue_declare("mails", durable=True)
    channel.confirm_delivery()
    channel.basic_publish("", "mails", b"x" * 2000)
    connection.close()
    return jsonify(queued=1), 202


@app.get("/recommend")
def recommend():
    import requests
    try:
        requests.get("http://127.0.0.1:29999/recommend", timeout=1)
    except requests.RequestException as error:
        log.error("recommender not reachable, going on without: %s", error)
    return jsonify([])


@app.get("/legacy")
def legacy():
    try:
        int(request.args.get("page", "all"))
    except ValueError:
        log.warning("page is no number, taking 1", exc_info=True)
    warnings.warn("parameter page is deprecated, use cursor", DeprecationWarning)
    return jsonify([])
