import json, logging, os, sqlite3, sys, time
from passlib.context import CryptContext

DB = "/srv/shop/data/shop.db"
pwd = CryptContext(schemes=["bcrypt"], deprecated="auto", bcrypt__rounds=10)


class JsonFormatter(logging.Formatter):
    def format(self, r):
        d = {"ts": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(r.created)) + ".%03dZ" % r.msecs,
             "level": r.levelname.lower(), "logger": r.name, "msg": r.getMessage()}
        d.update(getattr(r, "f", {}))
        return json.dumps(d)


def json_logger(name):
    log = logging.getLogger(name)
    h = logging.StreamHandler(sys.stdout)
    h.setFormatter(JsonFormatter())
    log.addHandler(h)
    log.setLevel(logging.INFO)
    log.propagate = False
    return log


def db():
    c = sqlite3.connect(DB, timeout=10)
    c.execute("create table if not exists users(name text primary key, hash text not null)")
    c.execute("create table if not exists mails(id integer primary key, rcpt text, done integer default 0)")
    c.commit()
    return c


def ensure_user(name, password):
    """Create the user, or check that the stored hash still answers to the configured password."""
    with db() as c:
        row = c.execute("select hash from users where name=?", (name,)).fetchone()
        if row is None:
            c.execute("insert into users values(?,?)", (name, pwd.hash(password)))
            return "created"
        if not pwd.verify(password, row[0]):
            c.execute("update users set hash=? where name=?", (pwd.hash(password), name))
            return "updated"
        return "unchanged"


def check(name, password):
    row = db().execute("select hash from users where name=?", (name,)).fetchone()
    return bool(row) and pwd.verify(password, row[0])
