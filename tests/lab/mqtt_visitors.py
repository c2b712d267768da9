"""A few well-behaved MQTT clients, in plain bytes. In: port."""
import socket, struct, sys, time
port = int(sys.argv[1])
def text(s): return struct.pack("!H", len(s)) + s.encode()
def packet(kind, body): return bytes([kind, len(body)]) + body
for n in range(60):
    s = socket.create_connection(("127.0.0.1", port))
    s.sendall(packet(0x10, text("MQTT") + bytes([4, 2]) + struct.pack("!H", 30) + text(f"sensor-{n}")))
    s.recv(16)
    s.sendall(packet(0x82, struct.pack("!H", 1) + text(f"home/{n}/error") + b"\x00")); s.recv(16)
    for k in range(6): s.sendall(packet(0x30, text(f"home/{n}/temp") + b"21.5"))
    s.sendall(packet(0xC0, b"")); s.recv(16)
    s.sendall(packet(0xE0, b"")); s.close()
    time.sleep(0.01)
