import asyncio
import logging
import random
import time
import uuid

import requests
from fastapi import BackgroundTasks, FastAPI, HTTPException

import jobs

log = logging.getLogger("reports")
app = FastAPI()
state = {}
PARTNER = "http://127.0.0.1:21499"


def run_report(job, kind):
    log.info("job %s started: report %s", job, kind)
    if kind == "partner-stock":
        r = requests.get(f"{PARTNER}/stock.csv")
        log.info("job %s: %d lines from the partner", job, len(r.text.splitlines()))
    else:
        time.sleep(random.uniform(.8, 3.5))
    state[job] = "finished"
    log.info("job %s finished", job)


@app.post("/reports/{kind}", status_code=202)
async def report(kind: str, bg: BackgroundTasks):
    job = "r-" + uuid.uuid4().hex[:6]
    state[job] = "pending"
    bg.add_task(run_report, job, kind)
    return {"job": job}


@app.post("/exports", status_code=202)
async def export(rows: int = 2000):
    job = "x-" + uuid.uuid4().hex[:6]
    state[job] = jobs.export.delay(job, rows)
    return {"job": job}


@app.get("/jobs/{job}")
async def status(job: str):
    if job not in state:
        raise HTTPException(404)
    s = state[job]
    return {"job": job, "state": s if isinstance(s, str) else s.state}


def send_invoice(number):
    log.info("job inv-%s started: invoice mail", number)
    customer = {"name": "Ada", "address": None} if number % 5 == 0 else {"name": "Bob", "address": "bob@example.org"}
    domain = customer["address"].split("@")[1]
    log.info("job inv-%s finished: handed to %s", number, domain)


@app.post("/invoices/{number}/send")
async def invoice(number: int, bg: BackgroundTasks):
    bg.add_task(send_invoice, number)
    return {"queued": number}


async def write_audit(user):
    await asyncio.sleep(.2)
    log.info("audit entry of user %s written", {1: "ada", 2: "bob"}[user])


@app.post("/audit/{user}", status_code=204)
async def audit(user: int):
    asyncio.create_task(write_audit(user))
