"""A person subscribes, finds the subscription and stops it, on a desktop and on a phone."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NewPage
from tests.kit import Shop
from tests.kit.pages import Opens, Store


@pytest.mark.parametrize(
    ("phone", "opens", "card"), [(False, "layer", "9999030000004102"), (True, "same page", "9999030000004110")]
)
def test_a_subscription_is_bought_found_and_stopped(
    phone: bool, opens: Opens, card: str, new_page: NewPage, shop: Shop
) -> None:
    page = new_page(phone=phone)
    order = Store(page, shop.url).order("monthly-book")
    window, attempt_no = order.open_window(opens)
    window.place.locator("[name=card_number]").fill(card)  # the gateway charges a card once a month
    window.approve()
    order.insist_on_state("paid")

    page.get_by_test_id("subscription").click()
    status = page.get_by_test_id("subscription-status")
    expect(status).to_have_attribute("data-state", "active")
    expect(page.get_by_test_id("next-charge")).to_be_visible()
    page.get_by_test_id("stop-subscription").click()

    expect(status).to_have_attribute("data-state", "stopped")
    assert shop.control("GET", f"payments/{attempt_no}")["state"] == "approved"
