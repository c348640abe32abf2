"""Subscriptions as the staff sees them."""

from flask import g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from shop.extensions import client
from shop.rules.states import Source
from shop.services import subscriptions
from shop.services.journal import Actor
from shop.views.admin.forms import StopForm
from shop.views.admin.login import bp


@bp.get("/subscriptions")
def list_subscriptions() -> ResponseReturnValue:
    return render_template("admin/subscriptions.html", rows=subscriptions.list_newest())


@bp.get("/subscriptions/<number>")
def show_subscription(number: str) -> ResponseReturnValue:
    return render_template("admin/subscription.html", row=subscriptions.get(number), form=StopForm())


@bp.post("/subscriptions/<number>/lookup")
def look_up_subscription(number: str) -> ResponseReturnValue:
    """Ask the gateway whether its card or account is still registered."""
    subscriptions.check_saved_method(number, client())
    return redirect(url_for("admin.show_subscription", number=number), code=303)


@bp.post("/subscriptions/<number>/stop")
def stop_subscription(number: str) -> ResponseReturnValue:
    form = StopForm()
    if not form.is_valid():
        return render_template("admin/subscription.html", row=subscriptions.get(number), form=form), 422
    subscriptions.stop(number, client(), Actor(Source.STAFF, g.staff.name), form.reason.data or "")
    return redirect(url_for("admin.show_subscription", number=number), code=303)
