"""A device for text cases: answers over a Unix socket what a case says, and remembers what it was asked."""

import http.server
import socketserver
import threading


class DeviceApi(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True

    def __init__(self, path):
        super().__init__(str(path), Handler)
        self.answers = {}
        self.asked = []
        self.old = set()
        self.lock = threading.Lock()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def add(self, argument, body):
        """"GET /os", "POST /actions/reboot 409", "GET /events 200 text/event-stream": several come one after the other,
        the last one stays. What is said after a run takes the place of what was said before it."""
        method, path, status, kind = (argument.split() + ["200", "application/json"][len(argument.split()) - 2:])[:4]
        if (method, path) in self.old:
            self.old.remove((method, path))
            self.answers.pop((method, path))
        self.answers.setdefault((method, path), []).append((int(status), kind, body.encode()))

    def handle_error(self, *_):
        """A client that has heard enough leaves."""

    def end_run(self):
        self.old = set(self.answers)

    def take(self, method, path, body):
        with self.lock:
            self.asked.append(f"{method} {path}{' ' + body if body else ''}")
            queue = self.answers.get((method, path))
            if queue is None:
                text = f'{{"error": {{"message": "the case has no answer to {method} {path}"}}}}'
                return 404, "application/json", text.encode()
            return queue.pop(0) if len(queue) > 1 else queue[0]


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if self.command not in ("GET", "HEAD") and self.headers.get("Content-Type") != "application/json":
            body += " (no Content-Type)"
        status, kind, content = self.server.take(self.command, self.path, body)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if kind != "text/event-stream":
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_HEAD = do_POST = do_PATCH = do_DELETE = answer

    def log_message(self, *_):
        pass
