"""What a browser carries from us: its mark, its cart, the orders it found. Nothing is set before it is needed."""

import secrets
from collections.abc import Mapping

from flask import session

from shop.services.ordering import Visitor

MOST_FOUND = 20


def visitor() -> Visitor:
    """The browser that asks. One we have never seen owns nothing."""
    return Visitor(session.get("visitor", ""), tuple(session.get("found", ())))


def remembered_visitor() -> Visitor:
    """The browser that asks, marked so that we know it again."""
    session.permanent = True
    session.setdefault("visitor", secrets.token_urlsafe(24))
    return visitor()


def remember_found(order_no: str) -> None:
    """Let this browser see an order that its owner found by number and phone."""
    remembered_visitor()
    found = [number for number in session.get("found", ()) if number != order_no]
    session["found"] = [*found, order_no][-MOST_FOUND:]


def cart_items() -> Mapping[str, int]:
    """What lies in the cart: slugs and quantities."""
    items: dict[str, int] = session.get("cart", {})
    return items


def keep_cart(items: Mapping[str, int]) -> None:
    """Store a changed cart. A changed cart is another cart: it gets a new identity, and so makes another order."""
    remembered_visitor()
    session["cart"] = dict(items)
    session["cart_id"] = secrets.token_urlsafe(18)


def cart_id() -> str:
    """The identity of the present cart; blank if there never was one."""
    return str(session.get("cart_id", ""))


def empty_cart() -> None:
    """Take everything out but keep the identity, so that the same form sent again finds the same order."""
    session["cart"] = {}
