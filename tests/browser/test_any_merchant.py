"""The simulator's scripts on pages of merchants who are not our shop: strict CSP, no jQuery, either script."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

import pytest
import requests
from playwright.sync_api import Browser, Dialog, FrameLocator, Page, Route, expect

from tests.browser.conftest import NewPage
from tests.tools.servers import Program

SCRIPTS = {"authkey": "/js/cpay.payple.1.0.1.js", "clientkey": "/js/v1/payment.js"}
CLIENT_KEY = "test_DF55F29DA654A8CBC0F0A9DD4B556486"
WISHES = {"PCD_PAY_TYPE": "card", "PCD_PAY_WORK": "CERT", "PCD_PAY_GOODS": "노트 (3+1) & <펜>", "PCD_PAY_TOTAL": "1000"}


@dataclass
class Merchant:
    """A shop of two addresses: an order page with one button, and the result address."""

    simulator: str
    window: str = "authkey"
    order_page: str = ""
    more_policy: str = ""
    posted: list[dict[str, str]] = field(default_factory=list)
    alerts: list[str] = field(default_factory=list)
    origin: str = ""

    def show(self, page: Page, *, callback: bool = False, **wishes: str) -> None:
        """Put an order page with these fields before the payer."""
        page.on("dialog", self._dismiss)
        fields = WISHES | {"PCD_RST_URL": "/order_result"} | self._ticket() | wishes
        hear = "fields.callbackFunction = (result) => { out.textContent = JSON.stringify(result); };"
        self.order_page = f"""<!doctype html><title>merchant</title><link rel=icon href="data:,">
            <button id=pay>Pay</button><output id=out></output>
            <script src="{self.simulator}{SCRIPTS[self.window]}"></script>
            <script nonce=ours>
              const out = document.getElementById("out"), fields = {json.dumps(fields)};
              {hear if callback else ""}
              document.getElementById("pay").addEventListener("click", () => PaypleCpayAuthCheck(fields));
            </script>"""
        page.goto(f"{self.origin}/order")

    def pay(self, page: Page) -> FrameLocator:
        """Press the button; the layer's inside, if a layer comes."""
        page.locator("#pay").click()
        return page.frame_locator("iframe[name=cpay_ifr]")

    def result(self, page: Page) -> dict[str, str]:
        """What the browser has posted."""
        page.wait_for_url(f"{self.origin}/order_result")
        return self.posted[-1]

    @property
    def policy(self) -> str:
        """The strictest that lets a payment window in."""
        allowed = f"script-src {self.simulator} 'nonce-ours'; frame-src {self.simulator}; img-src data:"
        return f"default-src 'none'; {allowed}; form-action 'self' {self.simulator}; base-uri 'none'{self.more_policy}"

    def _ticket(self) -> dict[str, str]:
        if self.window == "clientkey":
            return {"clientKey": CLIENT_KEY}
        keys = {"cst_id": "test", "custKey": "abcd1234567890"}
        headers = {"Referer": self.origin}
        ticket = requests.post(f"{self.simulator}/php/auth.php", json=keys, headers=headers, timeout=10).json()
        return {"PCD_AUTH_KEY": ticket["AuthKey"], "PCD_PAY_URL": ticket["return_url"]}

    def _dismiss(self, dialog: Dialog) -> None:
        self.alerts.append(dialog.message)
        dialog.accept()


def handler_of(merchant: Merchant) -> type[BaseHTTPRequestHandler]:
    """The merchant's web server."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(merchant.order_page)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
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
    """Its web server, on another host than the simulator."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler_of(merchant)) as server:
        merchant.origin = f"http://localhost:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield merchant
        server.shutdown()


@pytest.fixture
def merchant(program: Program) -> Iterator[Merchant]:
    """A merchant with a web server of its own."""
    with serving(Merchant(program.simulator_url)) as merchant:
        yield merchant


@pytest.fixture
def page(new_page: NewPage) -> Page:
    """The payer's browser on a PC."""
    return new_page()


@pytest.fixture
def result_url(merchant: Merchant) -> str:
    """An absolute PCD_RST_URL."""
    return f"{merchant.origin}/order_result"


@pytest.mark.parametrize("window", SCRIPTS)
def test_a_layer_opens_under_a_strict_csp_and_the_result_is_posted(merchant: Merchant, page: Page, window: str) -> None:
    """No inline style, handler or eval is needed, no jQuery, and nothing but the simulator's origin."""
    merchant.window = window
    merchant.show(page)
    layer = merchant.pay(page)
    expect(layer.get_by_test_id("window-goods")).to_have_text("노트 (3+1) & <펜>")
    expect(page.locator("#layer_cpay iframe")).to_have_count(1)

    layer.get_by_test_id("window-approve").click()

    assert (merchant.result(page)["PCD_PAY_RST"], merchant.result(page)["PCD_PAY_TOTAL"]) == ("success", "1000")


def test_the_layer_lies_over_the_page_and_is_no_wider_than_a_window(merchant: Merchant, page: Page) -> None:
    merchant.show(page)
    merchant.pay(page).get_by_test_id("window-approve").wait_for()

    style = page.locator("#layer_cpay").evaluate("layer => [getComputedStyle(layer).position, layer.style.zIndex]")
    box = page.locator("iframe[name=cpay_ifr]").bounding_box()

    assert style == ["fixed", "16777270"]
    assert box
    assert box["width"] == 450


def test_a_callback_hears_the_result_and_nothing_is_posted(merchant: Merchant, page: Page) -> None:
    """The layer is gone before the callback runs."""
    merchant.show(page, callback=True)
    merchant.pay(page).get_by_test_id("window-approve").click()

    expect(page.locator("#out")).to_contain_text('"PCD_PAY_RST":"success"')
    expect(page.locator("#layer_cpay")).to_have_count(0)
    assert merchant.posted == []


def test_closing_brings_close_the_same_way(merchant: Merchant, page: Page) -> None:
    merchant.show(page)
    merchant.pay(page).get_by_test_id("window-close").click()

    assert merchant.result(page)["PCD_PAY_RST"] == "close"


@pytest.mark.parametrize(
    ("button", "height"), [("window-close", 900), ("window-approve", 900), ("window-approve", 640)]
)
def test_a_button_stays_under_the_finger_while_the_window_starts(
    merchant: Merchant, new_page: NewPage, button: str, height: int
) -> None:
    """Its script comes late, and tells the layer how tall the window is while the payer presses."""
    page, waiting = new_page(viewport={"width": 1280, "height": height}), list[Route]()

    def keep(route: Route) -> None:  # Playwright takes no method of a list
        waiting.append(route)

    page.route("**/window.js", keep, times=1)
    merchant.show(page)
    layer = merchant.pay(page)
    pressed = layer.get_by_test_id(button)
    expect(layer.get_by_test_id("window-close")).to_have_css("width", "40px")  # now it is dressed
    box = pressed.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    page.mouse.down()
    waiting.pop().continue_()
    expect(layer.locator("[data-clock]")).to_have_text(re.compile("2:5"))
    assert pressed.bounding_box() == box
    page.mouse.up()

    assert merchant.result(page)["PCD_PAY_RST"] == ("close" if button == "window-close" else "success")


def test_an_absolute_result_address_replaces_the_page(merchant: Merchant, page: Page, result_url: str) -> None:
    merchant.show(page, PCD_RST_URL=result_url)
    merchant.pay(page)

    page.get_by_test_id("window-approve").click()

    assert merchant.result(page)["PCD_PAY_RST"] == "success"


def test_a_phone_gets_a_window_of_its_own(merchant: Merchant, new_page: NewPage) -> None:
    page = new_page(phone=True)
    merchant.show(page)

    with page.expect_popup() as opened:
        merchant.pay(page)
    popup = opened.value
    popup.get_by_test_id("window-approve").wait_for()
    assert popup.evaluate("window.name") == "cpayWinOpen"
    popup.get_by_test_id("window-approve").click()

    assert merchant.result(page)["PCD_PAY_RST"] == "success"
    assert popup.is_closed()


def test_a_blocked_popup_is_said(merchant: Merchant, blocking_browser: Browser, new_page: NewPage) -> None:
    """Outside a gesture the browser opens nothing; the page stays usable."""
    page = new_page(phone=True, of=blocking_browser)
    page.add_init_script("addEventListener('load', () => document.getElementById('pay').click())")

    merchant.show(page)

    assert [alert for alert in merchant.alerts if "팝업이 차단" in alert]


@pytest.mark.parametrize(("amount", "said"), [("999", "1,000원 이상"), ("abc", "형식"), ("", "형식")])
def test_an_impossible_amount_opens_nothing(merchant: Merchant, page: Page, amount: str, said: str) -> None:
    merchant.show(page, PCD_PAY_TOTAL=amount)
    merchant.pay(page)

    assert said in merchant.alerts[0]
    expect(page.locator("#layer_cpay")).to_have_count(0)


def test_a_second_call_replaces_the_first_layer(merchant: Merchant, page: Page) -> None:
    merchant.window = "clientkey"
    merchant.show(page)
    merchant.pay(page).get_by_test_id("window-approve").wait_for()

    page.locator("#pay").dispatch_event("click")

    expect(page.locator("iframe[name=cpay_ifr]")).to_have_count(1)


def test_a_message_from_somebody_else_is_no_result(merchant: Merchant, page: Page) -> None:
    """Unlike Payple's script, ours looks at the origin of a message."""
    merchant.show(page, callback=True)
    merchant.pay(page).get_by_test_id("window-approve").wait_for()
    forged: dict[str, Any] = {"type": "pay_result", "data": {"PCD_PAY_RST": "success"}}

    page.evaluate("message => window.postMessage(message, '*')", forged)
    page.wait_for_timeout(200)

    expect(page.locator("#out")).to_have_text("")
    expect(page.locator("#layer_cpay")).to_have_count(1)
