import logging, signal, sys, time
logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s mailer: %(message)s")
def stop(*_):
    logging.info("terminated on request, 0 mails lost"); sys.exit(0)
signal.signal(signal.SIGTERM, stop)
logging.info("mailer started")
n = 0
while True:
    time.sleep(10); n += 1
    logging.info("run %s: queue empty, failed=0 dead=0 error_rate=0.0", n)
