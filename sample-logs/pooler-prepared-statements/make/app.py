import asyncio
import logging
import os
import uuid
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import asyncpg
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

log = logging.getLogger("orders")
URL = os.environ["DATABASE_URL"]
RELEASE = os.environ.get("RELEASE", "dev")
engine = create_async_engine(URL, pool_size=4, max_overflow=2, pool_recycle=30)
Session = async_sessionmaker(engine, expire_on_commit=False)


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)
    sku: Mapped[str]
    qty: Mapped[int]


class NewOrder(BaseModel):
    ref: str
    sku: str
    qty: int = 1


async def heartbeat():
    while True:
        await asyncio.sleep(15)
        log.info("pool %s", engine.pool.status())


@asynccontextmanager
async def lifespan(app):
    u = urlsplit(URL)
    log.info("orders-api release %s, database %s:%s%s", RELEASE, u.hostname, u.port, u.path)
    t = asyncio.create_task(heartbeat())
    yield
    t.cancel()
    await engine.dispose()
    log.info("orders-api release %s stopped", RELEASE)


app = FastAPI(lifespan=lifespan)


@app.exception_handler(DBAPIError)
async def db_error(request: Request, exc: DBAPIError):
    rid = uuid.uuid4().hex[:8]
    log.error("request %s %s %s failed: %s", rid, request.method, request.url.path, exc)
    return JSONResponse({"detail": "database error", "request": rid}, 500)


@app.get("/healthz")
async def healthz():
    return {"status": "ok", "release": RELEASE}


@app.get("/orders/{oid}")
async def get_order(oid: int):
    async with Session() as s:
        o = await s.get(Order, oid)
    if not o:
        raise HTTPException(404, "no such order")
    return {"id": o.id, "ref": o.ref, "sku": o.sku, "qty": o.qty}


@app.get("/orders")
async def list_orders(sku: str | None = None):
    async with Session() as s:
        q = select(Order).order_by(Order.id.desc()).limit(20)
        if sku:
            q = q.where(Order.sku == sku)
        return [{"id": o.id, "ref": o.ref, "sku": o.sku} for o in (await s.scalars(q))]


@app.post("/orders", status_code=201)
async def new_order(n: NewOrder):
    async with Session() as s:
        o = Order(ref=n.ref, sku=n.sku, qty=n.qty)
        s.add(o)
        try:
            await s.commit()
        except IntegrityError as e:
            log.warning("order %s refused: %s", n.ref, str(e.orig).splitlines()[0])
            raise HTTPException(409, "order exists")
    log.info("order %s stored as %s", n.ref, o.id)
    return {"id": o.id}


@app.get("/reports/daily")
async def daily():
    # one plain asyncpg connection per report, no ORM
    c = await asyncpg.connect(URL.replace("+asyncpg", ""))
    try:
        n = await c.fetchval("SELECT count(*) FROM orders WHERE qty > $1", 0)
        top = await c.fetch("SELECT sku, sum(qty) AS n FROM orders WHERE id > $1 GROUP BY sku ORDER BY 2 DESC LIMIT 5", 0)
    finally:
        await c.close()
    return {"orders": n, "top": [dict(r) for r in top]}


@app.get("/reports/export")
async def export():
    async with Session() as s:
        await s.execute(text("SELECT pg_sleep(4)"))
        n = await s.scalar(select(func.count()).select_from(Order))
    return {"rows": n}
