# Stock service; every 11th answer is a 503 on purpose ("busy"), the shop asks again.
import itertools
from fastapi import FastAPI, HTTPException

app = FastAPI()
calls = itertools.count(1)


@app.get("/stock/{pid}")
def stock(pid: int):
    if next(calls) % 11 == 0:
        raise HTTPException(503, "busy, ask again")
    return {"stock": pid * 7 % 40}
