"""Servers that fail in one way each, for proxies that stand before them: upstreams.py FOLDER. Each listens on
127.0.0.1 and on a socket file in FOLDER; a request's path says how it fails (close, reset, big, bad, half, slow, error)."""
import os
import socket
import struct
import sys
import threading
import time

FASTCGI = 18901
HTTP = 18902
FULL = 18904


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def answer(connection, fastcgi):
    asked = connection.recv(65536)
    if not fastcgi:
        asked = asked.split(b"\r\n")[0]
    if b"close" in asked:
        pass
    elif b"reset" in asked:
        reset(connection)
    elif b"slow" in asked:
        time.sleep(8)
    elif b"bad" in asked:
        connection.sendall(b"not a header at all\r\n\r\n" if not fastcgi else b"HTTP/1.1 200 OK\r\n\r\n")
    elif fastcgi:
        text = b"Status: 200\r\nSet-Cookie: " + b"x" * (20000 if b"big" in asked else 1) + b"\r\n\r\nhello"
        connection.sendall(struct.pack("!BBHHBx", 1, 6, 1, len(text), 0) + text)
        if b"half" not in asked:
            connection.sendall(struct.pack("!BBHHBx", 1, 6, 1, 0, 0) + struct.pack("!BBHHBx8x", 1, 3, 1, 8, 0))
    elif b"big" in asked:
        connection.sendall(b"HTTP/1.1 200 OK\r\nSet-Cookie: " + b"x" * 70000 + b"\r\n\r\n")
    elif b"half" in asked:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this")
    elif b"error" in asked:
        connection.sendall(b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    else:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
    connection.close()


def serve(listener, fastcgi):
    listener.listen(16)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=answer, args=(connection, fastcgi), daemon=True).start()


def main(folder):
    for port, fastcgi, name in [(HTTP, False, "http.sock"), (FASTCGI, True, "fastcgi.sock")]:
        inet = socket.socket()
        inet.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        inet.bind(("127.0.0.1", port))
        local = socket.socket(socket.AF_UNIX)
        local.bind(os.path.join(folder, name))
        os.chmod(os.path.join(folder, name), 0o666)
        for listener in (inet, local):
            threading.Thread(target=serve, args=(listener, fastcgi), daemon=True).start()
    full = socket.socket()  # a queue of connections that stays full: whoever connects waits
    full.bind(("127.0.0.1", FULL))
    full.listen(0)
    waiting = [socket.socket() for _ in range(4)]
    for one in waiting:
        one.setblocking(False)
        one.connect_ex(("127.0.0.1", FULL))
    time.sleep(180)


main(sys.argv[1])
