"""What only a browser can tell: widths, keyboard, cookies."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NewPage
from tests.browser.pages import Store
from tests.tools.servers import Program

NARROWEST = {"width": 320, "height": 640}
PATHS = ("/", "/products/test-product", "/cart", "/orders/lookup", "/orders", "/nowhere")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_sticks_out_on_a_narrow_phone(path: str, scheme: str, new_page: NewPage, program: Program) -> None:
    page = new_page(phone=True, viewport=NARROWEST, color_scheme=scheme)
    page.goto(program.shop_url + path)

    widest = page.evaluate("document.documentElement.scrollWidth")

    assert widest <= NARROWEST["width"]


def test_an_order_page_fits_a_narrow_phone(new_page: NewPage, program: Program) -> None:
    page = new_page(phone=True, viewport=NARROWEST)
    order = Store(page, program.shop_url).order(name="가" * 40)

    assert page.evaluate("document.documentElement.scrollWidth") <= NARROWEST["width"]
    expect(order.page.get_by_test_id("pay")).to_be_visible()


def test_the_first_tab_stop_leads_to_the_content(desktop: Store) -> None:
    desktop.page.goto(desktop.url)
    desktop.page.keyboard.press("Tab")
    desktop.page.keyboard.press("Enter")

    assert desktop.page.evaluate("document.activeElement.id || location.hash") in ("main", "#main")


def test_paying_with_the_keyboard_alone(desktop: Store) -> None:
    """Every choice and the button can be reached without a mouse."""
    order = desktop.order()
    order.page.locator("input[name=method][value=card]").focus()
    order.page.keyboard.press("ArrowDown")
    expect(order.page.locator("input[name=method][value=transfer]")).to_be_checked()
    order.page.get_by_test_id("pay").focus()

    with order.page.expect_response("**/attempts"):
        order.page.keyboard.press("Enter")

    expect(order.page.frame_locator("iframe[name=cpay_ifr]").get_by_test_id("window-approve")).to_be_visible()


def test_a_visitor_gets_no_cookie_from_the_product_list(desktop: Store) -> None:
    desktop.page.goto(desktop.url)

    assert desktop.page.context.cookies() == []
