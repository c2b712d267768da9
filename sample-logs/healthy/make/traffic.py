# Customers, an uptime monitor, two people of the office and some bots; runs until it is killed.
import http.client, json, random, socket, subprocess, threading, time
SERVER = "10.20.0.5"
UA = ["Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0",
      "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
      "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Mobile/15E148 Safari/604.1",
      "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15"]


def req(ip, ua, method, path, body=None, timeout=10):
    try:
        c = http.client.HTTPConnection(SERVER, 80, timeout=timeout, source_address=(ip, 0))
        h = {"Host": "shop.example.com", "User-Agent": ua}
        if body is not None:
            h["Content-Type"] = "application/json"
            body = json.dumps(body)
        c.request(method, path, body, h)
        r = c.getresponse()
        r.read()
        s = r.status
    except (OSError, http.client.HTTPException):
        s = 0
    finally:
        c.close()
    return s


def customer(ip, seed):
    rnd = random.Random(seed)
    ua = UA[seed % len(UA)]
    time.sleep(rnd.uniform(0, 5))
    while True:
        x = rnd.random()
        if x < .10: req(ip, ua, "GET", "/")
        elif x < .14: req(ip, ua, "GET", "/error-codes")
        elif x < .32: req(ip, ua, "GET", "/api/products")
        elif x < .36: req(ip, ua, "GET", "/api/errors")
        elif x < .60: req(ip, ua, "GET", f"/api/products/{rnd.randint(1, 61)}")
        elif x < .74: req(ip, ua, "POST", f"/api/visit/{rnd.randint(1, 60)}")
        elif x < .86: req(ip, ua, "POST", "/shop/login", {"name": rnd.choice(["anna", "killer", "panic", "errorist", "ben"]), "password": "correct-horse-9" if rnd.random() < .92 else "corect-horse-9"})
        elif x < .97: req(ip, ua, "POST", "/shop/orders", {"name": rnd.choice(["anna", "killer", "ben"]), "mail": rnd.choice(["killer@example.org", "fatal.error@example.org", "anna@example.org"])})
        else: req(ip, ua, "GET", "/favicon.ico")
        time.sleep(rnd.expovariate(1 / 4.5))


def monitor():
    while True:
        req("192.0.2.10", "UptimeProbe/2.1", "GET", "/healthz")
        time.sleep(10)


def sensors(name):
    while True:
        subprocess.run(["mosquitto_pub", "-i", name, "-t", f"sensor/{name}", "-q", "1", "-m", str(random.randint(180, 240) / 10)])
        time.sleep(random.uniform(12, 20))


def inside():
    while True:
        for m, p in (("GET", "/health"), ("POST", "/notify"), ("GET", "/health")):
            try:
                c = http.client.HTTPConnection("127.0.0.1", 3000, timeout=5)
                c.request(m, p, b"{}" if m == "POST" else None)
                c.getresponse().read()
                c.close()
            except OSError:
                pass
            time.sleep(3)


def bots():
    rnd = random.Random(5)
    paths = ["/wp-login.php", "/xmlrpc.php", "/.env", "/wp-content/plugins/hello.php", "/phpmyadmin/index.php",
             "/.git/config", "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php", "/cgi-bin/luci",
             "/backup.sql"]
    while True:
        ip = rnd.choice(["198.51.100.9", "198.51.100.77", "198.51.100.130"])
        for p in rnd.sample(paths, rnd.randint(2, 4)):
            req(ip, rnd.choice(["python-requests/2.31.0", "Mozilla/5.0 zgrab/0.x", "-"]), "GET", p)
            time.sleep(rnd.uniform(.1, .6))
        time.sleep(rnd.uniform(25, 40))


for i, n in enumerate([11, 18, 24, 37, 52, 66, 81, 93, 104, 140, 187, 201]):
    threading.Thread(target=customer, args=(f"203.0.113.{n}", i)).start()
for f, a in ((monitor, ()), (inside, ()), (sensors, ("freezer-1",)), (sensors, ("dead-storage-2",)), (sensors, ("door-3",)), (bots, ())):
    threading.Thread(target=f, args=a).start()
