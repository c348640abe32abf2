"""The simulator's scripts on pages of merchants who are not our shop: strict CSP, no jQuery, either script."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.conftest import NewPage
from tests.browser.merchant import SCRIPTS, Merchant


@pytest.mark.parametrize("window", SCRIPTS)
def test_a_layer_opens_under_a_strict_csp_and_the_result_is_posted(merchant: Merchant, page: Page, window: str) -> None:
    """No inline style, handler or eval is needed, no jQuery, and nothing but the simulator's origin."""
    merchant.window = window
    merchant.show(page)
    layer = merchant.pay(page)
    expect(layer.get_by_test_id("window-goods")).to_have_text("노트 (3+1) & <펜>")
    expect(page.locator("#layer_cpay iframe")).to_have_count(1)
    style = page.locator("#layer_cpay").evaluate("layer => [getComputedStyle(layer).position, layer.style.zIndex]")
    box = page.locator("iframe[name=cpay_ifr]").bounding_box()
    assert (style, box and box["width"]) == (["fixed", "16777270"], 450)

    layer.get_by_test_id("window-approve").click()

    assert (merchant.result(page)["PCD_PAY_RST"], merchant.result(page)["PCD_PAY_TOTAL"]) == ("success", "1000")


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


def test_what_cannot_be_paid_is_said_and_opens_nothing(merchant: Merchant, new_page: NewPage) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"PCD_PAY_TOTAL": "999"}, "1,000원 이상"),
        ({"PCD_PAY_TOTAL": "abc"}, "형식"),
        ({"PCD_PAY_TOTAL": ""}, "형식"),
        ({"PCD_RST_URL": None}, "PCD_RST_URL"),
        ({"PCD_AUTH_KEY": None, "PCD_PAY_URL": None, "payple_auth_file": "/auth"}, "[AUTH0004] no"),
    ]
    merchant.more_policy = "; connect-src 'self'"
    for changes, said in cases:
        page = new_page()
        page.route("**/auth", lambda route: route.fulfill(json={"result": "error", "result_msg": "[AUTH0004] no"}))
        merchant.show(page, **changes)
        with page.expect_event("dialog") as dialog:
            merchant.pay(page)

        assert said in dialog.value.message
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


@pytest.mark.parametrize("window", ["authkey", "clientkey"])
def test_a_field_of_the_window_is_an_html_attribute(merchant: Merchant, page: Page, window: str) -> None:
    """All but the goods end at a raw quote, and entities are decoded."""
    sent: dict[str, Any] = {
        "PCD_PAY_GOODS": 'A & B (1.5) "x" &amp; <b>',
        "PCD_USER_DEFINE1": '{"a":1}',
        "PCD_USER_DEFINE2": "{&quot;a&quot;:1} & b < c > (d) . +",
        "PCD_PAYER_EMAIL": "a&b@example.com",
    }
    merchant.window = window
    merchant.show(page, **sent)
    merchant.pay(page).get_by_test_id("window-approve").click()

    decoded = {"PCD_USER_DEFINE1": "{", "PCD_USER_DEFINE2": '{"a":1} & b < c > (d) . +'}
    assert {name: merchant.result(page)[name] for name in sent} == sent | decoded


def test_the_popup_function_opens_the_window_with_the_keys_it_has(merchant: Merchant, page: Page) -> None:
    merchant.function = "PaypleCpayPopup"
    merchant.show(page)
    layer = merchant.pay(page)
    expect(page.locator("iframe#cpay_ifr[name=cpay_ifr]")).to_have_count(1)

    layer.get_by_test_id("window-approve").click()

    assert merchant.result(page)["PCD_PAY_RST"] == "success"


def test_without_an_auth_key_the_script_asks_the_merchants_address(merchant: Merchant, page: Page) -> None:
    own_keys = {"PCD_CST_ID": "test", "PCD_CUST_KEY": "abcd1234567890"}
    addresses: dict[str, dict[str, Any]] = {
        "/auth": {"payple_auth_file": "/auth"},
        "/auth/cPayPayple/payAuth.html": {"payple_auth_file": "payAuth.html", "payple_dir_path": "/auth"},
        "/auth/cPayPayple/payple_payAuth.html": {"payple_dir_path": "/auth"},
        "/auth?": {"PCD_AUTH_URL": "/auth?"} | own_keys,
    }
    merchant.window, merchant.more_policy = "old", "; connect-src 'self'"
    for address in addresses.values():
        merchant.show(page, PCD_AUTH_KEY=None, PCD_PAY_URL=None, **address)
        merchant.pay(page).get_by_test_id("window-approve").click()
        assert merchant.result(page)["PCD_PAY_RST"] == "success"

    assert [path for path, _body in merchant.asked] == list(addresses)
    assert ["abcd1234567890" in body for _path, body in merchant.asked] == [False, False, False, True]


def test_a_callback_gets_the_result_and_needs_no_result_address(merchant: Merchant, page: Page) -> None:
    """The layer is gone before the callback runs."""
    merchant.show(page, callback=True, PCD_RST_URL=None)
    merchant.pay(page).get_by_test_id("window-approve").click()

    expect(page.locator("#out")).to_contain_text('"PCD_PAY_RST":"success"')
    expect(page.locator("#layer_cpay")).to_have_count(0)
    assert merchant.posted == []


def test_the_layer_is_a_modal_for_the_keyboard(merchant: Merchant, page: Page) -> None:
    """The focus goes in and stays, Escape asks, and closing returns the focus to the pay button."""
    merchant.show(page, callback=True)
    page.locator("#pay").focus()
    page.keyboard.press("Enter")
    layer = page.frame_locator("#cpay_ifr")
    layer.get_by_test_id("window-approve").wait_for()

    for _ in range(25):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") == "cpay_ifr"
    assert page.evaluate("document.getElementById('pay').inert")
    page.keyboard.press("Escape")
    expect(layer.get_by_test_id("window-close-question")).to_be_visible()
    page.keyboard.press("Enter")

    expect(page.locator("#out")).to_contain_text('"PCD_PAY_RST":"close"')
    assert page.evaluate("document.activeElement.id") == "pay"
    assert not page.evaluate("document.getElementById('pay').inert")


def test_escape_outside_the_frame_asks_too(merchant: Merchant, page: Page) -> None:
    merchant.show(page)
    layer = merchant.pay(page)
    layer.get_by_test_id("window-approve").wait_for()
    page.evaluate("document.activeElement.blur()")

    page.keyboard.press("Escape")
    layer.get_by_test_id("window-close-no").click()
    layer.get_by_test_id("window-approve").click()

    assert merchant.result(page)["PCD_PAY_RST"] == "success"
