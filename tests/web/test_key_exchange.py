"""Exchanging SECRET_KEY: nobody is signed out, no open form is lost, and the old key is good for nothing afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from shop.factory import create_app
from shop.services import staff
from shop.settings import Settings, SettingsError
from tests import staff as people
from tests.page import PAYER, PageClient
from tests.world import World

OLD, NEW = "s" * 40, "n" * 40


def shop_with(world: World, tmp_path: Path, key: str, fallbacks: str = "") -> Flask:
    """The same shop, started again with other keys."""
    database = world.app.config["SQLALCHEMY_DATABASE_URI"]
    environ = {"SECRET_KEY": key, "SECRET_KEY_FALLBACKS": fallbacks, "DATABASE_URL": database}
    return create_app(Settings.from_env(environ, tmp_path), http=world.gateway)


def test_a_session_and_an_open_form_outlive_the_exchange(world: World, tmp_path: Path) -> None:
    buyer = world.browser()
    buyer.add_to_cart()
    open_form = buyer.get("/checkout")

    after = buyer.copy(shop_with(world, tmp_path, NEW, fallbacks=OLD))
    placed = after.post("/orders", PAYER | {"csrf_token": open_form.csrf_token})

    assert placed.status_code == 303
    assert "/orders/2" in placed.headers["Location"]


def test_what_is_signed_afterwards_needs_the_old_key_no_more(world: World, tmp_path: Path) -> None:
    buyer = world.browser()
    order_no = buyer.place_order()
    between = buyer.copy(shop_with(world, tmp_path, NEW, fallbacks=OLD))
    between.add_to_cart()

    after = between.copy(shop_with(world, tmp_path, NEW))

    assert after.get(f"/orders/{order_no}").state == "awaiting_payment"
    assert after.submit("/orders", PAYER, page=after.get("/checkout")).state == "awaiting_payment"


def test_machines_that_already_sign_with_the_new_key_are_understood_by_those_that_do_not_yet(
    world: World, tmp_path: Path
) -> None:
    ahead = PageClient(shop_with(world, tmp_path, NEW, fallbacks=OLD))
    ahead.add_to_cart()
    form = ahead.get("/checkout")
    waiting = ahead.copy(shop_with(world, tmp_path, OLD, fallbacks=NEW))

    assert waiting.post("/orders", PAYER | {"csrf_token": form.csrf_token}).status_code == 303


def test_the_old_key_opens_nothing_once_it_is_gone(world: World, tmp_path: Path) -> None:
    staff.add(people.NAME, people.PASSWORD)
    officer = people.sign_in(world.browser())
    token = officer.get("/admin/orders").csrf_token

    after = officer.copy(shop_with(world, tmp_path, NEW))

    refused = [after.open("/admin/orders"), after.post("/admin/logout", {"csrf_token": token})]
    assert [answer.status_code for answer in refused] == [303, 303]
    assert all(answer.location.startswith("/admin/login") for answer in refused)


def test_a_staff_session_outlives_the_exchange(world: World, tmp_path: Path) -> None:
    staff.add(people.NAME, people.PASSWORD)
    officer = people.sign_in(world.browser())
    form = officer.get("/admin/orders")

    after = officer.copy(shop_with(world, tmp_path, NEW, fallbacks=f" {OLD} , {'z' * 40}"))

    assert after.open("/admin/orders").status_code == 200
    assert after.post("/admin/logout", {"csrf_token": form.csrf_token}).status_code == 303


def test_a_fallback_that_is_too_short_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="SECRET_KEY_FALLBACKS holds a key that is too short"):
        Settings.from_env({"SECRET_KEY": NEW, "SECRET_KEY_FALLBACKS": f"{OLD},short"}, tmp_path)
