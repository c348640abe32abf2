"""Firefox and WebKitGTK without a library: what a purchase needs of WebDriver, and nothing more.

Firefox listens itself (Marionette: JSON with its length in front). WebKit has a program that takes the same commands
by HTTP.
"""

import json
import os
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import requests

from tests.tools.servers import free_ports

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/18.0 Mobile/15E148 Safari/604.1"
)
PATIENCE = 60.0
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""The name of an element's number in an answer."""
ENTER = "\ue007"
BY_HTTP = {
    "NewSession": ("POST", ""),
    "DeleteSession": ("DELETE", ""),
    "Navigate": ("POST", "/url"),
    "FindElement": ("POST", "/element"),
    "ElementSendKeys": ("POST", "/element/{id}/value"),
    "SwitchToFrame": ("POST", "/frame"),
    "PerformActions": ("POST", "/actions"),
    "GetWindowHandles": ("GET", "/window/handles"),
    "SwitchToWindow": ("POST", "/window"),
    "ExecuteScript": ("POST", "/execute/sync"),
}
"""Marionette's name of a command, and where WebDriver takes it."""


class Refused(Exception):
    """The browser could not do it; the message is its own."""


class Browser(ABC):
    """One window of a browser that starts with nothing."""

    @abstractmethod
    def do(self, command: str, **parameters: Any) -> Any:
        """Give a command and answer its value."""

    def open(self, url: str) -> None:
        self.do("Navigate", url=url)

    def click(self, selector: str) -> None:
        """Let a script click it: enough for a choice, not for a window. The drivers' own clicks miss what moves."""
        self.do("ExecuteScript", script="arguments[0].click()", args=[self.find(selector)])

    def press(self, selector: str) -> None:
        """Give it the focus and press Enter, which lets the page open a window."""
        self.type(selector, ENTER)

    def hold(self, selector: str) -> None:
        """Press the mouse button on it and do not let go."""
        over = {"type": "pointerMove", "origin": self.find(selector), "x": 0, "y": 0}
        steps = [over, {"type": "pointerDown", "button": 0}]
        self.do("PerformActions", actions=[{"type": "pointer", "id": "mouse", "actions": steps}])

    def type(self, selector: str, text: str) -> None:
        self.wait_for(lambda: self.do("ElementSendKeys", id=self.find(selector)[ELEMENT], text=text) is None)

    def find(self, selector: str) -> dict[str, str]:
        """Wait until there is such an element."""
        found: dict[str, str] = self.wait_for(lambda: self.do("FindElement", using="css selector", value=selector))
        return found

    def enter_frame(self, selector: str) -> None:
        element = self.find(selector)
        self.do("SwitchToFrame", id=element, element=element[ELEMENT])

    def leave_frame(self) -> None:
        self.do("SwitchToFrame", id=None)

    def enter_window(self, handle: str) -> None:
        self.do("SwitchToWindow", handle=handle)

    def windows(self) -> list[str]:
        return list(self.do("GetWindowHandles"))

    def run(self, script: str) -> Any:
        return self.do("ExecuteScript", script=script, args=[])

    def wait_for(self, ask: Callable[[], Any]) -> Any:
        """Ask until the answer is something; while a page loads, the browser refuses."""
        deadline = time.monotonic() + PATIENCE
        while True:
            with suppress(Refused):
                if answer := ask():
                    return answer
            if time.monotonic() > deadline:
                return ask()
            time.sleep(0.1)


class Firefox(Browser):
    """Speaks Marionette."""

    def __init__(self, connection: socket.socket) -> None:
        self._stream = connection.makefile("rwb")
        self._read()  # its greeting
        self.do("NewSession")

    def do(self, command: str, **parameters: Any) -> Any:
        text = json.dumps([0, 1, f"WebDriver:{command}", parameters]).encode()
        self._stream.write(b"%d:%s" % (len(text), text))
        self._stream.flush()
        _kind, _number, error, result = self._read()
        if error:
            raise Refused(error["message"])
        return result.get("value", result) if isinstance(result, dict) else result

    def _read(self) -> Any:
        digits = b"".join(iter(lambda: self._stream.read(1), b":"))
        return json.loads(self._stream.read(int(digits)))


class WebKit(Browser):
    """Speaks WebDriver."""

    def __init__(self, port: int, options: dict[str, Any]) -> None:
        _connect(port).close()
        self._url = f"http://127.0.0.1:{port}/session"
        asked = {"alwaysMatch": {"webkitgtk:browserOptions": options}}
        self._url += "/" + self.do("NewSession", capabilities=asked)["sessionId"]

    def do(self, command: str, **parameters: Any) -> Any:
        method, path = BY_HTTP[command]
        body = None if method == "GET" else parameters
        answer = requests.request(method, self._url + path.format(**parameters), json=body, timeout=PATIENCE)
        value = answer.json()["value"]
        if not answer.ok:
            raise Refused(value["message"])
        return value


@contextmanager
def firefox(folder: Path, *, phone: bool) -> Iterator[Browser]:
    [port] = free_ports(1)
    wishes = {"marionette.port": port} | ({"general.useragent.override": IPHONE} if phone else {})
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in wishes.items()]
    (folder / "user.js").write_text("".join(lines))
    command = ["firefox-esr", "--marionette", "--headless", "--no-remote", "--profile", str(folder)]
    with _running(command, folder), _connect(port) as connection:
        yield Firefox(connection)


@contextmanager
def webkit(folder: Path, *, phone: bool) -> Iterator[Browser]:
    """It draws on a screen of its own that nobody sees."""
    [port] = free_ports(1)
    [binary] = Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser")
    arguments = ["--automation", *([f"--user-agent={IPHONE}"] if phone else [])]
    with ExitStack() as stack:
        screen = f":{port}"
        stack.enter_context(_running(["Xvfb", screen, "-nolisten", "tcp"], folder))
        stack.enter_context(_running(["WebKitWebDriver", f"--port={port}"], folder, DISPLAY=screen))
        browser = WebKit(port, {"binary": str(binary), "args": arguments})
        stack.callback(browser.do, "DeleteSession")
        yield browser


@contextmanager
def _running(command: list[str], folder: Path, **environment: str) -> Iterator[None]:
    home = {"HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)}
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(command, env=os.environ | home | environment, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _connect(port: int) -> socket.socket:
    """Wait for a program that starts."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), PATIENCE)
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
