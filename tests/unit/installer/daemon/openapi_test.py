#!/usr/bin/env python3
"""Starts the real cairnd over a made-up root and asks it everything that openapi.yaml describes: each answer must have a status, a
content type and members that are described there, and each role may do just what is said. `openapi_test.py CAIRND SOURCE_DIR`."""

import contextlib
import ctypes
import http.client
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import yaml

ROLES = ["none", "reader", "operator", "admin"]
NOBODY = 65534
MACHINE_ID = "0123456789abcdef0123456789abcdef"
PATCH = json.dumps({"network": {"host_name": "lab"}})
EVERYWHERE = {"401", "403", "404", "405", "413", "415", "431", "500", "503"}

# What is asked of each operation, in this order, and the status that an admin gets.
REQUESTS = [
    ("GET", "/os", "", None, 200), ("GET", "/health", "", None, 200), ("GET", "/metrics", "", None, 200),
    ("GET", "/sbom", "", None, 200), ("GET", "/attestation", "", None, 501), ("GET", "/events", "", None, 200),
    ("GET", "/settings", "", None, 200), ("GET", "/settings", "?set=true&paths=network", None, 200),
    ("GET", "/settings", "?paths=nothing", None, 400), ("GET", "/settings/schema", "", None, 200),
    ("PATCH", "/settings", "", PATCH, 204), ("PATCH", "/settings", "", '{"api": {"clients": "(secret)"}}', 400),
    ("PATCH", "/settings", "?tx=bad", '{"network": {"host_name": "-"}}', 204),
    ("GET", "/tx", "", None, 200), ("GET", "/tx", "?tx=bad", None, 200), ("GET", "/tx", "?tx=..", None, 400),
    ("GET", "/tx/list", "", None, 200), ("POST", "/tx/commit", "?tx=bad", "{}", 400),
    ("POST", "/tx/commit_and_apply", "?tx=bad", "{}", 400), ("DELETE", "/tx", "?tx=bad", "", 204),
    ("POST", "/tx/commit_and_apply", "", '{"try_seconds": 60}', 200), ("GET", "/tx/list", "", None, 200),
    ("POST", "/tx/commit", "", "{}", 409), ("POST", "/tx/confirm", "", "{}", 200), ("POST", "/tx/confirm", "", "{}", 409),
    ("POST", "/tx/apply", "", "{}", 200), ("POST", "/tx/apply", "", '{"try_seconds": 0}', 400),
    ("PATCH", "/settings", "", '{"network": {"host_name": "other"}}', 204), ("POST", "/tx/commit", "", "{}", 200),
    ("GET", "/settings/history", "", None, 200), ("POST", "/settings/undo", "", "{}", 200),
    ("POST", "/settings/undo", "", '{"version": "x"}', 400), ("GET", "/updates/status", "", None, 200),
    ("POST", "/actions/refresh-updates", "", "{}", 409), ("POST", "/actions/prepare-update", "", "{}", 409),
    ("POST", "/actions/activate-update", "", "{}", 409), ("POST", "/actions/deactivate-update", "", "{}", 200),
    ("POST", "/actions/rollback", "", "{}", 200), ("POST", "/actions/reboot", "", '{"reason": "test"}', 200),
    ("POST", "/actions/clear-denied", "", '{"version": "2.0"}', 200), ("POST", "/actions/clear-denied", "", "{}", 400),
    ("POST", "/actions/reset-data", "", "{}", 400), ("POST", "/actions/reset-data", "", json.dumps({"confirm": MACHINE_ID}), 200),
    ("GET", "/services", "", None, 200), ("POST", "/services/app/restart", "", "{}", 200),
    ("POST", "/services/none/restart", "", "{}", 404), ("GET", "/logs", "", None, 200),
    ("GET", "/logs", "?service=app&lines=5", None, 200), ("GET", "/logs", "?bundle=true", None, 200),
    ("GET", "/logs", "?service=none", None, 404), ("GET", "/logs", "?service=app&lines=0", None, 400),
    ("GET", "/", "", None, 200), ("GET", "/static/page.css", "", None, 200), ("GET", "/static/none.css", "", None, 404),
]

RUNNING = {"name": "base", "version": "1.0", "architecture": "x86_64", "root_hash": "aa", "slot": "a", "on_trial": False,
           "tries_left": None, "is_good": True}
STATE = {"running": RUNNING, "step": "idle", "image": None, "failed_trial": None,
         "other": {"name": "base", "version": "0.9", "root_hash": "bb", "slot": "b", "is_good": True},
         "denied": [{"name": "base", "version": "2.0", "ban": "denied", "cause": "it panics", "time": 1}],
         "boots": [{"boot": "b", "time": 1, "event": "attempt", "root_hash": "aa"}]}


class Helper:
    """Answers as cairn-helper would (installer/api/HELPER.md)."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(path))
        self.socket.listen(64)
        path.chmod(0o666)  # cairnd is another user when root starts it
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            connection, _ = self.socket.accept()
            with connection, connection.makefile("rb") as stream:
                size, _ = struct.unpack("<Ic", stream.read(5))
                answer = json.dumps(self.answer(json.loads(stream.read(size)))).encode()
                connection.sendall(struct.pack("<Ic", len(answer), b"J") + answer)

    @staticmethod
    def answer(request):
        if request["do"] == "state":
            return {"result": STATE}
        if request["do"] == "activate":
            return {"error": {"kind": "conflict", "message": "nothing is staged", "details": []}}
        if request["do"] == "apply_settings":
            return {"result": {"files": ["etc/hostname"], "services": ["app"]}}
        return {"result": {}}


def make_root(root, source):
    def write(name, text):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)

    write("usr/lib/cairn/release.json", json.dumps({**RUNNING, "build_time": "2026-11-20", "development_keys": True, "settings_format": 1}))
    for piece in source.glob("recipes/*/settings/*.toml"):
        write(f"usr/lib/cairn/settings/{piece.name}", piece.read_text())
    write("usr/share/cairn/sbom.spdx.json", json.dumps({"spdxVersion": "SPDX-2.3", "packages": []}))
    write("usr/share/cairn/console/index.html", "<!doctype html>")
    write("usr/share/cairn/console/page.css", "p {}")
    write("run/cairn/boot.json", json.dumps({"slot": "a", "root_hash": "aa", "machine": "test", "data": "mounted"}))
    write("run/service/app/supervise/stat", "run\n")
    write("etc/machine-id", MACHINE_ID + "\n")
    write("proc/uptime", "10.0 10.0\n")
    write("var/log/app/current", "2026-11-20_12:00:00.12345 hello\n")


class Connection(http.client.HTTPConnection):
    """To a Unix socket, in the given group: started by root, as nobody."""

    def __init__(self, path, group):
        super().__init__("localhost", timeout=30)
        self.path, self.group = str(path), group

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        if os.geteuid() != 0:
            return self.sock.connect(self.path)
        groups = os.getgroups()
        os.setgroups([])
        os.setegid(self.group)
        os.seteuid(NOBODY)
        try:
            self.sock.connect(self.path)
        finally:
            os.seteuid(0)
            os.setegid(0)
            os.setgroups(groups)


def ask(place, group, method, target, body):
    with contextlib.closing(Connection(place / "api.sock", group)) as connection:
        connection.request(method, target, body, {} if body is None else {"Content-Type": "application/json"})
        answer = connection.getresponse()
        kind = (answer.getheader("Content-Type") or "").split(";")[0]
        text = answer.read1(65536) if kind == "text/event-stream" else answer.read()
        return answer.status, kind, text, answer


class Checker:
    """The part of JSON Schema that openapi.yaml uses."""

    def __init__(self, document):
        self.document = document

    def resolve(self, node):
        while "$ref" in node:
            found = self.document
            for word in node["$ref"][2:].split("/"):
                found = found[word]
            node = found
        return node

    def problems(self, value, schema, place="body"):
        schema = self.resolve(schema)
        if "oneOf" in schema:
            options = [list(self.problems(value, option, place)) for option in schema["oneOf"]]
            if options.count([]) != 1:
                yield f"{place}: fits {options.count([])} of {len(options)} choices: {options}"
            return
        types = schema.get("type", [])
        types = [types] if isinstance(types, str) else types
        if types and not any(self.is_type(value, name) for name in types):
            yield f"{place}: {value!r} is not of type {types}"
            return
        if "enum" in schema and value not in schema["enum"]:
            yield f"{place}: {value!r} is none of {schema['enum']}"
        if isinstance(value, dict):
            for name in schema.get("required", []):
                if name not in value:
                    yield f"{place}: '{name}' is missing"
            properties, others = schema.get("properties", {}), schema.get("additionalProperties", True)
            for name, inner in value.items():
                if name in properties:
                    yield from self.problems(inner, properties[name], f"{place}.{name}")
                elif isinstance(others, dict):
                    yield from self.problems(inner, others, f"{place}.{name}")
                elif properties:
                    yield f"{place}: '{name}' is not described"
        if isinstance(value, list) and "items" in schema:
            for index, inner in enumerate(value):
                yield from self.problems(inner, schema["items"], f"{place}[{index}]")

    @staticmethod
    def is_type(value, name):
        kinds = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None), "integer": int, "number": (int, float)}
        return isinstance(value, kinds[name]) and not (name in ("integer", "number") and isinstance(value, bool))

    def operation(self, method, path):
        for pattern, operations in self.document["paths"].items():
            if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", pattern), path) and method.lower() in operations:
                return pattern, operations[method.lower()]
        raise SystemExit(f"{method} {path} is not described")

    def answer_problems(self, operation, status, kind, text):
        response = operation["responses"].get(str(status))
        if response is None and str(status) not in EVERYWHERE:
            return [f"status {status} is not described: {text[:300]}"]
        response = self.resolve(response or {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}})
        content = response.get("content", {})
        if not content:
            return [] if not text else [f"a body where none is described: {text[:300]}"]
        if kind not in content:
            return [f"content type '{kind}' is none of {list(content)}"]
        return list(self.problems(json.loads(text), content[kind]["schema"])) if kind == "application/json" else []


@contextlib.contextmanager
def run_daemon(cairnd, place, groups, cage=("--no-cage",)):
    """Its socket is `api.sock` in `place`: a link, as on a device."""
    own = place / "root/run/cairn/daemon/api.sock"
    (place / "api.sock").symlink_to(own)
    command = [cairnd, *cage, "--root", place / "root", "--socket", own, "--helper", place / "helper.sock", "--groups",
               ",".join(map(str, groups))]
    with open(place / "log", "w") as log:
        daemon = subprocess.Popen(command, stderr=log)
    try:
        for _ in range(600):
            if (place / "api.sock").exists() or daemon.poll() is not None:
                break
            time.sleep(0.05)
        yield daemon
        daemon.terminate()
        if (status := daemon.wait(20)) != 0:
            raise SystemExit(f"cairnd ended with status {status}: {(place / 'log').read_text()}")
    finally:
        daemon.kill()
        daemon.wait()


def check_role(role, checker, cairnd, source, cage, failures):
    place = Path(tempfile.mkdtemp(prefix="cairn"))
    try:
        place.chmod(0o755)
        make_root(place / "root", source)
        Helper(place / "helper.sock")
        group = os.getegid() or 4711
        groups = [group if role == one else 70000 + number for number, one in enumerate(["admin", "operator", "reader"])]
        with run_daemon(cairnd, place, groups, cage) as daemon:
            for method, path, query, body, expected in REQUESTS:
                _, operation = checker.operation(method, path)
                may = ROLES.index(role) >= ROLES.index(operation["x-role"])
                status, kind, text, _ = ask(place, group, method, path + query, body)
                problems = checker.answer_problems(operation, status, kind, text)
                if role == "admin" and status != expected:
                    problems.append(f"status {status} instead of {expected}: {text[:300]}")
                if (status == 403) == may:
                    problems.append(f"status {status}, but it is for '{operation['x-role']}'")
                failures += [f"{role}: {method} {path}{query}: {problem}" for problem in problems]
            check_refusals(checker, place, group, failures)
            if daemon.poll() is not None:
                failures.append(f"cairnd ended: {(place / 'log').read_text()}")
    finally:
        shutil.rmtree(place)


def has_landlock():
    create_ruleset, version = 444, 1
    return ctypes.CDLL(None).syscall(create_ruleset, None, 0, version) > 0


def check_refusals(checker, place, group, failures):
    """Other methods, no content type, another origin: for every path that is described."""
    for path, operations in checker.document["paths"].items():
        real = re.sub(r"\{\w+\}", "x", path)
        for method in {"GET", "POST", "PATCH", "DELETE", "PUT"} - {name.upper() for name in operations}:
            status, _, _, answer = ask(place, group, method, real, "{}" if method != "GET" else None)
            if status != 405 or not answer.getheader("Allow"):
                failures.append(f"{method} {path}: status {status} instead of 405 with Allow")
    status = ask(place, group, "GET", "/nowhere", None)[0]
    if status != 404:
        failures.append(f"GET /nowhere: status {status}")


def main(cairnd, source):
    source = Path(source)
    checker = Checker(yaml.safe_load((source / "installer/api/openapi.yaml").read_text()))
    asked = {(method, checker.operation(method, path)[0]) for method, path, *_ in REQUESTS}
    described = {(method.upper(), path) for path, operations in checker.document["paths"].items() for method in operations}
    failures = [f"{method} {path} is described, but not asked" for method, path in sorted(described - asked)]
    for role in ("reader", "operator", "admin"):
        # The cage needs a kernel that has Landlock; the operator's daemon is in it where there is one.
        cage = [] if role == "operator" and has_landlock() else ["--no-cage"]
        check_role(role, checker, cairnd, source, cage, failures)
    print("\n".join(failures) or f"{len(REQUESTS)} requests by each of 3 roles: as described")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
