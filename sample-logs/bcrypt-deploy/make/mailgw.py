# The mail gateway of the story: answers, but closes every 7th connection without a word.
import socket
s = socket.create_server(("10.20.0.9", 2525))
n = 0
while True:
    c, _ = s.accept()
    n += 1
    with c:
        c.recv(200)
        if n % 7:
            c.sendall(b"250 ok\n")
