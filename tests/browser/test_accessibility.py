"""axe finds nothing on any page, in any state, in either colour scheme; the payment window and errors included."""

from importlib.resources import files

import pytest
from playwright.sync_api import Frame, Page

from shop.demo.wishes import DemoState
from tests.browser.conftest import NewPage, QuickStore
from tests.kit import Choices, Shop, StaffArea, Store

AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
RUN = """
() => axe.run({ resultTypes: ["violations"] }).then(({ violations }) =>
    violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 200)}`)))
"""
VISITOR = (
    "/",
    "/products/moon-well",
    "/cart",
    "/orders",
    "/orders/lookup",
    "/terms",
    "/nowhere",
    "/orders/20260101-ABCDEFGH",
)
DEMO = ("/demo/", "/demo/states", "/demo/codes", "/admin/login")
STAFF = (
    *("orders", "orders?q=nobody", "desk", "doctor", "inquiry", "settlement", "settlement/comparison", "nowhere"),
    *("subscriptions", "links/new"),
)


pytestmark = pytest.mark.full


@pytest.fixture
def page(new_page: NewPage) -> Page:
    page = new_page(accepted="status of 4")
    page.emulate_media(reduced_motion="reduce")
    return page


def insist(page: Page, part: Frame | None = None) -> None:
    """Everything unfolded, axe has nothing to say about a page, or about a frame of it."""
    place = part or page
    place.evaluate(AXE)
    place.evaluate("document.querySelectorAll('details').forEach((details) => details.open = true)")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert place.evaluate(RUN) == [], (place.url, scheme)


def test_pages_of_a_visitor_and_of_the_demo(page: Page, shop: Shop) -> None:
    for path in VISITOR + DEMO:
        page.goto(shop.url + path)
        insist(page)


def test_forms_that_are_filled_in_wrongly(page: Page, shop: Shop) -> None:
    Store(page, shop.url).add("test-product")
    page.goto(f"{shop.url}/cart")
    insist(page)
    for path in ("/checkout", "/orders/lookup"):
        page.goto(shop.url + path)
        insist(page)
        page.evaluate("document.querySelectorAll('main form').forEach((form) => form.noValidate = true)")
        page.locator("main [type=submit]").last.click()
        insist(page)


@pytest.mark.parametrize("state", DemoState)
def test_an_order_for_buyer_staff_and_presenter(state: DemoState, page: Page, shop: Shop) -> None:
    order = shop.order(state)
    page.context.add_cookies(order.cookies)
    StaffArea(page, shop.url).sign_in(shop.staff_name, shop.staff_password)
    for address in (order.url, order.conversation_url, order.staff_url):
        page.goto(address)
        insist(page)


@pytest.mark.parametrize("method", ["card", "app_card", "transfer"])
def test_the_payment_window(method: str, page: Page, shop: Shop) -> None:
    order = QuickStore(page, shop).order()
    order.choose(Choices(method=method, window="direct", work="PAY", cash_receipt=True))  # type: ignore[arg-type]
    window, _attempt_no = order.open_window("same page")
    window.amount.wait_for()
    insist(page)
    window.approve()
    if method == "transfer":
        page.get_by_test_id("window-cash-receipt-skip").wait_for()
        insist(page)


def test_the_layer(page: Page, shop: Shop) -> None:
    order = QuickStore(page, shop).order()
    order.open_window("layer")[0].amount.wait_for()
    [frame] = [frame for frame in page.frames if frame.name == "cpay_ifr"]

    insist(page, frame)
    frame.get_by_test_id("window-close").click()
    page.get_by_test_id("notice").wait_for()
    insist(page)


def test_the_staff_area(page: Page, shop: Shop) -> None:
    area = StaffArea(page, shop.url)
    area.sign_in(shop.staff_name, shop.staff_password)
    for path in STAFF:
        page.goto(f"{shop.url}/admin/{path}")
        insist(page)


def test_the_console(page: Page, shop: Shop) -> None:
    shop.order("refunded")
    for path in ("/_sim", "/_sim?lang=en", "/nowhere"):
        page.goto(shop.simulator_url + path)
        insist(page)
    page.goto(f"{shop.simulator_url}/_sim")
    page.locator("a[href*=story]").first.click()
    insist(page)
