"""Payment links in the staff area: made on the order's page, closed on the desk."""

from datetime import timedelta

from tests.page import PageClient
from tests.staff import PASSWORD, sign_in
from tests.world import World, korea_now

DESK = "/admin/desk"


def wish(days: int = 1, **other: str) -> dict[str, str]:
    return {"goods": "책 한 권", "last_day": f"{korea_now() + timedelta(days=days):%Y-%m-%d}"} | other


def test_a_link_is_shown_with_its_address_a_qr_code_and_its_end(
    world: World, officer: PageClient, order_no: str
) -> None:
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


def test_a_wish_that_makes_no_sense_makes_no_link(world: World, officer: PageClient, order_no: str) -> None:
    for wrong in ({"goods": ""}, {"goods": "책" * 33}, {"last_day": "tomorrow"}, wish(-1), wish(32)):
        page = officer.submit(f"/admin/orders/{order_no}/links", wish() | wrong, 422)
        assert page.values("form-errors", "data-kind") == ["bad"], wrong

    assert (world.order(order_no).links, world.calls()) == ([], 0)


def test_a_paid_order_gets_no_link(world: World, officer: PageClient) -> None:
    purchase = world.purchase()
    purchase.pay()
    order_no = purchase.order.order_no

    assert officer.get(f"/admin/orders/{order_no}").values("link-form", "action") == []
    officer.submit(f"/admin/orders/{order_no}/links", wish(), 409)


def test_the_desk_closes_a_link_that_nobody_paid_for_whoever_enters_the_password(
    world: World, officer: PageClient, order_no: str
) -> None:
    officer.submit(f"/admin/orders/{order_no}/links", wish())
    world.advance(days=3)
    officer = sign_in(world.browser())
    [address] = officer.get(DESK).values("close-link", "formaction")

    officer.submit(address, {"password": "wrong"}, 403)
    page = officer.submit(address, {"password": PASSWORD})

    assert (page.path, page.values("desk-row", "data-kind")) == (DESK, [])
    assert officer.get(f"/admin/orders/{order_no}").values("link-row", "data-state") == ["closed"]
