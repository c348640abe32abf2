"""What a browser carries from us: its mark, the orders it found, its cart. Nothing is set before it is needed.

The cart has cookies of its own, one per product. A request that answers late sets only what it changed itself, so it
never takes out what another one has put in.
"""

import re
import secrets
from collections.abc import Mapping

from flask import Response, after_this_request, current_app, request, session

from shop.extensions import address, settings
from shop.services import cart as carts
from shop.services.cart import Cart
from shop.services.orders import Visitor

MOST_FOUND = 20
CART = "cart"
LINE = "cart."
"""Before the product's slug, in the name of the cookie that holds its quantity."""
_QUANTITY = re.compile(r"[1-9][0-9]?")
_CART_ID = re.compile(r"[A-Za-z0-9_-]{24}")


def visitor() -> Visitor:
    """The browser that asks. One we have never seen owns nothing."""
    return Visitor(session.get("visitor", ""), tuple(session.get("found", ())), address())


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


def cart_items() -> dict[str, int]:
    """Return slugs and quantities of the cart. The cookies are not signed: what is no quantity is left out."""
    lines = {name.removeprefix(LINE): text for name, text in request.cookies.items() if name.startswith(LINE)}
    return {slug: int(text) for slug, text in lines.items() if _QUANTITY.fullmatch(text)}


def cart_count() -> int:
    return sum(cart_items().values())


def priced_cart() -> Cart:
    return carts.load(cart_items(), settings().most_per_product)


def keep_cart(items: Mapping[str, int]) -> None:
    """Store a changed cart. A changed cart is another cart: it gets a new identity, and so makes another order."""
    remembered_visitor()
    before = cart_items()
    _set_cookie(CART, secrets.token_urlsafe(18))
    for slug in {*before, *items}:
        if before.get(slug) != items.get(slug):
            _set_cookie(LINE + slug, str(items[slug]) if slug in items else "")


def cart_id() -> str:
    """The identity of the present cart; blank if there never was one."""
    text = request.cookies.get(CART, "")
    return text if _CART_ID.fullmatch(text) else ""


def empty_cart() -> None:
    """Take out everything that this request saw, and keep the identity: the same form sent again finds its order."""
    for slug in cart_items():
        _set_cookie(LINE + slug, "")


def _set_cookie(name: str, value: str) -> None:
    """Set a cookie with this request's answer; a blank value takes it away."""
    lifetime = current_app.permanent_session_lifetime if value else 0

    @after_this_request
    def set_it(response: Response) -> Response:
        response.set_cookie(name, value, max_age=lifetime, samesite="Lax", secure=settings().is_https, httponly=True)
        return response
