"""Saved cards and accounts on the pages: offered, listed and deleted."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from shop.db import db
from shop.models import SavedMethod
from tests.page import PageClient
from tests.staff import pay
from tests.world import World


def methods(buyer: PageClient, order_no: str) -> list[tuple[str, bool]]:
    """The ways to pay on an order's page, and which is chosen."""
    tags = buyer.get(f"/orders/{order_no}").tags.all
    return [(tag["value"], "checked" in tag) for _name, tag in tags if tag.get("name") == "method"]


@pytest.mark.parametrize("method", ["card", "transfer"])
def test_a_saved_method_is_offered_listed_and_deleted(world: World, buyer: PageClient, method: str) -> None:
    pay(world, buyer, buyer.place_order(), method=method, save="y")
    order_no = buyer.place_order()
    db.session.rollback()
    kept = db.session.scalars(select(SavedMethod)).one()

    offered, page, listed = methods(buyer, order_no), buyer.get(f"/orders/{order_no}"), buyer.get("/orders")

    assert (offered[0], [value for value, is_chosen in offered if is_chosen]) == ((kept.choice, True), [kept.choice])
    assert kept.number in page.text
    assert kept.number in listed.text
    buyer.submit(f"/saved-methods/{kept.id}/deletion", {}, page=listed)
    assert not buyer.get("/orders").has("saved-method")
    assert methods(buyer, order_no)[0] == ("card", True)
    buyer.submit(f"/saved-methods/{kept.id}/deletion", {}, 404)


def test_what_one_browser_has_saved_is_not_shown_to_another_that_has_found_its_order(
    world: World, buyer: PageClient
) -> None:
    pay(world, buyer, buyer.place_order(), save="y")
    order_no, other = buyer.place_order(), world.browser()
    other.submit("/orders/lookup", {"order_no": order_no, "payer_phone": "010-1234-5678"})

    assert methods(other, order_no)[0] == ("card", True)
    assert not other.get("/orders").has("saved-method")
