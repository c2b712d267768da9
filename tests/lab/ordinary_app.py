"""A healthy service that has small troubles and deals with them: what it logs must alarm nobody."""
import logging, random
logging.basicConfig(level=logging.DEBUG, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
dice = random.Random(3)
log = logging.getLogger("orders")
say = [
    (logging.INFO, "order {n} accepted, total {m}.00"), (logging.INFO, "payment for order {n} settled in {m} ms"),
    (logging.DEBUG, "cache miss for customer {n}, loading"), (logging.INFO, "GET /health 200 {m}ms"),
    (logging.WARNING, "payment gateway answered 503, attempt 1 of 3, retrying in 2 s"),
    (logging.INFO, "attempt 2 of 3 succeeded"), (logging.WARNING, "slow query: {m}00 ms select ... from orders"),
    (logging.INFO, "customer {n} mistyped the password, 2 tries left"), (logging.INFO, "no error report was due"),
    (logging.WARNING, "stock of item {n} below 5"), (logging.INFO, "error budget of this month: 99 % left"),
    (logging.INFO, "job import-{n} started"), (logging.INFO, "job import-{n} finished, 0 failed, {m} done"),
    (logging.DEBUG, "pool: {m} idle, 2 in use, 0 waiting"), (logging.WARNING, "deprecated option 'timeout' used, please use 'deadline'"),
    (logging.INFO, "session of user {n} expired, asking to sign in again"), (logging.INFO, "upload {n} rejected: too large"),
    (logging.INFO, "exception list reloaded, {m} entries"), (logging.INFO, "crash reporter is off"),
    (logging.WARNING, "websocket of customer {n} closed by peer, code 1001"), (logging.INFO, "rate limit: {m} of 100 used"),
]
for n in range(5000):
    level, words = dice.choice(say)
    log.log(level, words.format(n=n, m=dice.randint(1, 90)))
    if words.startswith("job import-{n} started"):
        log.info("job import-%s finished, 0 failed, 3 done", n)
