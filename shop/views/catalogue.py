"""The shop window and the product pages."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import generate_csrf

from shop.services import catalogue
from shop.views.forms import AddForm
from shop.views.kept_pages import kept_for_a_second

CSRF_PLACE = "the-token-of-this-visitor"
"""Stands in a kept page where each visitor gets a token of their own."""

bp = Blueprint("catalogue", __name__)


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
