# Customers, an uptime monitor, two people of the office and some bots; runs until it is killed.
import http.client, json, random, socket, threading, time
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
        if x < .12: req(ip, ua, "GET", "/")
        elif x < .36: req(ip, ua, "GET", "/api/products")
        elif x < .64: req(ip, ua, "GET", f"/api/products/{rnd.randint(1, 62)}")
        elif x < .80: req(ip, ua, "POST", "/api/login", {"name": "admin", "password": "correct-horse-9" if rnd.random() < .93 else "corect-horse-9"})
        elif x < .92: req(ip, ua, "POST", "/api/orders", {"product": rnd.randint(1, 60), "count": 1, "mail": f"c{seed}@example.org"})
        elif x < .94: req(ip, ua, "POST", "/api/orders", {"product": 3, "count": "two"})
        elif x < .97: req(ip, ua, "GET", "/api/reports/export", timeout=rnd.choice([.5, 10]))
        else: req(ip, ua, "GET", "/favicon.ico")
        time.sleep(rnd.expovariate(1 / 5.5))


def monitor():
    while True:
        req("192.0.2.10", "UptimeProbe/2.1", "GET", "/healthz")
        time.sleep(10)


def office(ip, seed):
    rnd = random.Random(seed)
    while True:
        req(ip, UA[seed % 4], "POST", "/admin/login", {"name": "admin", "password": "correct-horse-9"})
        for _ in range(rnd.randint(1, 3)):
            time.sleep(rnd.uniform(2, 6))
            req(ip, UA[seed % 4], "GET", "/admin/stats")
        if rnd.random() < .3:
            req(ip, UA[seed % 4], "GET", "/api/reports/top")
        time.sleep(rnd.uniform(3, 9))


def bots():
    rnd = random.Random(5)
    paths = ["/wp-login.php", "/xmlrpc.php", "/.env", "/wp-content/plugins/hello.php", "/phpmyadmin/index.php",
             "/.git/config", "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php", "/cgi-bin/luci",
             "/api/error", "/admin/config.php", "/backup.sql", "/api/v1/exception-handler"]
    while True:
        ip = rnd.choice(["198.51.100.9", "198.51.100.77", "198.51.100.130"])
        for p in rnd.sample(paths, rnd.randint(4, 9)):
            req(ip, rnd.choice(["python-requests/2.31.0", "Mozilla/5.0 zgrab/0.x", "-"]), "GET", p)
            time.sleep(rnd.uniform(.1, .6))
        time.sleep(rnd.uniform(8, 20))


for i, n in enumerate([11, 18, 24, 37, 52, 66, 81, 93, 104, 140, 187, 201]):
    threading.Thread(target=customer, args=(f"203.0.113.{n}", i)).start()
for f, a in ((monitor, ()), (office, ("10.20.0.40", 71)), (office, ("10.20.0.41", 72)), (bots, ())):
    threading.Thread(target=f, args=a).start()
