"""Steady clients: traffic.py BASE RPS STOPFILE PLAN    (Python standard library only)

PLAN is `METHOD path weight` triples, joined by commas; {n} in a path becomes a number.
"""
import http.client, os, random, sys, threading, time, urllib.parse

host = urllib.parse.urlsplit(sys.argv[1]).netloc
rps, stop = float(sys.argv[2]), sys.argv[3]
plan = [one.split() for one in sys.argv[4].split(",")]
AGENTS = ["Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "okhttp/4.12.0"]


def one(method, path):
    try:
        connection = http.client.HTTPConnection(host, timeout=20)
        headers = {"User-Agent": random.choice(AGENTS), "X-Forwarded-For": f"203.0.113.{random.choice((9, 17, 44, 61, 80))}"}
        connection.request(method, path.replace("{n}", str(random.randint(1, 400))), None, headers)
        connection.getresponse().read()
        connection.close()
    except Exception:
        pass


while not os.path.exists(stop):
    method, path, _ = random.choices(plan, [float(weight) for _, _, weight in plan])[0]
    threading.Thread(target=one, args=(method, path), daemon=True).start()
    time.sleep(random.expovariate(rps))
time.sleep(1)
