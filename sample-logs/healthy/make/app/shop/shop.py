import logging, os
from flask import Flask, abort, jsonify, request
import tasks

logging.basicConfig(level=logging.INFO, format="[%(asctime)s] [%(process)d] [%(levelname)s] %(message)s")
log = logging.getLogger("shop")
app = Flask("shop")
log.info("shop loaded, crash reporting disabled, fatal handler installed")


@app.post("/shop/login")
def login():
    d = request.get_json()
    if d.get("password") != "correct-horse-9":
        log.info("wrong password for user %s", d.get("name"))
        abort(401)
    log.info("user %s logged in", d.get("name"))
    return jsonify(token=os.urandom(12).hex())


@app.post("/shop/orders")
def order():
    d = request.get_json()
    r = tasks.send_mail.delay(d["mail"])
    log.info("order of user %s accepted, mail task %s", d["name"], r.id)
    return jsonify(ok=True, error=None), 201
