"""Starts jobs and asks for their state: client.py STOPFILE; while the file `no-partner` exists it asks for no partner report."""
import json, os, random, sys, threading, time, urllib.request

B = "http://127.0.0.1:21401"
def call(m, p):
    try:
        with urllib.request.urlopen(urllib.request.Request(B + p, method=m), timeout=10) as r:
            return json.loads(r.read() or b"{}")
    except Exception:
        return {}
def job(p):
    j = call("POST", p).get("job")
    for _ in range(12):
        time.sleep(4)
        if not j or call("GET", "/jobs/" + j).get("state") in ("finished", "SUCCESS", "FAILURE"):
            return
n = 100
while not os.path.exists(sys.argv[1]):
    r = random.random()
    if r < .45: p = "/reports/" + random.choice(["sales", "returns", "sales-by-region"])
    elif r < .52 and not os.path.exists("no-partner"): p = "/reports/partner-stock"
    elif r < .72: p = f"/exports?rows={random.choice([1000, 2000, 3000])}"
    elif r < .9:
        n += 1
        if n % 5 == 0 and not 120 <= n: n += 1          # invoice 120, 150, ... meets a customer without an address
        p = f"/invoices/{n}/send"
    elif r < .985: p = f"/audit/{random.choice([1, 2])}"
    else: p = "/audit/3"
    threading.Thread(target=job if p.startswith(("/rep", "/exp")) else lambda p: call("POST", p), args=(p,), daemon=True).start()
    time.sleep(random.uniform(.8, 2.2))
