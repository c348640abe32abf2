"""What people hear who do not see the page: where the focus is after the payment window, and what a button opens."""

import re

import pytest
from playwright.sync_api import expect

from tests.kit.pages import Choices, Opens, Store

HEARD = ":focus:is([role=status], [role=alert])"


@pytest.mark.parametrize("opens", ["layer", "same page"])
def test_after_the_window_the_outcome_has_the_focus_and_begins_the_title(desktop: Store, opens: Opens) -> None:
    order = desktop.order()
    order.choose(Choices(window="direct" if opens == "same page" else "popup"))

    order.open_window(opens)[0].approve("limit")
    expect(order.page.locator(HEARD)).to_contain_text("한도")
    expect(order.page).to_have_title(re.compile("^결제 대기 · 주문 "))

    order.choose(Choices(window="direct" if opens == "same page" else "popup"))
    order.open_window(opens)[0].approve()
    order.insist_on_state("paid")
    expect(order.page.locator(HEARD)).to_contain_text("결제가 완료됐어요")


def test_a_page_that_is_opened_leaves_the_focus_alone_and_says_that_the_window_has_opened(desktop: Store) -> None:
    order = desktop.order()
    assert order.page.evaluate("document.activeElement === document.body")

    order.open_window("layer")
    expect(order.page.locator("[data-payment-messages]")).to_have_text(re.compile("^결제창이 열렸어요"))


def test_the_button_says_that_it_opens_a_new_window(phone: Store, desktop: Store) -> None:
    order = phone.order()
    order.choose(Choices(window="popup"))
    expect(order.page.get_by_test_id("pay")).to_have_accessible_name("결제하기 (새 창)")

    order.choose(Choices(window="direct"))
    expect(order.page.get_by_test_id("pay")).to_have_accessible_name("결제하기")

    on_a_pc = desktop.order()
    on_a_pc.choose(Choices(window="popup"))
    expect(on_a_pc.page.get_by_test_id("pay")).to_have_accessible_name("결제하기")
