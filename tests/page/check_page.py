#!/usr/bin/env python3
"""The console page in headless Chromium with a client certificate, on a phone's screen: what it shows, an update with live progress, a change of
settings that is tried and kept. `check_page.py [FOLDER]` leaves screenshots in FOLDER."""

import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
from browser import Browser, make_client_store
from fake_device import FakeDevice


def make_identity(place, name):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650", "-subj", f"/CN={name}",
                    "-keyout", place / f"{name}.key", "-out", place / f"{name}.pem"], check=True, stderr=subprocess.DEVNULL)


def start(place):
    for name in ("device", "client"):
        make_identity(place, name)
    subprocess.run(["openssl", "pkcs12", "-export", "-inkey", place / "client.key", "-in", place / "client.pem", "-passout", "pass:",
                    "-out", place / "client.p12"], check=True)
    make_client_store(place, place / "client.p12")
    return FakeDevice(place / "device.pem", place / "device.key", place / "client.pem")


class Check:
    def __init__(self, browser, device, pictures):
        self.browser, self.device, self.pictures = browser, device, pictures

    def expect(self, is_so, what):
        if not is_so:
            raise RuntimeError(f"{what}; the page says: {self.browser.run('document.body.innerText')}")

    def look(self, name):
        """Every section fits the screen, and can be looked at afterwards."""
        wide = self.browser.run("document.documentElement.scrollWidth - window.innerWidth")
        self.expect(wide <= 0, f"section {name} is {wide} pixels wider than the screen")
        if self.pictures:
            self.browser.screenshot(self.pictures / f"{name}.png")

    def go(self, section):
        self.browser.run(f"location.hash = '{section}'")

    def status(self):
        for text in ("Standard PC <b>(Q35)</b>", "1 d 1 h 1 min", "connected", "1.1.1 was tried and failed", "development keys"):
            self.browser.wait_for_text(text)
        self.look("status")

    def update(self):
        self.go("update")
        self.browser.click("Look for updates")
        self.browser.wait_for_text("Version 1.2.0")
        self.expect("<script>alert(1)</script>" in self.browser.run("document.body.innerText"), "notes are not shown as text")
        self.browser.click("Download and write")
        self.browser.wait_for_text("fetch 48 %")
        self.look("update")
        self.device.go_on.set()
        self.browser.click("Activate")
        self.browser.wait_for_text("The next restart tries the newer version")
        self.look("ready")

    def settings(self):
        self.go("settings")
        self.browser.wait("document.getElementById('setting-network.host_name')?.value === 'gate'")
        self.type_name("not allowed")
        self.browser.click("Apply")
        self.browser.wait_for_text("has letters that are not allowed")
        self.type_name("door")
        self.look("settings")
        self.browser.click("Try for 60 s")
        self.browser.wait_for_text("Restarts: hostname")
        self.browser.click("Try")
        self.browser.click("Keep them")
        self.browser.wait("document.getElementById('setting-network.host_name')?.value === 'door'")
        self.expect('PATCH /settings?tx=page {"network":{"host_name":"door"}}' in self.device.asked, f"the device was asked {self.device.asked}")
        self.expect(self.device.asked[-1].startswith("POST /tx/confirm"), "nothing was confirmed")

    def type_name(self, name):
        self.browser.run(f"""(() => {{ const input = document.getElementById('setting-network.host_name');
            input.value = '{name}'; input.dispatchEvent(new Event('input')); }})()""")

    def services_and_logs(self):
        self.go("services")
        self.browser.wait_for_text("1 crash")
        self.look("services")
        self.go("logs")
        self.browser.wait_for_text("<i>up</i>")
        self.look("logs")


def main():
    pictures = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        place = Path(folder)
        device = start(place)
        browser = Browser(place, 390, 844)
        try:
            browser.open(f"https://localhost:{device.server_port}/")
            check = Check(browser, device, pictures)
            check.status()
            check.update()
            check.settings()
            check.services_and_logs()
            check.expect(not browser.problems, f"the browser complains: {browser.problems}")
        finally:
            browser.close()
    print("the page holds")


if __name__ == "__main__":
    main()
