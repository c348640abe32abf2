"""No page scrolls sideways on a narrow phone, however long the texts that it admits, and no amount is cut off.

The pages come from the shop in this process; the browser only lays them out.
"""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, Route, expect
from sqlalchemy import update

import tests.page
from shop import clock
from shop.db import db
from shop.models import Product
from shop.services import staff
from tests.browser.conftest import NewPage
from tests.page import PageClient
from tests.situations import OPEN, lost_confirm
from tests.staff import PASSWORD, refund, sign_in
from tests.world import SHOP, SIMULATOR, Purchase, World

WIDTH = 320
PAPER = 688
"""Pixels of an A4 page within its margins."""
TOPS = "links => links.map(link => link.getBoundingClientRect().top)"
KOREAN, LATIN = "가", "W"
EMAIL = "a" * 40 + "@" + "b" * 47 + ".example.com"
PAYER = {"payer_name": KOREAN * 40, "payer_phone": "010-1234-5678", "payer_email": EMAIL} | tests.page.CONSENTS

Place = tuple[PageClient, str]
Visit = Callable[[PageClient, str], Page]


@pytest.fixture
def world(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A shop in which every product and every payer has the longest name."""
    monkeypatch.setattr(tests.page, "PAYER", PAYER)
    texts = {"name": KOREAN * 100, "summary": KOREAN * 200, "name_en": LATIN * 100, "summary_en": LATIN * 200}
    db.session.execute(update(Product).values(texts))
    db.session.commit()
    return world


@pytest.fixture
def officer(world: World) -> PageClient:
    staff.add(LATIN * staff.LONGEST_NAME, PASSWORD)
    return sign_in(world.browser(), LATIN * staff.LONGEST_NAME)


@pytest.fixture
def visit(new_page: NewPage) -> Visit:
    """Load a page of the shop with a browser's cookies, on a narrow phone."""
    page = new_page(phone=True, viewport={"width": WIDTH, "height": 640}, accepted="status of 4")
    sent_to: list[PageClient] = []
    page.route(f"{SIMULATOR}/**", lambda route: route.fulfill(body=""))
    page.route(f"{SHOP}/**", lambda route: answer(route, sent_to[-1]))

    def load(shop: PageClient, path: str) -> Page:
        sent_to.append(shop)
        page.goto(SHOP + path)
        return page

    return load


@pytest.fixture
def narrow(visit: Visit) -> Callable[..., None]:
    """Insist that a page is no wider than the screen, all unfolded, in both languages."""

    def insist(shop: PageClient, path: str) -> None:
        for language in ("ko", "en"):
            shop.open(f"/orders/lookup?lang={language}")
            page = visit(shop, path)
            page.evaluate("document.querySelectorAll('details').forEach((details) => details.open = true)")
            assert page.evaluate("document.documentElement.scrollWidth") <= WIDTH, (path, language)

    return insist


def answer(route: Route, shop: PageClient) -> None:
    path = route.request.url.removeprefix(SHOP)
    response = shop.open(path, follow_redirects=True)
    headers = {"Content-Type": response.content_type or ""}
    route.fulfill(status=response.status_code, headers=headers, body=response.get_data())


def visitor(world: World) -> list[Place]:
    buyer = world.browser()
    products = [f"/products/{slug}" for slug in ("test-product", "quiet-fountain-pen")]
    return [(buyer, path) for path in ("/", *products, "/cart", "/orders", "/orders/lookup", "/nowhere")]


def buyer_with_a_full_cart(world: World) -> list[Place]:
    buyer = world.browser()
    for slug in ("test-product", "quiet-fountain-pen"):
        buyer.add_to_cart(slug, 2)
    return [(buyer, "/cart"), (buyer, "/checkout")]


def waiting_order(world: World) -> list[Place]:
    buyer = world.browser()
    path = f"/orders/{buyer.place_order()}"
    return [(buyer, path), (buyer, f"{path}?options=open"), (buyer, "/orders")]


def declined_order(world: World) -> list[Place]:
    return [page_of(world.purchase().pay("balance"))]


def unanswered_order(world: World) -> list[Place]:
    return [page_of(lost_confirm(world))]


def paid_orders(world: World) -> list[Place]:
    card = world.purchase(quantity=9).pay()
    transfer = world.purchase(quantity=9, method="transfer", cash_receipt="y").pay()
    return [page_of(card), page_of(transfer), (transfer.buyer, "/orders")]


def subscription(world: World) -> list[Place]:
    purchase = world.purchase("monthly-book").pay()
    return [(purchase.buyer, f"/subscriptions/{purchase.order_no}"), (purchase.buyer, "/orders")]


def page_of(purchase: Purchase) -> Place:
    return purchase.buyer, f"/orders/{purchase.order_no}"


PAGES = (visitor, buyer_with_a_full_cart, waiting_order, declined_order, unanswered_order, paid_orders, subscription)


def test_pages_of_the_shop(world: World, narrow: Callable[..., None]) -> None:
    for make in PAGES:
        for shop, path in make(world):
            narrow(shop, path)


def test_pages_of_the_staff(world: World, officer: PageClient, narrow: Callable[..., None], visit: Visit) -> None:
    purchase = world.purchase(quantity=9, method="transfer", cash_receipt="y").pay()
    order_no = purchase.order_no
    refund(officer, order_no, amount="1000", reason=KOREAN * 200)
    for situation in OPEN:
        situation.arrange(world, officer)

    narrow(*page_of(purchase))
    for path in (f"orders/{order_no}", "orders", f"orders?q={KOREAN * 60}", "settlement", "desk", "links/new"):
        narrow(officer, f"/admin/{path}")
    asked = {"number": purchase.attempt_no, "method": "transfer", "date": str(clock.korea_date(clock.now()))}
    narrow(officer, officer.submit("/admin/inquiry", asked).response.request.full_path)
    assert set(officer.get("/admin/desk").values("desk-row", "data-kind")) == {"attempt", "refund", "cash-receipt"}
    for language in ("ko", "en"):
        page = visit(officer, f"/admin/desk?lang={language}")
        tops = {round(top) for top in page.locator(".masthead-link").evaluate_all(TOPS)}
        assert len(tops) == 1, "the menu has two rows: the name, and the links"
        assert middle(page.get_by_test_id("logout")) < min(tops), language


def test_the_settlement_sheet_shows_every_amount_on_a_phone_and_on_paper(
    world: World, officer: PageClient, visit: Visit
) -> None:
    db.session.execute(update(Product).values(price=90_000))
    db.session.commit()
    world.purchase(quantity=99, method="transfer").pay().refund(1_230_000)
    address = f"/admin/settlement?date={clock.korea_date(clock.now())}"
    for language in ("ko", "en"):
        page = visit(officer, f"{address}&lang={language}")
        line, sums = page.get_by_test_id("sheet-line").first, page.get_by_test_id("sheet-sums")

        assert right_edge(line.locator(".number")) <= WIDTH, language
        assert all(right_edge(amount) <= WIDTH for amount in sums.locator("td").all()), language
        assert middle(line.get_by_role("link")) == pytest.approx(middle(line.locator(".number")), abs=1)
    paper = visit(officer, address)
    paper.set_viewport_size({"width": PAPER, "height": 900})
    paper.emulate_media(media="print")
    assert right_edge(paper.get_by_test_id("sheet-line").first.locator("td").last) <= PAPER


def test_a_receipt_keeps_each_number_on_one_line_and_prints_the_unit_price(world: World, visit: Visit) -> None:
    page = visit(*page_of(world.purchase(quantity=9).pay()))
    for width, media in ((WIDTH, "screen"), (PAPER, "print")):
        page.emulate_media(media=media)  # type: ignore[arg-type]
        page.set_viewport_size({"width": width, "height": 900})
        for field in ("attempt_no", "trade_key"):
            assert lines_of(page.locator(f"[data-field={field}] dd")) == 1, (field, width)
    page.set_viewport_size({"width": 280, "height": 900})
    expect(page.locator("td.lines-price")).to_be_visible()


def lines_of(value: Locator) -> int:
    """On how many lines a text stands."""
    count: int = value.evaluate(
        "dd => { const text = document.createRange(); text.selectNodeContents(dd);"
        " return new Set([...text.getClientRects()].map((box) => Math.round(box.top))).size; }"
    )
    return count


def right_edge(element: Locator) -> float:
    box = element.bounding_box()
    assert box
    return box["x"] + box["width"]


def middle(element: Locator) -> float:
    box = element.bounding_box()
    assert box
    return box["y"] + box["height"] / 2
