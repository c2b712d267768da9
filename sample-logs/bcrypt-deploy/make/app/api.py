import os, time
from contextlib import asynccontextmanager
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel
import auth

log = auth.json_logger("shop.api")
VERSION = open("/srv/shop/VERSION").read().strip() if os.path.exists("/srv/shop/VERSION") else "1.8.0"
PRODUCTS = {i: {"id": i, "name": f"Mug no. {i}", "price": 500 + 25 * i} for i in range(1, 61)}


@asynccontextmanager
async def lifespan(app):
    log.info("starting", extra={"f": {"version": VERSION}})
    state = auth.ensure_user("admin", os.environ["ADMIN_PASSWORD"])
    log.info("admin account checked", extra={"f": {"account": "admin", "state": state}})
    yield
    log.info("stopping", extra={"f": {"version": VERSION}})


app = FastAPI(lifespan=lifespan)


class Login(BaseModel):
    name: str
    password: str


class Order(BaseModel):
    product: int
    count: int
    mail: str


@app.get("/healthz")
def healthz():
    return {"status": "ok", "version": VERSION}


@app.get("/api/products")
def products():
    return list(PRODUCTS.values())


@app.get("/api/products/{pid}")
def product(pid: int):
    if pid not in PRODUCTS:
        raise HTTPException(404, "no such product")
    return PRODUCTS[pid]


@app.post("/api/login")
def login(l: Login):
    if not auth.check(l.name, l.password):
        log.warning("login refused", extra={"f": {"account": l.name, "reason": "wrong name or password"}})
        raise HTTPException(401, "wrong name or password")
    log.info("login", extra={"f": {"account": l.name}})
    return {"token": os.urandom(12).hex()}


@app.post("/api/orders", status_code=201)
def order(o: Order):
    if o.product not in PRODUCTS:
        raise HTTPException(404, "no such product")
    with auth.db() as c:
        n = c.execute("insert into mails(rcpt) values(?)", (o.mail,)).lastrowid
    log.info("order placed", extra={"f": {"order": n, "product": o.product, "count": o.count}})
    return {"order": n}


@app.get("/api/reports/top")
def top():
    t = time.monotonic()
    q = "with recursive n(i) as (select 1 union all select i+1 from n where i<1600000) select sum(i%97) from n"
    s = auth.db().execute(q).fetchone()[0]
    ms = int((time.monotonic() - t) * 1000)
    if ms > 200:
        log.warning("slow query", extra={"f": {"ms": ms, "sql": q}})
    return {"sum": s}


@app.get("/api/reports/export")
def export():
    time.sleep(1.8)
    return {"rows": list(range(200))}
