"""A device for the page: serves the page's files as cairnd does, and plays an update and a change of settings."""

import http.server
import json
import queue
import re
import ssl
import threading
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = REPOSITORY / "installer/daemon/page"
POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; "
          "form-action 'none'; frame-ancestors 'none'")
TYPES = {"html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}

OS = {"name": "base", "version": "1.1.0", "architecture": "x86_64", "build_time": "2026-11-20T00:00:00Z", "slot": "a", "root_hash": "85" * 32,
      "on_trial": False, "development_keys": True, "secure_boot": None, "machine": "Standard PC <b>(Q35)</b>", "machine_id": "0123456789abcdef" * 2,
      "boot_id": "b", "kernel": "6.12.1", "uptime_seconds": 90061, "data": {"state": "mounted", "error": ""}, "api_fingerprint": "2f" * 32}
HEALTH = {"status": "good", "boot_confirmed": True, "deadline_seconds_left": None,
          "checks": [{"name": "api", "kind": "service", "ok": True, "message": "answers"}, {"name": "web", "kind": "http", "ok": True, "message": "200"}]}
SERVICES = {"services": [
    {"name": "cairnd", "state": "up", "pid": 80, "since": 1790000000, "restarts": 0, "last_exit": None, "crashes": []},
    {"name": "web", "state": "failed", "pid": None, "since": None, "restarts": 12, "last_exit": "signal 11",
     "crashes": [{"time": 1790000000, "signal": 11, "last_lines": ["about to divide", "by zero"]}]}]}
SCHEMA = {
    "network.host_name": {"type": "string", "description": "the name of this machine", "allowed": "text", "most": 63, "default": "cairn", "first_boot": True, "piece": "n"},
    "network.dns.servers": {"type": "list", "item": {"type": "string"}, "description": "name servers", "first_boot": True, "piece": "n"},
    "network.interfaces": {"type": "table", "item": {"type": "record", "fields": {}}, "description": "the interfaces", "first_boot": True, "piece": "n"},
    "log.level": {"type": "enumeration", "choices": ["info", "debug"], "description": "how much is written", "first_boot": False, "piece": "l"},
    "updates.check_minutes": {"type": "integer", "least": 0, "most": 10080, "description": "how often to look", "first_boot": False, "piece": "u"},
    "updates.ignore_waves": {"type": "boolean", "description": "take part at once", "first_boot": False, "piece": "u"},
    "api.token": {"type": "string", "secret": True, "description": "a secret", "first_boot": False, "piece": "a"}}
OFFER = {"version": "1.2.0", "date": "2026-11-21", "notes": "mends the clock\n<script>alert(1)</script>", "download_bytes": 12300000,
         "changes": [{"package": "chrony", "from": "4.5", "to": "4.6"}, {"package": "tzdata", "from": None, "to": "2026a"}]}


class FakeDevice(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, certificate, key, client):
        super().__init__(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(certificate, key)
        context.load_verify_locations(client)
        context.verify_mode = ssl.CERT_REQUIRED
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.listeners, self.asked = [], []
        self.values = {"network": {"host_name": "gate", "dns": {"servers": ["1.1.1.1"]}}, "api": {"token": "(secret)"}}
        self.patch = {}
        self.go_on = threading.Event()
        self.update = {"update_state": "Idle", "running": {"name": "base", "version": "1.1.0", "slot": "a", "is_good": True, "root_hash": "85" * 32},
                       "other": {"name": "base", "version": "1.0.0", "slot": "b", "is_good": True, "root_hash": "12" * 32}, "available": None,
                       "not_offered": [{"version": "1.3.0", "why": "its wave begins on 2026-12-01"}], "staged": None, "progress": None,
                       "most_recent_command": None, "denied": [{"name": "base", "version": "1.1.1", "ban": "denied", "cause": "check 'web' failed", "time": 5}],
                       "boots": [], "story": ["1.1.1 was tried and failed: check 'web' failed", "1.1.0 runs again"],
                       "repository": "https://updates.example.org", "last_refresh": 1790000000}
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def handle_error(self, *_):
        pass  # browsers hang up

    def tell(self, name, data):
        for listener in self.listeners:
            listener.put(f"event: {name}\ndata: {json.dumps(data)}\n\n")

    def prepare(self):
        for done in (0, 6000000):
            self.update["progress"] = {"step": "fetch", "done": done, "total": 12300000}
            self.tell("progress", self.update["progress"])
            if done:
                self.go_on.wait(60)
        self.update |= {"update_state": "Staged", "staged": {"version": "1.2.0"}, "progress": None,
                        "most_recent_command": {"command": "prepare", "time": int(time.time()), "outcome": "success", "message": ""}}
        self.tell("status", self.update)

    def act(self, action):
        if action == "refresh-updates":
            self.update |= {"update_state": "Available", "available": OFFER}
        elif action == "prepare-update":
            threading.Thread(target=self.prepare, daemon=True).start()
            return 202, self.update
        elif action == "activate-update":
            self.update["update_state"] = "Ready"
        self.tell("status", self.update)
        return 200, self.update

    def preview(self):
        name = self.patch.get("network", {}).get("host_name")
        bad = name is not None and " " in name
        return {"tx": "page", "differences": [{"path": "network.host_name", "before": "gate", "after": name}], "services": ["hostname"],
                "violations": [{"path": "network.host_name", "value": f'"{name}"', "why": "has letters that are not allowed", "allowed": "a host name"}]
                if bad else []}

    def answer(self, method, path, body):
        """(status, JSON or text)"""
        plain = path.split("?")[0]
        if action := re.fullmatch("/actions/(.*)", plain):
            return self.act(action[1])
        if (method, plain) == ("PATCH", "/settings"):
            self.patch = body
            return 204, None
        if plain == "/tx/commit_and_apply":
            trial = {"tx": "page", "seconds": body["try_seconds"], "seconds_left": 60, "until": int(time.time()) + 60} if body else None
            return 200, {"version": None if trial else 4, "files": [], "services": ["hostname"], "try": trial}
        if plain == "/tx/confirm":
            self.values["network"]["host_name"] = self.patch["network"]["host_name"]
            return 200, {"version": 4}
        if plain == "/tx":
            return (200, self.preview()) if method == "GET" else (204, None)
        known = {"/os": OS, "/health": HEALTH, "/services": SERVICES, "/settings": self.values, "/settings/schema": SCHEMA, "/updates/status": self.update,
                 "/settings/history": {"current": 3, "entries": [
                     {"version": 3, "parent": 2, "time": 1790000000, "who": "laptop", "what": "network", "returned_to": None}]},
                 "/services/web/restart": {}}
        if plain == "/logs":
            return 200, "2026-11-21 01:00:00 starting\n2026-11-21 01:00:01 <i>up</i>\n" if "service=" in path else {"services": ["cairnd", "web"]}
        return (200, known[plain]) if plain in known else (404, {"error": {"message": f"there is no {plain}"}})


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def give(self, status, kind, content, headers=()):
        self.send_response(status)
        for name, value in (("Content-Type", kind), ("Content-Length", str(len(content))), *headers):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def events(self):
        mine = queue.Queue()
        self.server.listeners.append(mine)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.wfile.write(b": hello\n\n")
        while True:
            self.wfile.write(mine.get().encode())

    def serve(self):
        text = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if self.path == "/events":
            return self.events()
        file = PAGE / ("index.html" if self.path == "/" else self.path.removeprefix("/static/"))
        if self.path == "/" or self.path.startswith("/static/"):
            return self.give(200, TYPES[file.suffix[1:]], file.read_bytes(), (("Content-Security-Policy", POLICY),))
        if self.command != "GET":
            self.server.asked.append(f"{self.command} {self.path} {text}")
            if self.headers["Content-Type"] != "application/json":
                return self.give(415, "application/json", b"{}")
        status, answer = self.server.answer(self.command, self.path, json.loads(text) if text else None)
        is_text = isinstance(answer, str)
        content = b"" if status == 204 else answer.encode() if is_text else json.dumps(answer).encode()
        return self.give(status, "text/plain" if is_text else "application/json", content)

    do_GET = do_POST = do_PATCH = do_DELETE = serve

    def log_message(self, *_):
        pass
