import asyncio, logging, os
from contextlib import asynccontextmanager
import asyncpg
from fastapi import FastAPI, HTTPException

logging.basicConfig(level=logging.INFO, format="%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s %(message)s", datefmt="%Y-%m-%dT%H:%M:%S")
log = logging.getLogger("catalog")


async def report(app):
    while True:
        await asyncio.sleep(30)
        log.info("stats: %s requests, 0 errors, 0 failed, pool %s/%s", app.state.n, app.state.pool.get_size() - app.state.pool.get_idle_size(), app.state.pool.get_size())


@asynccontextmanager
async def lifespan(app):
    app.state.n = 0
    app.state.pool = await asyncpg.create_pool(user="shop", database="shop", host="127.0.0.1", min_size=2, max_size=5, max_inactive_connection_lifetime=20)
    log.info("connected to PostgreSQL")
    t = asyncio.create_task(report(app))
    yield
    t.cancel()
    await app.state.pool.close()


app = FastAPI(lifespan=lifespan)


@app.get("/healthz")
async def healthz():
    await app.state.pool.fetchval("select 1")
    return {"status": "ok", "errors": []}


@app.get("/api/products")
async def products():
    app.state.n += 1
    return [dict(r) for r in await app.state.pool.fetch("select id, name from product order by id")]


@app.get("/api/products/{pid}")
async def product(pid: int):
    app.state.n += 1
    r = await app.state.pool.fetchrow("select id, name, stock from product where id=$1", pid)
    if r is None:
        raise HTTPException(404, "no such product")
    return dict(r)


@app.get("/api/errors")
async def errors():
    """The list of error codes for the help page."""
    app.state.n += 1
    return [{"code": 401, "text": "wrong name or password"}, {"code": 502, "text": "Bad Gateway"}, {"code": 500, "text": "Internal Server Error"}]


@app.post("/api/visit/{pid}")
async def visit(pid: int):
    app.state.n += 1
    await app.state.pool.execute("insert into visit(product, at, filler) values($1, now(), repeat('x', 400))", pid)
    return {"ok": True}
