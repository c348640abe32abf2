"""The shop window and the product pages."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from shop.services import catalogue
from shop.views.forms import AddForm

bp = Blueprint("catalogue", __name__)


@bp.get("/")
def index() -> ResponseReturnValue:
    """All products. A visitor without a cookie gets none from here."""
    return render_template("catalogue/index.html", products=catalogue.list_products())


@bp.get("/products/<slug>")
def show(slug: str) -> ResponseReturnValue:
    """One product and the way into the cart."""
    product = catalogue.get_product(slug)
    return render_template("catalogue/show.html", product=product, form=AddForm(product=slug))
