"""The tour of the demo, walked with a browser: no change may break it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewPage
from tests.kit import Shop
from tests.kit.pages import Opens, OrderPage


def next_step(page: Page, name: str) -> None:
    expect(page.get_by_test_id("tour")).to_be_visible()
    page.wait_for_load_state()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_test_id("tour")).to_have_attribute("data-step", name)


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_the_tour_needs_no_typing(phone: bool, new_page: NewPage, shop: Shop) -> None:
    page = new_page(phone=phone)
    order = OrderPage(page)
    popup: Opens = "new window" if phone else "layer"
    page.goto(f"{shop.url}/demo/")
    page.get_by_test_id("tour-start").click()

    next_step(page, "popup-card")
    window, _number = order.open_window(popup)
    window.approve()
    order.insist_on_state("paid")

    next_step(page, "direct-transfer")
    window, _number = order.open_window("same page")
    window.approve()
    window.ask_for_cash_receipt()
    order.insist_on_state("paid")

    next_step(page, "lost-answer")
    window, _number = order.open_window(popup)
    window.approve()
    expect(order.status).to_have_attribute("data-state", "paid", timeout=30_000)
    next_step(page, "conversation")
    expect(page.locator("[data-event=confirm][data-kind=lost]")).to_be_visible()

    next_step(page, "changed-amount")
    order.insist_on_state("awaiting_payment")
    next_step(page, "partial-refund")
    next_step(page, "two-windows")
    order.insist_on_state("paid")
    next_step(page, "subscription")
    expect(page.get_by_test_id("subscription-status")).to_be_visible()
    next_step(page, "end")
    expect(page).to_have_url(re.compile("/demo/"))
