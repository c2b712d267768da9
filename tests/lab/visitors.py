"""Visits a web server as people and bots do. In: port, number of requests, and whether it knows no POST."""
import http.client, random, sys
port, wanted = int(sys.argv[1]), int(sys.argv[2])
dice = random.Random(7)
people = ["/", "/", "/", "/about.html", "/prices.html", "/old", "/favicon.ico", "/items/7", "/error-codes.html", "/docs/exception-handling", "/search?q=connection+refused+fix"]
bots = ["/.env", "/wp-login.php", "/admin/", "/.git/config", "/phpmyadmin/", "/robots.txt", "/api/v1/users?id=1%27%20OR%201=1", "/cgi-bin/test.cgi", "/server-status"]
agents = ["Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "curl/7.88.1", "python-requests/2.32.3", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15", "zgrab/0.x"]
for n in range(wanted):
    path = "/report" if n == wanted // 2 else dice.choice(bots if dice.random() < 0.12 else people)
    try:
        c = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        c.request(dice.choice(["GET"] * 12 + ["HEAD"] + ([] if len(sys.argv) > 3 else ["POST"])), path, headers={"User-Agent": dice.choice(agents), "Referer": "https://shop.example/"})
        c.getresponse().read()
        c.close()
    except OSError:
        pass
