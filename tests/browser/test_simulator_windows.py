"""The simulator's other windows and its console in a real browser."""

from __future__ import annotations

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewPage
from tests.browser.merchant import Merchant
from tests.kit import Shop


def test_the_app_card_window_is_wide_and_pays_in_instalments(merchant: Merchant, page: Page) -> None:
    merchant.show(page, PCD_CARD_VER="02", PCD_PAY_TOTAL="120000")
    layer = merchant.pay(page)
    layer.get_by_label("현대카드").check()
    layer.get_by_test_id("window-instalments").select_option("3")
    box = page.locator("iframe[name=cpay_ifr]").bounding_box()

    layer.get_by_test_id("window-approve").click()

    result = merchant.result(page)
    assert box
    assert box["width"] == 692
    assert (result["PCD_PAY_CARDNAME"], result["PCD_PAY_CARDQUOTA"], result["PCD_PAYER_ID"]) == ("현대카드", "03", "")


def test_a_registered_card_pays_with_a_password(merchant: Merchant, new_page: NewPage) -> None:
    """AUTH first, then PCD_SIMPLE_FLAG=Y: the password is filled in, and a wrong one is said."""
    page = new_page(accepted="422")
    merchant.show(page, PCD_PAY_WORK="AUTH")
    merchant.pay(page).get_by_test_id("window-approve").click()
    key = merchant.result(page)["PCD_PAYER_ID"]
    merchant.show(page, PCD_SIMPLE_FLAG="Y", PCD_PAYER_ID=key)
    layer = merchant.pay(page)

    layer.get_by_test_id("window-password").fill("111111")
    layer.get_by_test_id("window-approve").click()
    expect(layer.get_by_role("alert")).to_contain_text("비밀번호가 맞지 않습니다")
    layer.get_by_test_id("window-password").fill("123456")
    layer.get_by_test_id("window-approve").click()

    assert (merchant.result(page)["PCD_PAYER_ID"], merchant.result(page)["PCD_PAY_RST"]) == (key, "success")


def test_the_card_window_runs_out_of_time(merchant: Merchant, page: Page) -> None:
    """The countdown delivers the end by itself, as soon as the simulator's clock agrees."""
    merchant.show(page)
    layer = merchant.pay(page)
    layer.get_by_test_id("window-approve").wait_for()
    requests.post(f"{merchant.simulator}/_sim/clock", json={"advance": 181}, timeout=10)

    frame = page.frame("cpay_ifr")
    assert frame
    frame.goto(frame.url)

    assert merchant.result(page)["PCD_PAY_CODE"] == "CPCA0001"


@pytest.mark.parametrize("direct", [False, True])
def test_a_result_arrives_twice(merchant: Merchant, page: Page, direct: bool) -> None:
    merchant.more_policy = "; connect-src 'self'"  # the layer's script sends the first of the two from the page
    merchant.show(page, PCD_RST_URL=f"{merchant.origin}/order_result" if direct else "/order_result")
    layer = merchant.pay(page)
    window = page if direct else layer
    window.get_by_test_id("window-scenario").select_option("delivered_twice")
    window.get_by_test_id("window-approve").click()

    assert merchant.result(page)["PCD_PAY_RST"] == "success"
    assert len(merchant.posted) == 2
    assert merchant.posted[0] == merchant.posted[1]


def test_the_console_arms_the_next_payment_and_shows_it_at_once(
    merchant: Merchant, page: Page, new_page: NewPage
) -> None:
    """A salesperson presses a button on one screen; the payer on the other meets it."""
    console = new_page()
    console.goto(f"{merchant.simulator}/_sim")
    console.get_by_test_id("arm-limit").click()
    expect(console.get_by_test_id("armed-scenario")).to_contain_text("카드 한도 초과")

    merchant.show(page, PCD_PAY_WORK="PAY", PCD_PAY_OID="CONSOLE_DEMO")
    merchant.pay(page).get_by_test_id("window-approve").click()

    assert merchant.result(page)["PCD_PAY_CODE"] == "3112"
    expect(console.get_by_test_id("armed-scenario")).to_have_count(0)
    expect(console.get_by_test_id("console-payment").first).to_contain_text("카드 한도 초과")


@pytest.mark.parametrize("phone", [False, True])
@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_console_fits_its_screen(shop: Shop, new_page: NewPage, phone: bool, language: str) -> None:
    page = new_page(phone=phone)
    page.goto(f"{shop.simulator_url}/_sim?lang={language}")

    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    expect(page.locator("html")).to_have_attribute("lang", language)
