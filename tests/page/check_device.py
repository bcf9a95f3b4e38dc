#!/usr/bin/env python3
"""The console page of a real device in headless Chromium, with the key that `cairnctl pair` made: what it shows of the device, and a change of settings
that takes effect there. `check_device.py ADDRESS DEVICES [FOLDER]`: ADDRESS is https://localhost:PORT/, DEVICES the folder with client.key and
client.pem; screenshots go to FOLDER."""

import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
from browser import Browser, make_client_store

NAME = "named-by-the-page"


def look(browser, pictures, section, *texts):
    browser.run(f"location.hash = '{section}'")
    for text in texts:
        browser.wait_for_text(text)
    wide = browser.run("document.documentElement.scrollWidth - window.innerWidth")
    if wide > 0:
        raise RuntimeError(f"section {section} is {wide} pixels wider than the screen")
    if pictures:
        browser.screenshot(pictures / f"device-{section}.png")


def change_name(browser):
    browser.wait("document.getElementById('setting-network.host_name')")
    browser.run(f"""(() => {{ const input = document.getElementById('setting-network.host_name');
        input.value = '{NAME}'; input.dispatchEvent(new Event('input')); }})()""")
    browser.click("Apply")
    browser.wait_for_text("Restarts:")
    browser.click("Apply")
    browser.wait_for_text("The settings are applied.")


def main():
    address, keys = sys.argv[1], Path(sys.argv[2])
    pictures = Path(sys.argv[3]) if len(sys.argv) > 3 else None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        place = Path(folder)
        subprocess.run(["openssl", "pkcs12", "-export", "-inkey", keys / "client.key", "-in", keys / "client.pem", "-passout", "pass:",
                        "-out", place / "client.p12"], check=True)
        make_client_store(place, place / "client.p12")
        browser = Browser(place, 390, 844)
        try:
            browser.open(address)
            look(browser, pictures, "status", "connected", "development keys", "Versions", "running")
            look(browser, pictures, "update", "Idle", "Source")
            look(browser, pictures, "settings", "network.host_name")
            change_name(browser)
            look(browser, pictures, "services", "cairnd", "chronyd")
            look(browser, pictures, "logs")
            if browser.problems:
                raise RuntimeError(f"the browser complains: {browser.problems}")
        finally:
            browser.close()
    print("the device's page holds")


if __name__ == "__main__":
    main()
