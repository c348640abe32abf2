"""A person saves a card, pays the next order with its password, and deletes it."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import NewPage
from tests.kit import Shop
from tests.kit.pages import OrderPage, Store


def paid(order: OrderPage) -> str:
    """Pay as the order page has it; answers the attempt's number."""
    window, attempt_no = order.open_window("layer")
    window.approve()
    order.insist_on_state("paid")
    return attempt_no


def test_a_saved_card_pays_the_next_order_and_is_deleted(new_page: NewPage, shop: Shop) -> None:
    page = new_page()
    store = Store(page, shop.url)
    order = store.order()
    page.get_by_label("다음에도 이 결제수단 사용").check()
    paid(order)

    again = store.order()
    expect(page.locator("input[name=method]:checked")).to_have_attribute("value", re.compile("saved-"))
    window, attempt_no = again.open_window("layer")
    expect(window.place.get_by_test_id("window-password")).to_be_visible()
    window.approve()
    again.insist_on_state("paid")

    assert shop.control("GET", f"payments/{attempt_no}")["state"] == "approved"
    page.goto(f"{shop.url}/orders")
    page.get_by_test_id("delete-saved").click()
    expect(page.get_by_test_id("saved-method")).to_have_count(0)
