import json
import logging
import os
import queue
import sys
import uuid

import paho.mqtt.client as mqtt
import requests
from flask import Flask, jsonify, request

logging.basicConfig(stream=sys.stdout, level=logging.INFO,
                    format="%(asctime)s %(levelname)s [%(process)d] %(name)s: %(message)s")
log = logging.getLogger("portal")
logging.getLogger("paho").setLevel(logging.WARNING)

CLIENT_ID = os.environ.get("MQTT_CLIENT_ID", "prompt-portal").replace("{pid}", str(os.getpid()))
RELEASE = os.environ.get("RELEASE", "dev")
waiting = {}


def on_connect(c, u, flags, rc, props):
    log.info("mqtt connected as %s (%s)", CLIENT_ID, rc)
    c.subscribe(f"prompt/reply/#", qos=1)


def on_disconnect(c, u, flags, rc, props):
    log.warning("mqtt connection of %s lost: %s", CLIENT_ID, rc)


def on_message(c, u, msg):
    q = waiting.get(msg.topic.rsplit("/", 1)[1])
    if q:
        q.put(json.loads(msg.payload))


client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=CLIENT_ID)
client.enable_logger(logging.getLogger("paho"))
client.on_connect, client.on_disconnect, client.on_message = on_connect, on_disconnect, on_message
client.reconnect_delay_set(1, 2)
client.connect("127.0.0.1", 21883, keepalive=8)
client.loop_start()
app = Flask(__name__)
log.info("portal release %s worker ready, mqtt client id %s", RELEASE, CLIENT_ID)


@app.get("/health")
def health():
    return jsonify(status="ok", mqtt=client.is_connected(), release=RELEASE)


@app.get("/prompts")
def prompts():
    return jsonify([{"id": i, "title": f"prompt {i}"} for i in range(1, 8)])


@app.post("/prompts/<int:pid>/run")
def run(pid):
    rid = uuid.uuid4().hex[:8]
    q = waiting[rid] = queue.Queue()
    try:
        if not client.is_connected():
            log.error("run %s of prompt %s refused: mqtt not connected", rid, pid)
            return jsonify(detail="broker not reachable", run=rid), 503
        client.publish(f"prompt/request/{rid}", json.dumps({"prompt": pid}), qos=1)
        try:
            answer = q.get(timeout=5)
        except queue.Empty:
            log.error("run %s of prompt %s: no reply over mqtt within 5 s", rid, pid)
            return jsonify(detail="no reply in time", run=rid), 504
        log.info("run %s of prompt %s answered by %s", rid, pid, answer["by"])
        return jsonify(run=rid, **answer)
    finally:
        waiting.pop(rid, None)


@app.post("/prompts/<int:pid>/share")
def share(pid):
    try:
        requests.post("http://127.0.0.1:21899/hooks/chat", json={"prompt": pid}, timeout=1)
    except requests.RequestException as e:
        log.error("chat hook failed, prompt %s is shared without a notice: %s", pid, e)
    return jsonify(shared=pid)
