"""The cart page."""

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from shop.services import cart as carts
from shop.services import catalogue
from shop.views import messages
from shop.views.forms import AddForm, QuantityForm
from shop.views.session import cart_items, keep_cart, priced_cart

bp = Blueprint("cart", __name__, url_prefix="/cart")


@bp.get("")
def show() -> ResponseReturnValue:
    return render_template("cart/show.html", cart=priced_cart())


@bp.post("/items")
def add() -> ResponseReturnValue:
    form = AddForm()
    product = catalogue.get_product(form.product.data or "")
    if not form.is_valid():
        return render_template("catalogue/show.html", product=product, form=form), 422
    keep_cart(carts.add(cart_items(), product, int(form.quantity.data or 0)))
    return redirect(url_for("cart.show"), code=303)


@bp.post("/items/<slug>")
def update(slug: str) -> ResponseReturnValue:
    """Change the quantity of one line, or take it out."""
    product, form = catalogue.get_product(slug), QuantityForm()
    if not form.is_valid():
        notice = messages.of_form(form)
        return render_template("cart/show.html", cart=priced_cart(), notice=notice), 422
    keep_cart(carts.put(cart_items(), product.slug, int(form.quantity.data or 0)))
    return redirect(url_for("cart.show"), code=303)
