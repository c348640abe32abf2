"""Saved cards and accounts: whose they are, where their billing keys come from, and how they are deregistered."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, text

from shop.db import db
from shop.errors import NotFound
from shop.extensions import client
from shop.models import SavedMethod
from shop.services import saved_methods
from shop.services.orders import Visitor
from tests.page import PageClient
from tests.world import Purchase, World

PHASES = ("before", "after")
PASSWORD = {"payment_password": "123456"}


def buy(world: World, buyer: PageClient, **choices: str) -> Purchase:
    """Another order of a buyer, with an open window."""
    return Purchase(world, buyer, buyer.place_order()).start(**choices)


def saved(world: World, method: str = "card", **choices: Any) -> Purchase:
    return world.purchase(method=method, save="y", **choices).pay()


def rows() -> list[SavedMethod]:
    db.session.rollback()
    return list(db.session.scalars(select(SavedMethod).order_by(SavedMethod.id)))


def owner(purchase: Purchase) -> Visitor:
    return Visitor(purchase.order.visitor)


def registered(key: str) -> bool:
    return client().find_billing_key(key) is not None


@pytest.mark.stricter_engine
@pytest.mark.parametrize(("method", "work"), [("card", "CERT"), ("transfer", "PAY")])
def test_what_was_saved_pays_the_next_order_with_a_password(world: World, method: str, work: str) -> None:
    first = saved(world, method, work=work)
    [kept] = rows()
    key, choice = kept.billing_key, kept.choice

    again = buy(world, first.buyer, method=choice, work=work)
    window = again.open()
    wrong = window.approve(payment_password="000000")
    world.deliver(window.approve(**PASSWORD).result or [])

    attempt = again.attempt
    assert (kept.method, kept.number) == (method, attempt.card_number or attempt.account)
    assert again.fields["PCD_PAYER_ID"] == key
    assert wrong.result is None
    assert (again.states, attempt.method) == (("paid", "paid"), method)
    assert [row.id for row in rows()] == [kept.id]


@pytest.mark.parametrize(
    ("choices", "scenario"), [({}, ""), ({"save": "y"}, "limit"), ({"save": "y", "method": "app_card"}, "")]
)
def test_nothing_is_saved_without_consent_a_payment_and_a_key(world: World, choices: Any, scenario: str) -> None:
    world.purchase(**choices).pay(scenario)

    assert rows() == []


@pytest.mark.parametrize("work", ["CERT", "PAY"])
def test_the_key_is_not_taken_from_what_the_browser_says(world: World, work: str) -> None:
    purchase = world.purchase(save="y", work=work)
    world.deliver([(name, "made up" if name == "PCD_PAYER_ID" else value) for name, value in purchase.claim()])

    assert all(registered(row.billing_key) for row in rows())
    assert (purchase.states[1], len(rows())) in {("paid", 1), ("declined", 0)}


def test_a_lost_confirm_saves_once_the_inquiry_tells(world: World) -> None:
    world.fault("confirm", "lost_answer", phase="after")
    purchase = saved(world)
    assert (purchase.states[1], rows()) == ("unknown", [])

    world.sweep(seconds=10)

    assert (purchase.states[1], len(rows())) == ("paid", 1)


def test_the_same_card_is_saved_once_by_each_browser_and_stays_registered_for_the_other(world: World) -> None:
    first = saved(world)
    Purchase(world, first.buyer, first.buyer.place_order()).start(save="y").pay()
    second = saved(world)
    assert [row.visitor for row in rows()] == [first.order.visitor, second.order.visitor]
    assert saved_methods.saved_by(Visitor("")) == []
    key = rows()[0].billing_key

    saved_methods.delete(owner(first), rows()[0].id, client())

    assert ([row.visitor for row in rows()], registered(key)) == ([second.order.visitor], True)


def test_nobody_pays_with_or_deletes_what_another_browser_has_saved(world: World) -> None:
    saved(world)
    [kept], stranger = rows(), world.browser()
    order_no, mark = stranger.place_order(), Visitor("another")

    assert stranger.start_attempt(order_no, 422, method=kept.choice)["error"]
    with pytest.raises(NotFound):
        saved_methods.delete(mark, kept.id, client())
    with pytest.raises(NotFound):
        saved_methods.delete(Visitor(""), kept.id, client())
    assert (rows()[0].deleted_at, registered(kept.billing_key)) == (None, True)


def test_the_key_is_encrypted_at_rest(world: World) -> None:
    saved(world, "transfer")
    key = rows()[0].billing_key
    stored = [*db.session.scalars(text("SELECT billing_key FROM saved_methods"))]
    stored += db.session.scalars(text("SELECT billing_key FROM attempts"))

    assert len(stored) == 2
    assert not any(key in value or not value for value in stored)


def test_another_secret_key_opens_the_keys_only_with_a_fallback(world: World) -> None:
    purchase = saved(world)
    config, old = world.app.config, world.app.config["SECRET_KEY"]

    config["SECRET_KEY"] = "another secret key, long enough too"
    assert saved_methods.saved_by(owner(purchase)) == []
    db.session.rollback()
    config["SECRET_KEY_FALLBACKS"] = [old]
    assert len(saved_methods.saved_by(owner(purchase))) == 1


@pytest.mark.stricter_engine
@pytest.mark.parametrize(
    ("op", "kind", "phase"),
    [("", "", ""), ("key_lookup", "html_200", "before"), *(("key_deletion", "lost_answer", phase) for phase in PHASES)],
)
def test_what_is_deleted_is_deregistered_even_if_an_answer_is_lost(
    world: World, op: str, kind: str, phase: str
) -> None:
    purchase = saved(world)
    [kept] = rows()
    key, saved_id = kept.billing_key, kept.id
    if op:
        world.fault(op, kind, phase=phase)

    saved_methods.delete(owner(purchase), saved_id, client())
    assert saved_methods.saved_by(owner(purchase)) == []
    assert len(rows()) == bool(op)
    report = world.sweep(minutes=3)

    assert report.saved_methods == ([saved_id] if op else [])
    assert (rows(), registered(key)) == ([], False)


def test_a_deleted_card_that_is_saved_again_is_looked_up(world: World) -> None:
    purchase = saved(world)
    world.fault("auth", "lost_answer")
    saved_methods.delete(owner(purchase), rows()[0].id, client())
    Purchase(world, purchase.buyer, purchase.buyer.place_order()).start(save="y").pay()
    key = rows()[0].billing_key

    world.sweep(minutes=3)

    assert ([row.deleted_at for row in rows()], registered(key)) == ([None], True)
    assert rows()[0].next_check_at == rows()[0].saved_at + saved_methods.KEPT


def test_a_key_is_kept_for_a_year(world: World) -> None:
    saved(world)
    key = rows()[0].billing_key

    assert (world.sweep(days=364).saved_methods, len(rows())) == ([], 1)
    world.sweep(days=1)
    assert (rows(), registered(key)) == ([], False)


@pytest.mark.parametrize("is_true", [True, False])
def test_a_webhook_about_a_deregistration_only_makes_the_shop_look_it_up(world: World, is_true: bool) -> None:
    saved(world)
    key = rows()[0].billing_key
    if is_true:
        world.control("POST", "billing-keys/deregister", {"payer_id": key})
    calls = len(world.asked("PUSERINFO"))
    message = {"PCD_PAY_RST": "success", "PCD_PAY_WORK": "PUSERDEL", "PCD_PAYER_ID": key}
    for body in (message, message, message | {"PCD_PAYER_ID": "made up"}):
        assert world.browser().post("/payments/webhook", json=body).json == {"result": "success"}

    assert len(world.asked("PUSERINFO")) == calls
    assert [len(world.sweep(seconds=1).saved_methods) for _time in range(2)] == [1, 0]
    assert len(rows()) == (not is_true)


def test_what_is_deleted_while_its_window_is_open_charges_once_or_not_at_all(world: World) -> None:
    purchase = saved(world)
    again = buy(world, purchase.buyer, method=rows()[0].choice)
    claim = again.open().approve(**PASSWORD).result or []
    saved_methods.delete(owner(purchase), rows()[0].id, client())

    world.deliver(claim)

    assert world.charged().get(again.attempt_no, 0) == (1_000 if again.states[1] == "paid" else 0)
