"""A stock service on FastAPI with a pool of PostgreSQL connections; its log is JSON-free plain uvicorn."""
import logging, os, sys, time
from contextlib import asynccontextmanager
from fastapi import FastAPI, Response
from psycopg_pool import ConnectionPool

logging.Formatter.converter = time.gmtime
logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
log = logging.getLogger("stock")
pool = ConnectionPool(os.environ["STORE"], min_size=1, max_size=int(os.environ.get("POOL", "4")), timeout=3, open=False)

@asynccontextmanager
async def life(app):
    pool.open(wait=bool(os.environ.get("WAIT")), timeout=5)
    log.info("stock %s is ready", os.environ.get("RELEASE", "1.0"))
    yield
    pool.close()

app = FastAPI(lifespan=life)

@app.get("/healthz")
def healthz():
    return {"status": "ok"}

@app.get("/products/{number}")
def product(number: int):
    with pool.connection() as db:
        return db.execute("select id, name from products where id = %s", (number,)).fetchall()

@app.post("/orders")
def order():
    with pool.connection() as db:
        db.execute("insert into orders (product, note) values (1, 'x')")
    return {"ok": 1}

@app.get("/report")
def report():
    with pool.connection() as db:
        return db.execute("select count(*), pg_sleep(9) from orders").fetchall()

@app.get("/recommend")
def recommend():
    log.error("recommender not reachable, going on without: [Errno 111] Connection refused")
    return []

@app.get("/legacy")
def legacy():
    try:
        int("all")
    except ValueError:
        log.warning("page is no number, taking 1", exc_info=True)
    return []
