#!/usr/bin/env python3
"""A scanner that speaks scan/v1, with nothing but the standard library. It finds the EICAR test file.

Usage: scanner.py [HOST:PORT]
"""
import json
import sys
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MAX_BYTES = 8 * 1024 * 1024
MARK = b"EICAR-STANDARD" + b"-ANTIVIRUS-TEST-FILE!"
INFO = {
    "protocol": "scan/v1",
    "name": "python-example",
    "epoch": "eicar-1",  # Changes when the verdict on the same bytes could change.
    "maxBytes": MAX_BYTES,
    "requires": {"contentLength": True},
}


class Scanner(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def handle(self):
        with suppress(ConnectionError):  # Clients may go away.
            super().handle()

    def do_GET(self):
        self.answer(200, INFO) if self.path == "/v1/info" else self.answer(404)

    def do_POST(self):
        length = self.headers.get("Content-Length", "")
        if self.path != "/v1/scan" or not length.isdigit():
            self.close_connection = True  # What follows is a body that nobody reads.
            return self.answer(404 if self.path != "/v1/scan" else 411)
        if int(length) > MAX_BYTES:
            left = int(length)  # Read on, or the client may not see the answer.
            while left > 0 and (piece := self.rfile.read(min(left, 65536))):
                left -= len(piece)
            return self.answer(413)
        found = MARK in self.rfile.read(int(length))
        threats = [{"name": "EICAR-Test-File", "engine": "python-example"}]
        verdict = {"verdict": "blocked", "reason": "malware", "threats": threats} if found else {"verdict": "clean"}
        self.answer(200, verdict)

    def answer(self, status, document=None):
        body = b"" if document is None else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Scan-Epoch", INFO["epoch"])
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    host, port = (sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:8080").rsplit(":", 1)
    server = ThreadingHTTPServer((host, int(port)), Scanner)
    print(f"listening on http://{host}:{server.server_port}", flush=True)
    server.serve_forever()
