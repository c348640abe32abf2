"""What goes wrong between a person and a payment window: each time a sentence, a code, and a way on."""

import re
import time

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.conftest import NewPage, QuickStore
from tests.kit import Choices, OrderPage, Shop, Store
from tests.kit.pages import Opens, Window

# Chromium forgets a press after five seconds.
LONGER_THAN_A_GESTURE = 5.5


def test_a_closed_window_can_be_opened_again(desktop: Store, shop: Shop) -> None:
    order = desktop.order()
    window, closed = order.open_window("layer")
    window.close()
    expect(order.page.get_by_text("결제창을 닫았어요.")).to_be_visible()
    order.insist_on_state("awaiting_payment")

    window, paid = order.open_window("layer")
    window.approve()

    order.insist_on_state("paid")
    assert closed != paid
    assert [shop.control("GET", f"payments/{number}")["state"] for number in (closed, paid)] == ["closed", "approved"]


def test_a_layer_that_was_left_alone_does_not_block_the_next_try(desktop: Store) -> None:
    order = desktop.order()
    order.open_window("layer")
    desktop.page.reload()

    window, _ = order.open_window("layer")
    window.approve()

    order.insist_on_state("paid")


@pytest.mark.parametrize(("kind", "opens"), [("popup", "new window"), ("direct", "same page")])
def test_a_window_needs_one_press_however_slow_the_answer(
    kind: Window, opens: Opens, new_page: NewPage, blocking_browser: Browser, shop: Shop
) -> None:
    order = QuickStore(new_page(phone=True, of=blocking_browser), shop).order()
    order.choose(Choices(window=kind))
    starts = count_starts(order.page)

    window, attempt_no = order.open_window(opens, lambda: press_pay_and_wait_too_long(order))
    window.approve()

    order.insist_on_state("paid")
    assert starts == [f"{order.page.url.partition('?')[0]}/attempts"]
    expect(order.receipt_row("attempt_no")).to_contain_text(attempt_no)


def test_a_blocked_window_is_explained_and_starts_nothing(phone: Store) -> None:
    order = phone.order()
    order.choose(Choices(window="popup"))
    order.page.evaluate("window.open = () => null")
    starts = count_starts(order.page)

    order.press_pay()

    expect(order.page.get_by_text("window_blocked")).to_be_visible()
    assert starts == []


def test_a_window_whose_start_is_refused_closes_again(phone: Store) -> None:
    order = phone.order()
    order.choose(Choices(window="popup"))
    order.page.route(re.compile("/attempts$"), lambda route: route.fulfill(status=200, body="no JSON"))

    with order.page.expect_popup() as opened:
        order.press_pay()

    expect(order.page.get_by_text("shop_unreachable")).to_be_in_viewport(ratio=1)
    if not opened.value.is_closed():
        opened.value.wait_for_event("close")


def test_a_page_that_was_left_open_offers_a_new_look_at_its_order(new_page: NewPage, shop: Shop) -> None:
    """Meanwhile the order was paid in another tab."""
    page = new_page(accepted="409")
    left_open = QuickStore(page, shop).order()
    other_tab = OrderPage(page.context.new_page())
    other_tab.page.goto(page.url)
    other_tab.open_window("layer")[0].approve()
    other_tab.insist_on_state("paid")

    left_open.press_pay()
    page.get_by_test_id("reload").click()

    left_open.insist_on_state("paid")


def count_starts(page: Page) -> list[str]:
    """The addresses of all attempts that this page starts from now on."""
    started: list[str] = []
    page.on("request", lambda request: started.append(request.url) if request.url.endswith("/attempts") else None)
    return started


def press_pay_and_wait_too_long(order: OrderPage) -> None:
    """Let the answer to 결제하기 arrive after the browser has forgotten the press.

    Until the page has dealt with the answer, nothing may look into it: what Playwright evaluates counts as a press.
    """

    def slowly(route: Route) -> None:
        answer = route.fetch()
        time.sleep(LONGER_THAN_A_GESTURE)
        route.fulfill(response=answer)

    order.page.route(re.compile("/attempts$"), slowly)
    with order.page.expect_event("requestfinished", lambda request: request.url.endswith("/attempts")):
        order.press_pay()
    order.page.wait_for_timeout(250)
