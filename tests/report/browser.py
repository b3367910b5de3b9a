"""A headless Chromium, driven by ChromeDriver over the loopback interface, with the standard library alone."""

import base64
import contextlib
import http.client
import json
import os
import re
import subprocess
import tempfile

KEYS = {"Tab": "\ue004", "Enter": "\ue007", "Space": "\ue00d"}
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # how WebDriver marks a reference to an element


class Browser:
    """One page of a browser. `open_browser` starts and ends it."""

    def __init__(self, port):
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        arguments = ["--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                     "--force-color-profile=srgb"]
        if os.geteuid() == 0:
            arguments.append("--no-sandbox")  # Chromium's sandbox refuses root
        chrome = {"browserName": "chrome", "goog:chromeOptions": {"args": arguments},
                  "goog:loggingPrefs": {"browser": "ALL"}}
        session = self._call("POST", "/session", {"capabilities": {"alwaysMatch": chrome}})
        self._session = f"/session/{session['sessionId']}"

    def close(self):
        self._call("DELETE", self._session)
        self._connection.close()

    def show(self, file, width=1280, height=900, dark=False):
        """Opens a file in a window of this size."""
        self._devtools("Emulation.setDeviceMetricsOverride",
                       {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})
        self.set_dark(dark)
        self._call("POST", self._session + "/url", {"url": file.resolve().as_uri()})

    def set_dark(self, dark):
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._devtools("Emulation.setEmulatedMedia", {"features": [scheme]})

    def run(self, script, *arguments):
        """What the body of a function of JavaScript returns."""
        return self._call("POST", self._session + "/execute/sync", {"script": script, "args": list(arguments)})

    def press(self, key):
        """A key on whatever has the focus."""
        element = self._call("GET", self._session + "/element/active")[ELEMENT]
        self._call("POST", f"{self._session}/element/{element}/value", {"text": KEYS[key]})

    def click(self, selector):
        """A click of the mouse on the first such element."""
        found = self._call("POST", self._session + "/element", {"using": "css selector", "value": selector})
        self._call("POST", f"{self._session}/element/{found[ELEMENT]}/click", {})

    def console(self):
        """What has been written on the console since the last call."""
        return [entry["message"] for entry in self._call("POST", self._session + "/se/log", {"type": "browser"})]

    def screenshot(self, file, height):
        """The upper part of the page, as PNG."""
        clip = {"x": 0, "y": 0, "width": self.run("return innerWidth"), "height": height, "scale": 1}
        picture = self._devtools("Page.captureScreenshot", {"clip": clip, "captureBeyondViewport": True})
        file.write_bytes(base64.b64decode(picture["data"]))

    def _devtools(self, command, parameters):
        return self._call("POST", self._session + "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def _call(self, method, path, body=None):
        text = None if body is None else json.dumps(body)
        self._connection.request(method, path, text, {"Content-Type": "application/json"})
        value = json.loads(self._connection.getresponse().read())["value"]
        if isinstance(value, dict) and "error" in value:
            raise RuntimeError(f"{path}: {value['error']}: {value['message']}")
        return value


def _port_of(driver):
    """The port that a ChromeDriver says it has taken."""
    for line in driver.stdout:
        if started := re.search(r"started successfully on port (\d+)", line):
            return int(started[1])
    raise RuntimeError("chromedriver ended before it listened")


@contextlib.contextmanager
def open_browser():
    """A Browser that ends, whatever happens, with all that it has written."""
    with tempfile.TemporaryDirectory(prefix="promptbed_browser_") as folder:
        driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  text=True, env={**os.environ, "TMPDIR": folder, "HOME": folder})
        try:
            browser = Browser(_port_of(driver))
            yield browser
            browser.close()
        finally:
            driver.terminate()
            driver.wait(timeout=10)
            driver.stdout.close()
