"""Headless Chromium, driven by the DevTools protocol over a pipe: no library is needed."""

import base64
import json
import os
import subprocess
import time

POLICY = '{"AutoSelectCertificateForUrls": ["{\\"pattern\\": \\"https://localhost\\", \\"filter\\": {}}"]}'
# A namespace of its own, so that the policy is for this browser alone.
START = 'mkdir -p "$HOME/etc/policies/managed" && printf %s "$POLICY" > "$HOME/etc/policies/managed/test.json" && ' \
        'mount --bind "$HOME/etc" /etc/chromium && exec "$@"'


def make_client_store(home, p12):
    """The browser's store of certificates, with the client's in it."""
    store = home / ".pki/nssdb"
    store.mkdir(parents=True)
    subprocess.run(["certutil", "-N", "-d", f"sql:{store}", "--empty-password"], check=True)
    subprocess.run(["pk12util", "-i", p12, "-d", f"sql:{store}", "-W", "", "-K", ""], check=True, stdout=subprocess.DEVNULL)


class Browser:
    def __init__(self, home, width, height):
        down, self.output = os.pipe()
        self.input, up = os.pipe()
        namespace = ["unshare", "--mount"] if os.getuid() == 0 else ["unshare", "--map-root-user", "--mount"]

        def take_pipes():
            spare = [os.dup(down), os.dup(up)]  # neither may be 3 or 4 while those are made
            os.dup2(os.dup(spare[0]), 3)
            os.dup2(spare[1], 4)

        self.process = subprocess.Popen(
            [*namespace, "sh", "-c", START, "sh", "chromium", "--headless=new", "--no-sandbox", "--disable-gpu",
             "--ignore-certificate-errors", "--remote-debugging-pipe", f"--user-data-dir={home}/profile",
             f"--window-size={width},{height}", "--hide-scrollbars", "about:blank"],
            env={"PATH": os.environ["PATH"], "HOME": str(home), "POLICY": POLICY}, preexec_fn=take_pipes, close_fds=False,
            stderr=(home / "chromium.log").open("w"))
        os.close(down)
        os.close(up)
        self.rest, self.count, self.problems, self.session = b"", 0, [], None
        target = next(it for it in self.call("Target.getTargets")["targetInfos"] if it["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)

    def close(self):
        self.process.kill()
        self.process.wait()

    def call(self, method, **parameters):
        self.count += 1
        message = {"id": self.count, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.output, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.read()
            if answer.get("id") == self.count:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]

    def read(self):
        while b"\0" not in self.rest:
            piece = os.read(self.input, 1 << 16)
            if not piece:
                raise RuntimeError("the browser has ended")
            self.rest += piece
        text, self.rest = self.rest.split(b"\0", 1)
        message = json.loads(text)
        if message.get("method") == "Runtime.exceptionThrown":
            self.problems.append(message["params"]["exceptionDetails"].get("exception", {}).get("description", "exception"))
        if message.get("method") == "Log.entryAdded" and message["params"]["entry"]["level"] == "error":
            self.problems.append(message["params"]["entry"]["text"])
        return message

    def open(self, address):
        self.call("Page.navigate", url=address)

    def run(self, script):
        result = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{script}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def wait(self, condition, limit=30):
        end = time.monotonic() + limit
        while not self.run(f"Boolean({condition})"):
            if time.monotonic() > end:
                raise RuntimeError(f"never came: {condition}; the page says: {self.run('document.body?.innerText')}")
            time.sleep(0.05)

    def wait_for_text(self, text):
        self.wait(f"document.body?.innerText.includes({json.dumps(text)})")

    def click(self, text):
        """The button with that text, as a person finds it."""
        place = f"[...document.querySelectorAll('button')].find((it) => it.textContent === {json.dumps(text)} && it.offsetParent && !it.disabled)"
        self.wait(place)
        self.run(f"{place}.click()")

    def screenshot(self, path):
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)["data"]))
