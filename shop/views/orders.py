"""The order form, the order page, and the ways back to an order."""

from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError

from shop import clock
from shop.errors import CannotPay, CartProblem, NotFound
from shop.extensions import address_and_field, client, limiter, settings, visitor_mark
from shop.models import Attempt, Order
from shop.payple import ChargeMode
from shop.rules.order import require_payable
from shop.rules.states import AttemptState, OrderState
from shop.services import cart as carts
from shop.services import checkout as checkouts
from shop.services import orders, saved_methods, settlement, subscriptions, transitions
from shop.services.checkout import CartOnHand
from shop.settings import Mode, Window
from shop.views import error_pages, messages, security_headers, session
from shop.views.forms import CheckoutForm, LookupForm, PaymentForm, row_number
from shop.views.normal_forms import order_number

REFRESH_SECONDS = 5
SETTLING = timedelta(seconds=30)
"""How long a reported payment may be missing from the gateway's inquiry before we ask the buyer again."""
PHONES = ("iPhone", "iPod", "iPad", "Android")
"""The same words by which the gateway's script decides that it is on a phone."""
IN_APP = (
    "KAKAOTALK",
    "NAVER(inapp",
    "Instagram",
    "FBAN",
    "FBAV",
    "Line/",
    "; wv)",
    "DaumApps",
    "everytimeApp",
)
"""Browsers inside other apps: many of them cannot open a second window at all."""

bp = Blueprint("orders", __name__)


@bp.get("/checkout")
def checkout() -> ResponseReturnValue:
    """The order form, with the payer of an order that was just cancelled."""
    cart = session.priced_cart()
    if not cart.lines:
        return redirect(url_for("cart.show"), code=303)
    form = CheckoutForm(obj=orders.last_cancelled(session.visitor()))
    form.cart_id.data = session.cart_id()
    return render_template("orders/checkout.html", cart=cart, form=form)


@bp.post("/orders")
@limiter.limit("120 per 10 minutes")
@limiter.limit("20 per 10 minutes", key_func=visitor_mark)
def place() -> ResponseReturnValue:
    """Turn the cart into an order. Sent twice, the same cart gives the same order."""
    form = CheckoutForm()
    if not form.is_valid():
        return render_template("orders/checkout.html", cart=session.priced_cart(), form=form), 422
    on_hand = CartOnHand(session.cart_items(), session.cart_id(), seen_id=form.cart_id.data or "")
    config = settings()
    try:
        order = checkouts.place_order(
            on_hand,
            form.payer,
            session.remembered_visitor(),
            hold=timedelta(minutes=config.hold_minutes),
            most_per_product=config.most_per_product,
            most_unpaid=config.most_unpaid if config.rate_limits else None,
        )
    except CartProblem as problem:
        if problem.reason is not CartProblem.Reason.CHANGED:
            raise
        return _checkout_again(form, messages.cart_changed()), 409
    if order.cart_id == session.cart_id():
        session.empty_cart()
    return redirect(url_for("orders.show", order_no=order.order_no), code=303)


@bp.errorhandler(CSRFError)
def keep_what_was_typed(_error: CSRFError) -> ResponseReturnValue:
    """Show the form again, with a new token, where somebody has typed into it."""
    if request.endpoint == "orders.lookup":
        return render_template("orders/lookup.html", form=LookupForm(), notice=messages.stale_form()), 400
    if request.endpoint == "orders.place" and session.cart_items():
        return _checkout_again(CheckoutForm(), messages.stale_form()), 400
    return error_pages.stale_form()


def _checkout_again(form: CheckoutForm, notice: messages.Notice) -> str:
    """The order form with what was typed, about the cart as it is now."""
    form.cart_id.data = session.cart_id()
    return render_template("orders/checkout.html", cart=session.priced_cart(), form=form, notice=notice)


@bp.get("/orders")
def history() -> ResponseReturnValue:
    """The orders of this browser, newest first."""
    visitor = session.visitor()
    page = orders.history(visitor, request.args.get("before", type=row_number))
    kept = {"saved": saved_methods.saved_by(visitor), "subscriptions": subscriptions.list_of(visitor)}
    return render_template("orders/history.html", orders=page.orders, next_cursor=page.next_before, **kept)


@bp.get("/orders/<order_no>")
def show(order_no: str) -> ResponseReturnValue:
    """The order page: how to pay while it can be paid, state and receipt after.

    An order that this browser may not see and one that does not exist get the same answer: nobody learns which exist.
    """
    now = clock.now()
    try:
        order = orders.get_order_of(session.visitor(), order_no)
    except NotFound:
        return show_lookup_form(order_no)
    settlement.settle_order(order, client())
    return _render_order(order, now)


def show_lookup_form(order_no: str) -> ResponseReturnValue:
    """Answer 404 with the lookup form, this number filled in."""
    form = LookupForm(order_no=order_number(order_no)[:20])
    return render_template("orders/lookup.html", form=form, notice=messages.not_shown_here()), 404


@bp.post("/orders/<order_no>/cancellation")
@limiter.limit("30 per 10 minutes", key_func=visitor_mark)
def cancel(order_no: str) -> ResponseReturnValue:
    settlement.cancel_order(orders.get_order_of(session.visitor(), order_no), client())
    return redirect(url_for("orders.show", order_no=order_no), code=303)


@bp.post("/orders/<order_no>/return-to-cart")
@limiter.limit("30 per 10 minutes", key_func=visitor_mark)
def return_to_cart(order_no: str) -> ResponseReturnValue:
    """Cancel an unpaid order, if it is not over already, and put its lines back into the cart."""
    order = orders.get_order_of(session.visitor(), order_no)
    lines = [(line.slug, line.quantity) for line in order.lines if line.slug]
    settlement.cancel_order(order, client())
    session.keep_cart(carts.fill(session.cart_items(), lines))
    return redirect(url_for("cart.show"), code=303)


@bp.route("/orders/lookup", methods=["GET", "POST"])
@limiter.limit("60 per 10 minutes", methods=["POST"])
@limiter.limit("10 per 10 minutes", methods=["POST"], key_func=address_and_field("order_no", order_number))
def lookup() -> ResponseReturnValue:
    """Find an order by its number and phone number; this browser may see it from then on."""
    form = LookupForm()
    if request.method == "GET":
        return render_template("orders/lookup.html", form=form)
    if not form.is_valid():
        return render_template("orders/lookup.html", form=form), 422
    try:
        order = orders.find_for_guest(form.order_no.data or "", form.payer_phone.data or "")
    except NotFound:
        return render_template("orders/lookup.html", form=form, notice=messages.nothing_found()), 404
    session.remember_found(order.order_no)
    return redirect(url_for("orders.show", order_no=order.order_no), code=303)


def _render_order(order: Order, now: datetime) -> ResponseReturnValue:
    settling = any(is_settling(attempt, now) for attempt in order.attempts)
    can_pay = _can_pay(order, now) and not settling
    if can_pay:
        security_headers.admit_gateway()
    return render_template(
        "orders/show.html",
        order=order,
        notice=messages.of_order(order, settling=settling),
        settling=settling,
        form=_payment_form(order) if can_pay else None,
        payment=_payment_start(order) if can_pay else None,
        receipt=order.paid_attempt,
        refresh_seconds=REFRESH_SECONDS if settling or order.state is OrderState.CHECKING else None,
    )


def is_settling(attempt: Attempt, now: datetime) -> bool:
    """Whether a window that pays at once has just reported a payment that the gateway cannot find yet.

    An inquiry may show a payment late. Until it has had its time, the page must not invite anybody to pay again.
    """
    is_reported = attempt.charge_mode is ChargeMode.IN_WINDOW and attempt.reported_result == "success"
    is_missing = is_reported and attempt.state is AttemptState.PREPARED
    return is_missing and attempt.reported_at is not None and now - attempt.reported_at < SETTLING


def _can_pay(order: Order, now: datetime) -> bool:
    try:
        require_payable(order.state, len(order.attempts), order.expires_at, now)
    except CannotPay:
        return False
    return not transitions.has_subscribed_since(order)


def _payment_form(order: Order) -> PaymentForm:
    saved, keeps_key = saved_methods.saved_by(session.visitor()), order.month is not None
    form = PaymentForm(window=_default_window(), saved=saved, keeps_key=keeps_key)
    form.preselect(request.args)
    return form


def _payment_start(order: Order) -> dict[str, Any]:
    """What payment.js needs to open the window."""
    here = settings()
    return {
        "attempts_url": url_for("payments.start_attempt", order_no=order.order_no),
        "result_url": url_for("callbacks.result"),
        "script_url": here.gateway.script_url(here.window_script),
        "needs_jquery": here.mode is not Mode.SIMULATOR,
        "is_phone": any(word in request.user_agent.string for word in PHONES),
    }


def _default_window() -> str:
    """Direct where a popup is unreliable: phones, and the browsers inside other apps."""
    is_phone_or_in_app = any(word in request.user_agent.string for word in PHONES + IN_APP)
    if settings().window is Window.DIRECT or is_phone_or_in_app:
        return Window.DIRECT.value
    return Window.POPUP.value
