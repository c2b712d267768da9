"""Steady client traffic: traffic.py BASE RPS PLAN.json STOPFILE   (Python standard library only)

PLAN.json is a list of {"w": weight, "m": method, "p": path, "b": body or null, "t": timeout in seconds}.
{n} in a path or body becomes a number, {u} a short random id.
"""
import http.client, json, os, random, sys, threading, time, urllib.parse, uuid

base, rps, plan, stop = sys.argv[1], float(sys.argv[2]), json.load(open(sys.argv[3])), sys.argv[4]
host = urllib.parse.urlsplit(base).netloc
CLIENTS = [(f"203.0.113.{a}", u) for a in (9, 17, 44, 61, 80, 112, 131, 205) for u in (
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36")]
CLIENTS += [("198.51.100.23", "okhttp/4.12.0")] * 4


def fill(s):
    return s.replace("{n}", str(random.randint(1, 400))).replace("{u}", uuid.uuid4().hex[:8])


def one(r):
    ip, ua = random.choice(CLIENTS)
    try:
        c = http.client.HTTPConnection(host, timeout=r.get("t", 30))
        body = fill(r["b"]) if r.get("b") else None
        h = {"User-Agent": ua, "X-Forwarded-For": ip, "Accept": "*/*"}
        if body:
            h["Content-Type"] = "application/json"
        c.request(r["m"], fill(r["p"]), body, h)
        c.getresponse().read()
        c.close()
    except Exception:
        pass


while not os.path.exists(stop):
    r = random.choices(plan, [x["w"] for x in plan])[0]
    threading.Thread(target=one, args=(r,), daemon=True).start()
    time.sleep(random.expovariate(rps))
time.sleep(1)
