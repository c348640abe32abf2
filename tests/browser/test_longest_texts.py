"""No page scrolls sideways on a narrow phone, whatever the state and however long the texts that it admits.

The pages come from the shop in this process; the browser only lays them out.
"""

from collections.abc import Callable

import pytest
from playwright.sync_api import Route
from sqlalchemy import update

import tests.page
from shop import clock
from shop.db import db
from shop.models import Product
from shop.services import staff
from tests.browser.conftest import NewPage
from tests.page import PageClient
from tests.staff import PASSWORD, pay, refund, sign_in
from tests.web.test_admin_desk import OPEN
from tests.world import SHOP, SIMULATOR, World

WIDTH = 320
KOREAN, LATIN = "가", "W"
EMAIL = "a" * 40 + "@" + "b" * 47 + ".example.com"
PAYER = {"payer_name": KOREAN * 40, "payer_phone": "010-1234-5678", "payer_email": EMAIL}

Visit = tuple[PageClient, str]


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
    """Somebody of the staff with the longest name."""
    staff.add(LATIN * staff.LONGEST_NAME, PASSWORD, now=clock.now())
    return sign_in(world.browser(), LATIN * staff.LONGEST_NAME)


@pytest.fixture
def narrow(new_page: NewPage) -> Callable[..., None]:
    """Load a page in both languages with a browser's cookies, and insist that it is no wider than the screen."""
    page = new_page(phone=True, viewport={"width": WIDTH, "height": 640}, accepted="status of 4")
    sent_to: list[PageClient] = []
    page.route(f"{SIMULATOR}/**", lambda route: route.fulfill(body=""))
    page.route(f"{SHOP}/**", lambda route: answer(route, sent_to[-1]))

    def insist(shop: PageClient, path: str) -> None:
        sent_to.append(shop)
        for language in ("ko", "en"):
            shop.open(f"/orders/lookup?lang={language}")
            page.goto(SHOP + path)
            assert page.evaluate("document.documentElement.scrollWidth") <= WIDTH, (path, language)

    return insist


def answer(route: Route, shop: PageClient) -> None:
    """Let the shop in this process answer the browser."""
    path = route.request.url.removeprefix(SHOP)
    response = shop.open(path, follow_redirects=True)
    headers = {"Content-Type": response.content_type or ""}
    route.fulfill(status=response.status_code, headers=headers, body=response.get_data())


def visitor(world: World) -> list[Visit]:
    buyer = world.browser()
    products = [f"/products/{slug}" for slug in ("test-product", "quiet-fountain-pen")]
    return [(buyer, path) for path in ("/", *products, "/cart", "/orders", "/orders/lookup", "/nowhere")]


def buyer_with_a_full_cart(world: World) -> list[Visit]:
    buyer = world.browser()
    for slug in ("test-product", "quiet-fountain-pen"):
        buyer.add_to_cart(slug, 2)
    return [(buyer, "/cart"), (buyer, "/checkout")]


def waiting_order(world: World) -> list[Visit]:
    buyer = world.browser()
    order_no = buyer.place_order()
    return [(buyer, f"/orders/{order_no}"), (buyer, f"/orders/{order_no}?options=open"), (buyer, "/orders")]


def declined_order(world: World) -> list[Visit]:
    buyer = world.browser()
    opening = buyer.start_attempt(buyer.place_order())
    back = world.deliver(world.payer().pay(opening["fields"], scenario="balance"))
    return [(buyer, back.removeprefix(SHOP))]


def unanswered_order(world: World) -> list[Visit]:
    buyer = world.browser()
    order_no = buyer.place_order()
    claim = world.payer().pay(buyer.start_attempt(order_no)["fields"])
    world.fault("confirm", "lost_answer", phase="before")
    world.deliver(claim)
    return [(buyer, f"/orders/{order_no}")]


def paid_orders(world: World) -> list[Visit]:
    buyer = world.browser()
    card, transfer = (buyer.place_order(quantity=9) for _method in range(2))
    pay(world, buyer, card)
    pay(world, buyer, transfer, method="transfer", cash_receipt="y")
    return [(buyer, f"/orders/{card}"), (buyer, f"/orders/{transfer}"), (buyer, "/orders")]


@pytest.mark.parametrize(
    "pages", [visitor, buyer_with_a_full_cart, waiting_order, declined_order, unanswered_order, paid_orders]
)
def test_pages_of_the_shop(world: World, narrow: Callable[..., None], pages: Callable[[World], list[Visit]]) -> None:
    for shop, path in pages(world):
        narrow(shop, path)


def test_a_refunded_order_for_buyer_and_staff(world: World, officer: PageClient, narrow: Callable[..., None]) -> None:
    buyer = world.browser()
    order_no = pay(world, buyer, buyer.place_order(quantity=9), method="transfer", cash_receipt="y")
    refund(officer, order_no, amount="1000", reason=KOREAN * 200)

    narrow(buyer, f"/orders/{order_no}")
    narrow(officer, f"/admin/orders/{order_no}")
    narrow(officer, "/admin/orders")
    narrow(officer, f"/admin/orders?q={KOREAN * 60}")
    narrow(officer, f"/admin/settlement?date={clock.korea_date(clock.now())}")


def test_the_desk(world: World, officer: PageClient, narrow: Callable[..., None]) -> None:
    for situation, _kind, _state, _actions in OPEN:
        situation(world, officer)

    assert set(officer.get("/admin/desk").values("desk-row", "data-kind")) == {"attempt", "refund", "cash-receipt"}
    narrow(officer, "/admin/desk")
