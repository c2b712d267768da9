# The partner's stock service; hangs up on every 5th connection.
import socket
s = socket.create_server(("10.20.0.9", 9400))
n = 0
while True:
    c, _ = s.accept()
    n += 1
    with c:
        c.recv(2000)
        if n % 5:
            c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n[]")
