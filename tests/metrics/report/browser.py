"""A headless Chromium that tests open pages in, driven over a pipe by its DevTools protocol."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SECONDS = 60.0

_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-extensions", "--disable-dev-shm-usage", "--hide-scrollbars", "--mute-audio",
    "--remote-debugging-pipe",
)  # fmt: skip


def find_chromium() -> str | None:
    """The program, if one is installed."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class BrowserError(RuntimeError):
    """The browser did not do what it was asked for."""


class Browser:
    """One process of Chromium with one page; lives for a module of tests."""

    def __init__(self, program: str) -> None:
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        commands, self._to = _high(os.pipe())
        self._from, answers = _high(os.pipe())
        # Chromium reads commands from descriptor 3 and writes answers to 4.
        self._process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{commands} 4>&{answers}', "bash", program, *_FLAGS,
             f"--user-data-dir={self._profile.name}", "about:blank"],
            pass_fds=(commands, answers), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(commands)
        os.close(answers)
        self._number = 0
        self._rest = b""
        self.console: list[str] = []  # errors and warnings of the page
        self.requests: list[str] = []  # every address that it asked for
        self._loads = 0
        targets = self._call("Target.getTargets", {}, session=False)["targetInfos"]
        page = next(target for target in targets if target["type"] == "page")
        attached = self._call(
            "Target.attachToTarget", {"targetId": page["targetId"], "flatten": True}, session=False
        )
        self._session = str(attached["sessionId"])
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """A command to the page, and its answer."""
        return self._call(method, parameters, session=True)

    def open(self, page: Path, width: int = 1280, *, height: int = 900, dark: bool = False) -> None:
        """Open a file in a window of this width."""
        self.console.clear()
        self.requests.clear()
        self.resize(width, height)
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.call("Emulation.setEmulatedMedia", media="", features=scheme)
        before = self._loads
        self.call("Page.navigate", url=page.absolute().as_uri())
        self._loaded(before)

    def resize(self, width: int, height: int = 900) -> None:
        """Give the window another size."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
            mobile=width < 600,
        )  # fmt: skip

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in answer:
            raise BrowserError(str(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def click(self, selector: str) -> None:
        """Click the middle of the first element that matches, after scrolling to it."""
        x, y = self.evaluate(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            " e.scrollIntoView({block: 'center'}); const b = e.getBoundingClientRect();"
            " return [b.x + b.width / 2, b.y + Math.min(b.height / 2, 12)]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call(
                "Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1
            )  # fmt: skip

    def follow(self, selector: str) -> None:
        """Click a link, and wait for the page that it leads to."""
        before = self._loads
        self.click(selector)
        self._loaded(before)

    def press(self, key: str) -> None:
        """Press a key: "Tab", "Enter" or "Space"."""
        code, text = {"Tab": (9, ""), "Enter": (13, "\r"), "Space": (32, " ")}[key]
        name = " " if key == "Space" else key
        for kind in ("keyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent", type=kind, key=name, code=key, text=text if
                kind == "keyDown" else "", windowsVirtualKeyCode=code,
            )  # fmt: skip

    def screenshot(self, *, whole: bool = True) -> bytes:
        """A PNG of the page."""
        answer = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        return base64.b64decode(answer["data"])

    def pdf(self) -> bytes:
        """The page as it is printed on A4."""
        answer = self.call(
            "Page.printToPDF", paperWidth=8.27, paperHeight=11.69, printBackground=True
        )
        return base64.b64decode(answer["data"])

    def close(self) -> None:
        """End the process and remove its profile."""
        os.close(self._to)
        os.close(self._from)
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._profile.cleanup()

    def _loaded(self, before: int) -> None:
        """Wait for one more page than there were."""
        ends = time.monotonic() + SECONDS
        while self._loads == before:
            self._take(self._next(ends))
        self.evaluate("document.fonts.ready.then(() => 0)")

    def _call(self, method: str, parameters: dict[str, Any], *, session: bool) -> dict[str, Any]:
        self._number += 1
        command: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if session:
            command["sessionId"] = self._session
        os.write(self._to, json.dumps(command).encode() + b"\0")
        ends = time.monotonic() + SECONDS
        while True:
            message = self._next(ends)
            if message.get("id") == self._number:
                break
            self._take(message)
        if "error" in message:
            raise BrowserError(f"{method}: {message['error']}")
        return dict(message["result"])

    def _next(self, ends: float) -> dict[str, Any]:
        """The next message of the browser."""
        while b"\0" not in self._rest:
            if not select.select([self._from], [], [], max(0.0, ends - time.monotonic()))[0]:
                raise BrowserError(f"no answer in {SECONDS:.0f} seconds")
            read = os.read(self._from, 1 << 20)
            if not read:
                raise BrowserError("the browser has ended")
            self._rest += read
        text, _, self._rest = self._rest.partition(b"\0")
        return dict(json.loads(text))

    def _take(self, message: dict[str, Any]) -> None:
        """Note what happened in the page."""
        found = message.get("params", {})
        match message.get("method"):
            case "Network.requestWillBeSent":
                self.requests.append(found["request"]["url"])
            case "Page.loadEventFired":
                self._loads += 1
            case "Runtime.exceptionThrown":
                self.console.append(str(found["exceptionDetails"].get("text")))
            case "Runtime.consoleAPICalled" if found["type"] in ("error", "warning", "assert"):
                self.console.append(str(found["args"]))
            case "Log.entryAdded" if found["entry"]["level"] in ("error", "warning"):
                self.console.append(found["entry"]["text"])


def _high(ends: tuple[int, int]) -> tuple[int, int]:
    """The same pipe under numbers that no redirection to 3 or 4 takes away."""
    reading, writing = (fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 20) for end in ends)
    for end in ends:
        os.close(end)
    return reading, writing
