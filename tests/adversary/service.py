"""An attacker in the place of the service: its pages lead elsewhere, never end, unpack to more than
a machine holds, contradict themselves, and paint on the terminal that shows them.

Prints its port, and a second one that nobody may be led to; `/led` there says who came.
"""

import gzip
import http.server
import json
import threading

PAINT = "\x1b[2J\x1b]0;owned\x07\u202eDESSAP\u202c \x9b31m <img src=x onerror=alert(1)> @everyone"
LED = []


class Elsewhere(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path != "/led":
            LED.append(self.path)
        answer(self, 200, json.dumps({"status": "ok", "led": LED}).encode())

    def log_message(self, *_words):
        pass


class Hostile(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        page = getattr(self, "page_" + self.path.strip("/"), None)
        if page is None:
            answer(self, 404, b"")
        else:
            page()

    def page_elsewhere(self):
        there = f"http://127.0.0.1:{elsewhere.server_port}/secret"
        answer(self, 302, b"{}", [("Location", there)])

    def page_file(self):
        answer(self, 302, b"{}", [("Location", "file:///etc/passwd")])

    def page_loop(self):
        answer(self, 307, b"{}", [("Location", "/loop")])

    def page_endless(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        try:
            while True:
                self.wfile.write(b'{"status": "ok"}' * 4096)
        except OSError:
            pass

    def page_bomb(self):
        packed = gzip.compress(b" " * (1 << 30), 9)
        kind = [("Content-Encoding", "gzip"), ("Content-Type", "application/json")]
        answer(self, 200, packed, kind)

    def page_deep(self):
        answer(self, 200, b'{"status": ' + b"[" * 200_000)

    def page_twice(self):
        answer(self, 200, b'{"status": "down", "status": "ok"}')

    def page_paint(self):
        answer(self, 200, json.dumps({"status": PAINT}).encode(), [("X-Paint", "\x1b[31m")])

    def page_honest(self):
        answer(self, 200, b'{"status": "ok"}')

    def page_variables(self):
        answer(self, 200, b'{"variables": {"FOURTH": "pass"}, "pass": []}')

    def log_message(self, *_words):
        pass


def answer(request, status, body, headers=()):
    request.send_response(status)
    for name, value in headers:
        request.send_header(name, value)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    try:
        request.wfile.write(body)
    except OSError:
        pass


hostile = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hostile)
elsewhere = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
threading.Thread(target=elsewhere.serve_forever, daemon=True).start()
print(hostile.server_port, elsewhere.server_port, flush=True)
hostile.serve_forever()
