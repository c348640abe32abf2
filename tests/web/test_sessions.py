"""Sessions: signing out ends one everywhere, no late answer brings it back, and no late answer empties a cart."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask.sessions import SecureCookieSessionInterface
from sqlalchemy import select

from shop.db import db
from shop.models import StaffSession
from tests.gateway.receiver import Receiver, receiving
from tests.page import PAYER, PageClient
from tests.staff import PASSWORD, fields_of, paid_order, plan, refund, sign_in
from tests.world import World


@pytest.fixture
def driver() -> Iterator[Receiver]:
    """Is told when the simulator holds a request."""
    with receiving() as receiver:
        yield receiver


def sign_out(browser: PageClient) -> None:
    browser.submit("/admin/logout", {}, page=browser.get("/admin/orders"))


def test_no_late_answer_revives_a_session_or_its_password_confirmation(
    world: World, officer: PageClient, driver: Receiver
) -> None:
    """The cancel is held at the gateway while another tab signs out."""
    order_no = paid_order(world)
    form = fields_of(plan(officer, order_no, amount="1000"))
    fields = form | {"password": PASSWORD, "csrf_token": officer.get("/admin/orders").csrf_token}
    held = {"op": "cancel", "phase": "after", "notify_url": driver.url}
    number = world.control("POST", "barrier", held)["id"]
    tab = officer.copy()

    with ThreadPoolExecutor(1) as threads:
        late = threads.submit(officer.copy().post, f"/admin/orders/{order_no}/refunds", fields)
        driver.came.get(timeout=10)
        sign_out(tab)
        world.control("POST", f"barrier/{number}/release")
        tab.take_cookies(late.result(10))

    assert world.order(order_no).refunded == 1000
    assert tab.open("/admin/orders").status_code == 303
    assert officer.open("/admin/orders").status_code == 303
    sign_in(tab)
    assert "password" in fields_of(plan(tab, order_no, amount="1000"))


def test_a_copied_cookie_is_worthless_after_the_sign_out(world: World, officer: PageClient) -> None:
    thief = officer.copy()
    assert thief.open("/admin/orders").status_code == 200

    sign_out(officer)

    assert thief.open("/admin/orders").status_code == 303
    order_no = paid_order(world)
    fields = {"amount": "1000", "reason": "변심", "password": PASSWORD, "csrf_token": thief.csrf_token()}
    assert thief.post(f"/admin/orders/{order_no}/refunds", fields).status_code == 303
    assert world.order(order_no).refunds == []


def test_a_sign_out_ends_its_own_session_only(world: World, officer: PageClient) -> None:
    other = sign_in(world.browser())

    sign_out(officer)

    assert other.open("/admin/orders").status_code == 200


def test_the_password_counts_for_its_own_session_only(world: World, officer: PageClient) -> None:
    order_no = paid_order(world)
    refund(officer, order_no, amount="1000")
    other = sign_in(world.browser())

    assert "password" not in fields_of(plan(officer, order_no, amount="1000"))
    assert "password" in fields_of(plan(other, order_no, amount="1000"))


def test_a_token_is_kept_as_a_hash_only(world: World, officer: PageClient) -> None:
    signer = SecureCookieSessionInterface().get_signing_serializer(world.app)
    assert signer
    token = signer.loads(officer.session_cookie())["_user_id"]

    assert token not in world.dump()


def test_the_next_sign_in_deletes_sessions_whose_day_is_over(world: World, officer: PageClient) -> None:
    [before] = db.session.scalars(select(StaffSession.token_hash))
    world.advance(hours=11)

    sign_in(officer)

    db.session.rollback()
    [after] = db.session.scalars(select(StaffSession.token_hash))
    assert after != before


def test_two_requests_at_once_both_put_their_product_into_the_cart(world: World) -> None:
    """Each was sent before the other one was answered, and the older one is answered last."""
    buyer = world.browser()
    buyer.add_to_cart()
    older = buyer.copy()
    token = buyer.csrf_token()
    late = older.post("/cart/items", {"product": "alley-timetable", "quantity": "2", "csrf_token": token})
    buyer.post("/cart/items", {"product": "threadbound-notebook", "quantity": "1", "csrf_token": token})

    buyer.take_cookies(late)

    cart = buyer.get("/cart")
    assert set(cart.values("cart-line", "data-product")) == {"alley-timetable", "threadbound-notebook", "test-product"}
    assert buyer.submit("/orders", PAYER, page=buyer.get("/checkout")).state == "awaiting_payment"


def test_what_is_added_while_an_order_is_placed_stays_in_the_cart(world: World) -> None:
    buyer = world.browser()
    buyer.add_to_cart()
    form = PAYER | {"csrf_token": buyer.csrf_token()}
    late = buyer.copy().post("/orders", form)
    buyer.add_to_cart("alley-timetable")

    buyer.take_cookies(late)

    assert buyer.get("/cart").values("cart-line", "data-product") == ["alley-timetable"]
    assert buyer.submit("/orders", PAYER, page=buyer.get("/checkout")).path not in late.headers["Location"]


@pytest.mark.parametrize("quantity", ["0", "-1", "100", "x", "", "９"])
def test_a_cookie_that_is_no_quantity_is_left_out(world: World, quantity: str) -> None:
    buyer = world.browser()
    buyer.set_cookie("cart.test-product", quantity)

    assert buyer.get("/cart").values("cart-line", "data-product") == []


def test_a_cart_of_another_browser_makes_an_order_of_ones_own(world: World) -> None:
    """The identity of a cart is not signed: copied, it must neither open the other's order nor break."""
    first = world.browser()
    first.add_to_cart()
    placed = first.copy().submit("/orders", PAYER, page=first.get("/checkout")).path
    second = first.copy()
    second.set_cookie("shop", "")

    assert second.submit("/orders", PAYER, page=second.get("/checkout")).path != placed
