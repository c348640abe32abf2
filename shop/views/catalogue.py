"""The shop window and the product pages. They look the same to everybody and are rendered once a second."""

from collections.abc import Callable, Hashable
from functools import lru_cache, wraps

from flask import Blueprint, current_app, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import generate_csrf

from shop import clock
from shop.services import catalogue
from shop.views.forms import AddForm
from shop.views.session import cart_count
from shop.views.template_filters import language

CSRF_PLACE = "the-token-of-this-visitor"
"""Stands in a kept page where each visitor gets a token of their own."""
MOST_PAGES = 100
"""Per function and worker. A page takes about 20 kilobytes."""

bp = Blueprint("catalogue", __name__)


def kept_for_a_second(render: Callable[..., str]) -> Callable[..., str]:
    """Keep what a function renders, by its arguments, the language and the cart count, which every page shows.

    The page must show nothing else of the visitor: no CSRF token, no notice, no nonce.
    """

    @lru_cache(MOST_PAGES)
    def page(_kept_for: Hashable, *args: Hashable) -> str:
        return render(*args)

    @wraps(render)
    def kept(*args: Hashable) -> str:
        if request.args:  # the footer's links repeat them
            return render(*args)
        second = int(clock.now().timestamp())
        return page((second, current_app.jinja_env, language(), cart_count()), *args)

    return kept


@bp.get("/")
def index() -> ResponseReturnValue:
    """All products. A visitor without a cookie gets none from here."""
    return _list_page()


@bp.get("/products/<slug>")
def show(slug: str) -> ResponseReturnValue:
    """One product, with its stock of this moment, and the way into the cart."""
    return _product_page(slug, catalogue.get_stock(slug)).replace(CSRF_PLACE, generate_csrf())


@kept_for_a_second
def _list_page() -> str:
    return render_template("catalogue/index.html", products=catalogue.list_products())


@kept_for_a_second
def _product_page(slug: str, _stock: int | None) -> str:
    product, form = catalogue.get_product(slug), AddForm(product=slug)
    return render_template("catalogue/show.html", product=product, form=form, token=CSRF_PLACE)
