"""Answers prompt/request/<id> on prompt/reply/<id>; also a sensor with a bad link that comes and goes."""
import json, random, sys, threading, time
import paho.mqtt.client as mqtt

if sys.argv[1] == "runner":
    def got(c, u, m):
        rid = m.topic.rsplit("/", 1)[1]
        def answer():
            time.sleep(random.uniform(.1, .6))
            c.publish(f"prompt/reply/{rid}", json.dumps({"by": "runner-1", "text": "ok"}), qos=1)
        threading.Thread(target=answer).start()
    c = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="prompt-runner-1")
    c.on_message = got
    c.on_connect = lambda c, u, f, rc, p: c.subscribe("prompt/request/#", qos=1)
    c.connect("127.0.0.1", 21883, keepalive=30)
    c.loop_forever()
else:                                   # office thermometers: connect, publish, sometimes drop the socket
    n = 0
    while True:
        n += 1
        c = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=f"thermo-{n % 3}")
        c.connect("127.0.0.1", 21883, keepalive=20)
        c.loop_start()
        c.publish(f"office/temp/{n % 3}", "21.5")
        time.sleep(random.uniform(4, 9))
        if n % 3 == 2:                  # the bad one: no DISCONNECT packet
            import socket, struct
            c.socket().setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            c._thread_terminate = True; c.socket().close()
        else:
            c.disconnect()
        c.loop_stop()
