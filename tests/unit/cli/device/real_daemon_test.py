#!/usr/bin/env python3
"""The real cairnctl with the real cairnd over a made-up root: settings, services, logs, events, and pairing over TLS.
`real_daemon_test.py CAIRNCTL CAIRND SOURCE_DIR`."""

import os
import re
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "installer/daemon"))
from openapi_test import Helper, make_root, run_daemon


class Device:
    """One device, and a person who types commands there or elsewhere."""

    def __init__(self, cairnctl, place):
        self.cairnctl, self.place = cairnctl, place

    def run(self, *words, status=0):
        """What the program prints; `status` is what it must end with."""
        result = subprocess.run([self.cairnctl, *words], env={**os.environ, "XDG_CONFIG_HOME": str(self.place)}, stdin=subprocess.DEVNULL,
                                capture_output=True, text=True, timeout=60)
        if result.returncode != status:
            raise SystemExit(f"cairnctl {' '.join(words)} ended with {result.returncode}: {result.stdout}{result.stderr}")
        return result.stdout + result.stderr

    def there(self, *words, status=0):
        return self.run("--socket", str(self.place / "api.sock"), *words, status=status)


def expect(text, *wanted):
    for part in wanted:
        if part not in text:
            raise SystemExit(f"'{part}' is not in: {text}")


def check_looking(device):
    expect(device.there("ping"), "answers after")
    expect(device.there("status"), "base 1.0", "other slot  0.9", "2.0: it panics", "DEVELOPMENT KEYS")
    expect(device.there("os"), "machine id")
    expect(device.there("services"), "app")
    expect(device.there("services", "restart", "app"), "app restarts")
    expect(device.there("services", "restart", "none", status=1), "there is no service 'none'")
    expect(device.there("logs"), "app")
    expect(device.there("logs", "app", "-n", "5"), "hello")
    expect(device.there("sbom"), "SPDX-2.3")
    bundle = device.place / "bundle.tar.zst"
    device.there("logs", "--bundle", str(bundle))
    if bundle.read_bytes()[:4] != b"\x28\xb5\x2f\xfd":
        raise SystemExit("the bundle is no zstd stream")
    expect(device.there("update", "check", status=1), "updates.repository")
    expect(device.there("update", "activate", status=1), "nothing is staged")


def check_settings(device):
    expect(device.there("settings", "get", "network.host_name"), "\n")
    expect(device.there("settings", "set", "network.host_name=lab", "time.ntp_servers=a.example,b.example"), "network.host_name", "lab", "pending")
    expect(device.there("settings", "set", "time.ntp_servers-=a.example"), "b.example")
    expect(device.there("settings", "apply"), "applied as version 1", "restarted: app")
    expect(device.there("settings", "get", "time.ntp_servers"), '["b.example"]')
    expect(device.there("settings", "set", "network.host_name=-", status=1), "not allowed")
    expect(device.there("settings", "apply", status=2), "network.host_name")
    device.there("settings", "forget")
    expect(device.there("settings", "set", "--apply", "--try", "60", "network.host_name=tried"), "being tried for 60 s", "settings confirm")
    expect(device.there("settings", "confirm"), "kept as version 2")
    expect(device.there("settings", "history"), "*  2")
    expect(device.there("settings", "undo"), "applied as version 3")
    expect(device.there("settings", "get", "network.host_name"), "lab")
    device.there("settings", "export", str(device.place / "export.json"))
    expect(device.there("settings", "import", "--apply", str(device.place / "export.json")), "applied as version")


def check_events(device):
    """An event arrives while the stream is open, not when it ends."""
    words = [device.cairnctl, "--socket", str(device.place / "api.sock"), "events", "--json"]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as events:
        for number in range(100):  # until the stream is there
            device.there("settings", "set", "--apply", f"network.host_name=name{number}")
            if select.select([events.stdout], [], [], 0.1)[0] and b'"settings"' in os.read(events.stdout.fileno(), 1 << 16):
                break
        else:
            raise SystemExit("no event came")
        events.kill()


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def wait_for_port(port):
    for _ in range(300):
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit("nobody listens on the API's port")


def check_pairing(device):
    port = free_port()
    address = f"127.0.0.1:{port}"
    device.there("settings", "set", "--apply", f"api.tls_port={port}", "api.tls_enabled=true")
    wait_for_port(port)
    fingerprint = "".join(re.search(r"api fingerprint\s+([0-9a-f ]+)", device.there("os"))[1].split())
    told = device.run("pair", address, "--fingerprint", fingerprint, "--role", "operator", "--name", "laptop")
    line = re.search(r"cairnctl settings set --apply '(api.clients\+=.*)'", told)[1]
    expect(device.run("os", "--host", address, status=1), "pair")
    device.there("settings", "set", "--apply", line)
    expect(device.run("status", "--host", address), "base 1.0")
    expect(device.run("settings", "set", "--apply", "network.host_name=x", "--host", address, status=1), "admin")
    device.there("settings", "unset", "--apply", "api.clients")
    device.run("os", "--host", address, status=1)


def main(cairnctl, cairnd, source):
    place = Path(tempfile.mkdtemp(prefix="cairn"))
    try:
        place.chmod(0o755)
        make_root(place / "root", Path(source))
        Helper(place / "helper.sock")
        group = os.getegid() or 4711
        with run_daemon(cairnd, place, [group, 70001, 70002]):
            device = Device(cairnctl, place)
            for check in (check_looking, check_settings, check_events, check_pairing):
                check(device)
    finally:
        shutil.rmtree(place)
    print("cairnctl and cairnd understand each other")


if __name__ == "__main__":
    main(*sys.argv[1:])
