"""Payment links in the staff area: made on the order's page, closed on the desk."""

from datetime import timedelta

import pytest

from shop.rules.money import LARGEST_TOTAL
from tests.page import PageClient
from tests.staff import PASSWORD, pay, sign_in
from tests.world import World, korea_now

DESK = "/admin/desk"


def wish(days: int = 1, **other: str) -> dict[str, str]:
    return {"goods": "책 한 권", "last_day": f"{korea_now() + timedelta(days=days):%Y-%m-%d}"} | other


def test_a_link_is_shown_with_its_address_a_qr_code_and_its_end(
    world: World, officer: PageClient, order_no: str
) -> None:
    for wrong in ({"goods": ""}, {"goods": "책" * 33}, {"last_day": "tomorrow"}, wish(-1), wish(32)):
        refused = officer.submit(f"/admin/orders/{order_no}/links", wish() | wrong, 422)
        assert refused.values("form-errors", "data-kind") == ["bad"], wrong
    assert (world.order(order_no).links, world.calls()) == ([], 0)

    page = officer.submit(f"/admin/orders/{order_no}/links", wish())

    [address] = page.values("link-address", "href")
    assert page.values("link-row", "data-state") == ["open"]
    assert f'data-copy="{address}"' in page.text
    assert '<path class="qrline"' in page.text
    assert f"{order_no} 책 한 권" in page.text
    assert 'journal-event"><code>' not in page.text
    assert world.gateway.get(address).status_code == 200
    assert world.order(order_no).links[0].expires_at == (korea_now() + timedelta(days=2)).replace(
        hour=0, minute=0, second=0, microsecond=0
    )


def test_the_desk_closes_a_link_that_nobody_paid_for_whoever_enters_the_password(
    world: World, officer: PageClient, order_no: str
) -> None:
    officer.submit(f"/admin/orders/{order_no}/links", wish())
    world.advance(days=3)
    officer = sign_in(world.browser())
    [address] = officer.get(DESK).values("close-link", "formaction")
    other = world.browser().place_order()

    officer.submit(address.replace(order_no, other), {"password": PASSWORD}, 404)
    officer.submit(address, {"password": "wrong"}, 403)
    page = officer.submit(address, {"password": PASSWORD})
    officer.submit(address, {})

    assert (page.path, page.values("desk-row", "data-kind")) == (DESK, [])
    assert officer.get(f"/admin/orders/{order_no}").values("link-row", "data-state") == ["closed"]


FREE = {
    "amount": "12,000원",
    "tax": "exempt",
    "payer_name": "김나직",
    "payer_phone": "01012345678",
    "payer_email": "a@b.kr",
}


def test_a_free_amount_becomes_an_order_with_a_link(world: World, officer: PageClient) -> None:
    page = officer.submit("/admin/links/new", wish() | FREE, page=officer.get("/admin/links/new"))

    assert page.values("link-row", "data-state") == ["open"]
    order = world.order(page.path[-17:])
    assert (order.amount, order.exempt, order.goods, [line.name for line in order.lines]) == (
        *(12_000, 12_000),
        *("책 한 권", ["책 한 권"]),
    )
    buyer = world.browser()
    found = buyer.submit("/orders/lookup", {"order_no": order.order_no, "payer_phone": "010-1234-5678"})
    pay(world, buyer, order.order_no)
    assert (found.state, buyer.get(f"/orders/{order.order_no}").state) == ("awaiting_payment", "paid")
    assert buyer.get("/orders").values("history-row", "data-order") == [order.order_no]
    assert officer.get(f"/admin/orders/{order.order_no}").has("refund-form")


def test_nobody_owns_the_order_of_a_free_amount(world: World, officer: PageClient) -> None:
    page = officer.submit("/admin/links/new", wish() | FREE)

    world.browser().get(f"/orders/{page.path[-17:]}", 404)
    world.sweep(days=40)
    assert world.order(page.path[-17:]).state == "expired"


@pytest.mark.parametrize(
    "wrong", [{"amount": "999"}, {"amount": ""}, {"tax": "none"}, {"payer_phone": "1"}, {"goods": ""}]
)
def test_a_free_amount_that_makes_no_sense_makes_no_order(
    world: World, officer: PageClient, wrong: dict[str, str]
) -> None:
    page = officer.submit("/admin/links/new", wish() | FREE | wrong, 422)

    assert page.has("form-errors")
    assert world.calls() == 0


@pytest.mark.stricter_engine
def test_the_largest_free_amount_is_that_of_a_cart(world: World, officer: PageClient) -> None:
    officer.submit("/admin/links/new", wish() | FREE | {"amount": str(LARGEST_TOTAL + 1)}, 422)

    page = officer.submit("/admin/links/new", wish() | FREE | {"amount": str(LARGEST_TOTAL)})

    assert world.order(page.path[-17:]).amount == LARGEST_TOTAL
