"""A subscription as its buyer sees it."""

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from shop.errors import NotFound
from shop.extensions import client, limiter, visitor_mark
from shop.rules.states import Source
from shop.services import subscriptions
from shop.services.journal import Actor
from shop.views import messages, orders
from shop.views.session import visitor

bp = Blueprint("subscriptions", __name__, url_prefix="/subscriptions")


@bp.get("/<number>")
def show(number: str) -> ResponseReturnValue:
    """Its next payment, its payments so far, and what the buyer can do. Its number is that of its first order."""
    try:
        row = subscriptions.get_of(visitor(), number)
    except NotFound:
        return orders.show_lookup_form(number)
    return render_template("subscriptions/show.html", row=row, notice=messages.of_subscription(row))


@bp.post("/<number>/payment")
@limiter.limit("30 per 10 minutes", key_func=visitor_mark)
def pay(number: str) -> ResponseReturnValue:
    """Lead to the order of the next month: whatever pays it in the window pays the following months."""
    row = subscriptions.get_of(visitor(), number)
    return redirect(url_for("orders.show", order_no=subscriptions.order_to_pay(row.number)), code=303)


@bp.post("/<number>/resume")
@limiter.limit("30 per 10 minutes", key_func=visitor_mark)
def resume(number: str) -> ResponseReturnValue:
    subscriptions.resume(subscriptions.get_of(visitor(), number).number)
    return redirect(url_for("subscriptions.show", number=number), code=303)


@bp.post("/<number>/stop")
@limiter.limit("30 per 10 minutes", key_func=visitor_mark)
def stop(number: str) -> ResponseReturnValue:
    subscriptions.stop(subscriptions.get_of(visitor(), number).number, client(), Actor(Source.PAGE))
    return redirect(url_for("subscriptions.show", number=number), code=303)
