"""A merchant who is not our shop, to be paid through the simulator's scripts: its pages, and its own web server."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

import requests
from playwright.sync_api import Dialog, FrameLocator, Page

SCRIPTS = {
    "authkey": "/js/cpay.payple.1.0.1.js",
    "old": "/js/cpay.payple.1.0.0.js",
    "clientkey": "/js/v1/payment.js",
}
CLIENT_KEY = "test_DF55F29DA654A8CBC0F0A9DD4B556486"
WISHES = {"PCD_PAY_TYPE": "card", "PCD_PAY_WORK": "CERT", "PCD_PAY_GOODS": "노트 (3+1) & <펜>", "PCD_PAY_TOTAL": "1000"}


@dataclass
class Merchant:
    """A shop of two addresses: an order page with one button, and the result address."""

    simulator: str
    window: str = "authkey"
    order_page: str = ""
    function: str = "PaypleCpayAuthCheck"
    asked: list[tuple[str, str]] = field(default_factory=list)
    more_policy: str = ""
    posted: list[dict[str, str]] = field(default_factory=list)
    alerts: list[str] = field(default_factory=list)
    origin: str = ""

    def show(self, page: Page, *, callback: bool = False, **wishes: Any) -> None:
        """Put an order page with these fields before the payer; None leaves one out."""
        page.on("dialog", self._dismiss)
        fields = WISHES | {"PCD_RST_URL": "/order_result"} | self.ticket() | wishes
        fields = {name: value for name, value in fields.items() if value is not None}
        callback_script = "fields.callbackFunction = (result) => { out.textContent = JSON.stringify(result); };"
        self.order_page = f"""<!doctype html><title>merchant</title><link rel=icon href="data:,">
            <button id=pay>Pay</button><output id=out></output>
            <script src="{self.simulator}{SCRIPTS[self.window]}"></script>
            <script nonce=ours>
              const out = document.getElementById("out"), fields = {json.dumps(fields)};
              {callback_script if callback else ""}
              document.getElementById("pay").addEventListener("click", () => {self.function}(fields));
            </script>"""
        page.goto(f"{self.origin}/order")

    def pay(self, page: Page) -> FrameLocator:
        """Press the button; the layer's inside, if a layer comes."""
        page.locator("#pay").click()
        return page.frame_locator("iframe[name=cpay_ifr]")

    def result(self, page: Page) -> dict[str, str]:
        page.wait_for_url(f"{self.origin}/order_result")
        return self.posted[-1]

    def auth_answer(self) -> dict[str, str]:
        """What the merchant's own authentication address hands through."""
        keys = {"cst_id": "test", "custKey": "abcd1234567890"}
        headers = {"Referer": self.origin}
        answer: dict[str, str] = requests.post(
            f"{self.simulator}/php/auth.php", json=keys, headers=headers, timeout=10
        ).json()
        return answer

    @property
    def policy(self) -> str:
        """The strictest that lets a payment window in."""
        allowed = f"script-src {self.simulator} 'nonce-ours'; frame-src {self.simulator}; img-src data:"
        return f"default-src 'none'; {allowed}; form-action 'self' {self.simulator}; base-uri 'none'{self.more_policy}"

    def ticket(self) -> dict[str, str]:
        if self.window == "clientkey":
            return {"clientKey": CLIENT_KEY}
        ticket = self.auth_answer()
        return {"PCD_AUTH_KEY": ticket["AuthKey"], "PCD_PAY_URL": ticket["return_url"]}

    def _dismiss(self, dialog: Dialog) -> None:
        self.alerts.append(dialog.message)
        dialog.accept()


def handler_of(merchant: Merchant) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(merchant.order_page)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            if self.path.startswith("/auth"):
                merchant.asked.append((self.path, body))
                self._answer(json.dumps(merchant.auth_answer()))
                return
            merchant.posted.append(dict(parse_qsl(body, keep_blank_values=True)))
            self._answer('<!doctype html><title>result</title><link rel=icon href="data:,">')

        def log_message(self, *_: Any) -> None:
            """Be silent."""

        def _answer(self, body: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", merchant.policy)
            self.end_headers()
            self.wfile.write(body.encode())

    return Handler


@contextmanager
def serving(merchant: Merchant) -> Iterator[Merchant]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler_of(merchant)) as server:
        merchant.origin = f"http://localhost:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield merchant
        server.shutdown()
