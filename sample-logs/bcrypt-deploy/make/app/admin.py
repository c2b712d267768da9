from fastapi import FastAPI, HTTPException
from pydantic import BaseModel
import auth

log = auth.json_logger("shop.admin")
app = FastAPI()


class Login(BaseModel):
    name: str
    password: str


@app.post("/admin/login")
def login(l: Login):
    log.info("admin login attempt", extra={"f": {"account": l.name}})
    if not auth.check(l.name, l.password):
        log.warning("admin login refused", extra={"f": {"account": l.name}})
        raise HTTPException(401, "wrong name or password")
    log.info("admin login ok", extra={"f": {"account": l.name}})
    return {"ok": True}


@app.get("/admin/stats")
def stats():
    c = auth.db()
    return {"mails": c.execute("select count(*) from mails").fetchone()[0],
            "open": c.execute("select count(*) from mails where done=0").fetchone()[0], "errors": 0}
