"""The order form, the order page, and the ways back to an order."""

from datetime import timedelta

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shop import clock
from shop.errors import NotFound
from shop.extensions import address_and_field, limiter, visitor_mark
from shop.services import cart as carts
from shop.services import ordering, settlement
from shop.services.ordering import MOST_OPEN_ORDERS, PAGE_SIZE, CartOnHand, Payer
from shop.views import notices, order_page
from shop.views.forms import CheckoutForm, LookupForm
from shop.views.paging import row_number
from shop.views.shop import client, settings
from shop.views.visitor import cart_id, cart_items, empty_cart, remember_found, remembered_visitor, visitor

bp = Blueprint("orders", __name__)


@bp.get("/checkout")
def checkout() -> ResponseReturnValue:
    """The order form."""
    cart = carts.load(cart_items())
    if not cart.lines:
        return redirect(url_for("cart.show"), code=303)
    return render_template("orders/checkout.html", cart=cart, form=CheckoutForm(cart_id=cart_id()))


@bp.post("/orders")
@limiter.limit("120 per 10 minutes")
@limiter.limit("20 per 10 minutes", key_func=visitor_mark)
def place() -> ResponseReturnValue:
    """Turn the cart into an order. Sent twice, the same cart gives the same order."""
    form, cart = CheckoutForm(), carts.load(cart_items())
    if not form.is_valid():
        return render_template("orders/checkout.html", cart=cart, form=form), 422
    payer = Payer(form.payer_name.data or "", form.payer_phone.data or "", form.payer_email.data or "")
    on_hand = CartOnHand(cart_items(), cart_id(), seen_id=form.cart_id.data or "")
    hold = timedelta(minutes=settings().order_minutes)
    most_open = MOST_OPEN_ORDERS if settings().rate_limits else None
    order = ordering.place_order(on_hand, payer, remembered_visitor(), hold=hold, now=clock.now(), most_open=most_open)
    if order.cart_id == cart_id():
        empty_cart()
    return redirect(url_for("orders.show", order_no=order.order_no), code=303)


@bp.get("/orders")
def history() -> ResponseReturnValue:
    """The orders of this browser, newest first."""
    before = request.args.get("before", type=row_number)
    orders = ordering.history(visitor(), before)
    cursor = orders[PAGE_SIZE - 1].id if len(orders) > PAGE_SIZE else None
    return render_template("orders/history.html", orders=orders[:PAGE_SIZE], next_cursor=cursor)


@bp.get("/orders/<order_no>")
def show(order_no: str) -> ResponseReturnValue:
    """The order page: how to pay while it can be paid, state and receipt after."""
    now = clock.now()
    order = ordering.get_order(order_no, visitor())
    settlement.look_at_order(order, client(), now=now)
    return order_page.render(order, now)


@bp.route("/orders/lookup", methods=["GET", "POST"])
@limiter.limit("60 per 10 minutes", methods=["POST"])
@limiter.limit("10 per 10 minutes", methods=["POST"], key_func=address_and_field("order_no"))
def lookup() -> ResponseReturnValue:
    """Find an order by its number and phone number; this browser may see it from then on."""
    form = LookupForm()
    if request.method == "GET":
        return render_template("orders/lookup.html", form=form)
    if not form.is_valid():
        return render_template("orders/lookup.html", form=form), 422
    order_no = (form.order_no.data or "").upper()
    try:
        order = ordering.find_for_guest(order_no, form.payer_phone.data or "")
    except NotFound:
        return render_template("orders/lookup.html", form=form, notice=notices.nothing_found()), 404
    remember_found(order.order_no)
    return redirect(url_for("orders.show", order_no=order.order_no), code=303)
