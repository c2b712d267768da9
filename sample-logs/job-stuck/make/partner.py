"""The partner's server: answers /stock.csv, but while the file `hang` exists it accepts and never answers."""
import os, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class H(BaseHTTPRequestHandler):
    def do_GET(self):
        if os.path.exists("hang"):
            time.sleep(100000)
        body = b"sku;n\n" + b"SKU-1;4\n" * 40
        self.send_response(200); self.send_header("Content-Length", str(len(body))); self.end_headers(); self.wfile.write(body)
    def log_message(self, *a): pass
ThreadingHTTPServer(("127.0.0.1", 21499), H).serve_forever()
