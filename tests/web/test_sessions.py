"""Sessions and carts of a browser: what ends them, what outlives an exchange of keys, and what late answers change."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from sqlalchemy import select

from shop.db import db
from shop.factory import create_app
from shop.models import StaffSession
from shop.settings import Settings
from tests.gateway.receiver import receiving
from tests.page import PAYER, PageClient
from tests.staff import PASSWORD, fields_of, paid_order, plan, sign_in
from tests.world import World


def is_signed_in(browser: PageClient) -> bool:
    return browser.open("/admin/orders").status_code == 200


def test_no_late_answer_revives_a_session_or_its_password_confirmation(world: World, officer: PageClient) -> None:
    """The cancel is held at the gateway while another tab signs out."""
    order_no = paid_order(world)
    form = fields_of(plan(officer, order_no, amount="1000"))
    fields = form | {"password": PASSWORD, "csrf_token": officer.csrf_token()}
    tab = officer.copy()

    with receiving() as receiver, ThreadPoolExecutor(1) as threads:
        held = {"op": "cancel", "phase": "after", "notify_url": receiver.url}
        number = world.control("POST", "barrier", held)["id"]
        late = threads.submit(officer.copy().post, f"/admin/orders/{order_no}/refunds", fields)
        receiver.came.get(timeout=10)
        tab.submit("/admin/logout", {})
        world.control("POST", f"barrier/{number}/release")
        tab.take_cookies(late.result(10))

    assert world.order(order_no).refunded == 1000
    assert not is_signed_in(tab)
    assert not is_signed_in(officer)
    assert "password" in fields_of(plan(sign_in(tab), order_no, amount="1000"))


def test_a_copied_cookie_is_worthless_after_the_sign_out(world: World, officer: PageClient) -> None:
    thief, colleague = officer.copy(), sign_in(world.browser())
    assert is_signed_in(thief)

    officer.submit("/admin/logout", {})

    assert not is_signed_in(thief)
    order_no = paid_order(world)
    fields = {"amount": "1000", "reason": "변심", "password": PASSWORD, "csrf_token": thief.csrf_token()}
    assert thief.post(f"/admin/orders/{order_no}/refunds", fields).status_code == 303
    assert world.order(order_no).refunds == []
    assert is_signed_in(colleague)


def test_a_session_is_stored_as_a_hash_and_deleted_once_its_day_is_over(world: World, officer: PageClient) -> None:
    signer = SecureCookieSessionInterface().get_signing_serializer(world.app)
    assert signer
    assert signer.loads(officer.session_cookie())["_user_id"] not in world.dump()
    [before] = db.session.scalars(select(StaffSession.token_hash))
    world.advance(hours=11)

    sign_in(officer)

    db.session.rollback()
    [after] = db.session.scalars(select(StaffSession.token_hash))
    assert after != before


# --- carts ----------------------------------------------------------------------------------------------------------


def test_two_requests_at_once_both_put_their_product_into_the_cart(buyer: PageClient) -> None:
    """The request that is answered last knows nothing of the other one."""
    buyer.add_to_cart()
    older, form = buyer.copy(), {"quantity": "2", "csrf_token": buyer.csrf_token()}
    late = older.post("/cart/items", form | {"product": "alley-timetable"})
    buyer.post("/cart/items", form | {"product": "threadbound-notebook"})

    buyer.take_cookies(late)

    cart = buyer.get("/cart").values("cart-line", "data-product")
    assert set(cart) == {"alley-timetable", "threadbound-notebook", "test-product"}
    assert buyer.submit("/orders", PAYER).state == "awaiting_payment"


def test_what_is_added_while_an_order_is_placed_stays_in_the_cart(buyer: PageClient) -> None:
    buyer.add_to_cart()
    late = buyer.copy().post("/orders", PAYER | {"csrf_token": buyer.csrf_token()})
    buyer.add_to_cart("alley-timetable")

    buyer.take_cookies(late)

    assert buyer.get("/cart").values("cart-line", "data-product") == ["alley-timetable"]
    assert buyer.submit("/orders", PAYER).path not in late.headers["Location"]


def test_a_cookie_that_is_no_quantity_is_left_out(buyer: PageClient) -> None:
    for quantity in ("0", "-1", "100", "x", "", "９"):
        buyer.set_cookie("cart.test-product", quantity)
        assert buyer.get("/cart").values("cart-line", "data-product") == [], quantity


def test_the_copied_cart_of_another_browser_makes_an_order_of_its_own(buyer: PageClient) -> None:
    buyer.add_to_cart()
    placed = buyer.copy().submit("/orders", PAYER).path
    second = buyer.copy()
    second.set_cookie("shop", "")

    assert second.submit("/orders", PAYER, page=second.get("/checkout")).path != placed


# --- an exchange of SECRET_KEY --------------------------------------------------------------------------------------

OLD, NEW = "s" * 40, "n" * 40


def shop_with(world: World, tmp_path: Path, key: str, fallbacks: str = "") -> Flask:
    """The same shop, started again with other keys."""
    database = world.app.config["SQLALCHEMY_DATABASE_URI"]
    environ = {"SECRET_KEY": key, "SECRET_KEY_FALLBACKS": fallbacks, "DATABASE_URL": database}
    return create_app(Settings.from_env(environ, tmp_path), http=world.gateway)


@pytest.mark.parametrize(("before", "after"), [((OLD, ""), (NEW, OLD)), ((NEW, OLD), (OLD, NEW))])
def test_a_cart_and_an_open_form_outlive_the_exchange(
    world: World, tmp_path: Path, before: tuple[str, str], after: tuple[str, str]
) -> None:
    """Also where one machine signs with the new key and the next one does not yet."""
    buyer = PageClient(shop_with(world, tmp_path, *before))
    buyer.add_to_cart()
    form = PAYER | {"csrf_token": buyer.get("/checkout").csrf_token}

    placed = buyer.copy(shop_with(world, tmp_path, *after)).post("/orders", form)

    assert "/orders/2" in placed.headers["Location"]


@pytest.mark.parametrize(("fallbacks", "goes_on"), [(f" {OLD} , {'z' * 40}", True), ("", False)])
def test_a_staff_session_lives_as_long_as_its_key(
    world: World, tmp_path: Path, officer: PageClient, fallbacks: str, goes_on: bool
) -> None:
    after = officer.copy(shop_with(world, tmp_path, NEW, fallbacks))

    assert is_signed_in(after) == goes_on
