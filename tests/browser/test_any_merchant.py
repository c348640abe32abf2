"""The simulator's scripts on pages of merchants who are not our shop: strict CSP, no jQuery, either script.

The merchant has no server: the browser is told what its two addresses answer, and what it posts there is read.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import pytest
import requests
from playwright.sync_api import Browser, Dialog, FrameLocator, Page, Route, expect

from tests.browser.conftest import NewPage
from tests.tools.servers import Program

MERCHANT = "http://localhost:9"
RESULT = f"{MERCHANT}/order_result"
SCRIPTS = {"authkey": "/js/cpay.payple.1.0.1.js", "clientkey": "/js/v1/payment.js"}
CLIENT_KEY = "test_DF55F29DA654A8CBC0F0A9DD4B556486"


@dataclass
class MerchantPage:
    """A page with one button that calls `PaypleCpayAuthCheck`."""

    page: Page
    simulator: str
    window: str = "authkey"
    posted: list[dict[str, str]] = field(default_factory=list)
    alerts: list[str] = field(default_factory=list)

    def show(self, *, callback: bool = False, **wishes: str) -> MerchantPage:
        """Put the page with these fields before the payer."""
        self.page.on("dialog", self._dismiss)
        self.page.route(f"{MERCHANT}/**", lambda route: self._answer(route, self._fields() | wishes, callback))
        self.page.goto(f"{MERCHANT}/order")
        return self

    def pay(self) -> FrameLocator:
        """Press the merchant's button; the layer's inside, if a layer comes."""
        self.page.locator("#pay").click()
        return self.page.frame_locator("iframe[name=cpay_ifr]")

    def result(self) -> dict[str, str]:
        """What the merchant was posted."""
        self.page.wait_for_url(RESULT)
        return self.posted[-1]

    def _fields(self) -> dict[str, str]:
        fields = {"PCD_PAY_TYPE": "card", "PCD_PAY_WORK": "CERT", "PCD_PAY_GOODS": "노트 (3+1) & <펜>"}
        fields |= {"PCD_PAY_TOTAL": "1000", "PCD_RST_URL": "/order_result"}
        if self.window == "clientkey":
            return fields | {"clientKey": CLIENT_KEY}
        keys = {"cst_id": "test", "custKey": "abcd1234567890"}
        headers = {"Referer": MERCHANT}
        ticket = requests.post(f"{self.simulator}/php/auth.php", json=keys, headers=headers, timeout=10).json()
        return fields | {"PCD_AUTH_KEY": ticket["AuthKey"], "PCD_PAY_URL": ticket["return_url"]}

    def _answer(self, route: Route, fields: dict[str, str], callback: bool) -> None:  # noqa: FBT001
        if route.request.method == "POST":
            self.posted.append(dict(parse_qsl(route.request.post_data or "", keep_blank_values=True)))
        body = "<!doctype html><title>merchant</title>"
        if route.request.url == f"{MERCHANT}/order":
            body += self._order_page(fields, callback)
        allowed = f"script-src {self.simulator} 'nonce-ours'; frame-src {self.simulator}"
        policy = f"default-src 'none'; {allowed}; form-action 'self' {self.simulator}; base-uri 'none'"
        route.fulfill(body=body, content_type="text/html; charset=utf-8", headers={"Content-Security-Policy": policy})

    def _order_page(self, fields: dict[str, str], callback: bool) -> str:  # noqa: FBT001
        hear = "fields.callbackFunction = (result) => { out.textContent = JSON.stringify(result); };"
        return f"""
            <button id=pay>Pay</button><output id=out></output>
            <script src="{self.simulator}{SCRIPTS[self.window]}"></script>
            <script nonce=ours>
              const out = document.getElementById("out"), fields = {json.dumps(fields)};
              {hear if callback else ""}
              document.getElementById("pay").addEventListener("click", () => PaypleCpayAuthCheck(fields));
            </script>"""

    def _dismiss(self, dialog: Dialog) -> None:
        self.alerts.append(dialog.message)
        dialog.accept()


@pytest.fixture
def merchant(new_page: NewPage, program: Program) -> MerchantPage:
    """A merchant's page on a PC."""
    return MerchantPage(new_page(), program.simulator_url)


@pytest.mark.parametrize("window", SCRIPTS)
def test_a_layer_opens_under_a_strict_csp_and_the_result_is_posted(merchant: MerchantPage, window: str) -> None:
    """No inline style, handler or eval is needed, no jQuery, and nothing but the simulator's origin."""
    merchant.window = window
    layer = merchant.show().pay()
    expect(layer.get_by_test_id("window-goods")).to_have_text("노트 (3+1) & <펜>")
    expect(merchant.page.locator("#layer_cpay iframe")).to_have_count(1)

    layer.get_by_test_id("window-approve").click()

    assert (merchant.result()["PCD_PAY_RST"], merchant.result()["PCD_PAY_TOTAL"]) == ("success", "1000")


def test_the_layer_lies_over_the_page_and_is_no_wider_than_a_window(merchant: MerchantPage) -> None:
    merchant.show().pay().get_by_test_id("window-approve").wait_for()

    style = merchant.page.locator("#layer_cpay").evaluate(
        "layer => [getComputedStyle(layer).position, layer.style.zIndex]"
    )
    box = merchant.page.locator("iframe[name=cpay_ifr]").bounding_box()

    assert style == ["fixed", "16777270"]
    assert box
    assert box["width"] == 450


def test_a_callback_hears_the_result_and_nothing_is_posted(merchant: MerchantPage) -> None:
    """The layer is gone before the callback runs."""
    merchant.show(callback=True).pay().get_by_test_id("window-approve").click()

    expect(merchant.page.locator("#out")).to_contain_text('"PCD_PAY_RST":"success"')
    expect(merchant.page.locator("#layer_cpay")).to_have_count(0)
    assert merchant.posted == []


def test_closing_brings_close_the_same_way(merchant: MerchantPage) -> None:
    merchant.show().pay().get_by_test_id("window-close").click()

    assert merchant.result()["PCD_PAY_RST"] == "close"


def test_an_absolute_result_address_replaces_the_page(merchant: MerchantPage) -> None:
    merchant.show(PCD_RST_URL=RESULT).pay()

    merchant.page.get_by_test_id("window-approve").click()

    assert merchant.result()["PCD_PAY_RST"] == "success"


def test_a_phone_gets_a_window_of_its_own(new_page: NewPage, program: Program) -> None:
    merchant = MerchantPage(new_page(phone=True), program.simulator_url).show()

    with merchant.page.expect_popup() as opened:
        merchant.pay()
    popup = opened.value
    assert popup.evaluate("window.name") == "cpayWinOpen"
    popup.get_by_test_id("window-approve").click()

    assert merchant.result()["PCD_PAY_RST"] == "success"
    assert popup.is_closed()


def test_a_blocked_popup_is_said(blocking_browser: Browser, new_page: NewPage, program: Program) -> None:
    """Outside a gesture the browser opens nothing; the page stays usable."""
    merchant = MerchantPage(new_page(phone=True, of=blocking_browser), program.simulator_url).show()

    merchant.page.evaluate("setTimeout(() => document.getElementById('pay').click(), 0)")

    merchant.page.wait_for_timeout(500)
    assert [alert for alert in merchant.alerts if "팝업이 차단" in alert]


@pytest.mark.parametrize(("amount", "said"), [("999", "1,000원 이상"), ("abc", "형식"), ("", "형식")])
def test_an_impossible_amount_opens_nothing(merchant: MerchantPage, amount: str, said: str) -> None:
    merchant.show(PCD_PAY_TOTAL=amount).pay()

    assert said in merchant.alerts[0]
    expect(merchant.page.locator("#layer_cpay")).to_have_count(0)


def test_a_second_call_replaces_the_first_layer(merchant: MerchantPage) -> None:
    merchant.window = "clientkey"
    merchant.show().pay().get_by_test_id("window-approve").wait_for()

    merchant.page.locator("#pay").dispatch_event("click")

    expect(merchant.page.locator("iframe[name=cpay_ifr]")).to_have_count(1)


def test_a_message_from_somebody_else_is_no_result(merchant: MerchantPage) -> None:
    """Unlike Payple's script, ours looks at the origin of a message."""
    merchant.show(callback=True).pay().get_by_test_id("window-approve").wait_for()
    forged: dict[str, Any] = {"type": "pay_result", "data": {"PCD_PAY_RST": "success"}}

    merchant.page.evaluate("message => window.postMessage(message, '*')", forged)
    merchant.page.wait_for_timeout(200)

    expect(merchant.page.locator("#out")).to_have_text("")
    expect(merchant.page.locator("#layer_cpay")).to_have_count(1)
