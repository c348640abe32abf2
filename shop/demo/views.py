"""The pages of the demo. Every button is a form; what it does is in the module of its name."""

from datetime import timedelta

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shop import clock
from shop.demo import cards, personas, response_codes, shared_clock, states, texts
from shop.demo import reset as demo_reset
from shop.demo.buyer import Buyer
from shop.demo.personas import Persona
from shop.demo.simulator import SimulatorAway
from shop.demo.wishes import DemoState, Wish
from shop.errors import CartProblem, NotFound, OutOfStock, SignInRefused
from shop.payple import GatewayError
from shop.rules.method import Method
from shop.services import orders
from shop.services.orders import OrderFilter
from shop.views.messages import Notice
from shop.views.session import remembered_visitor

STEPS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "month": timedelta(days=32)}
"""A month is long enough for the next charge of every subscription, whatever the hour."""

bp = Blueprint(
    "demo", __name__, url_prefix="/demo", template_folder="templates", static_folder="static", static_url_path="/static"
)


@bp.get("/")
def index() -> ResponseReturnValue:
    """The presenter's page."""
    return _index(texts.of_outcome(request.args.get("done", "")))


@bp.post("/cards/<name>")
def play_card(name: str) -> ResponseReturnValue:
    """바로 보여주기: play a card and open the page that it leads to."""
    if name not in cards.CARDS:
        raise NotFound
    return redirect(cards.play(name, Buyer(remembered_visitor())), code=303)


@bp.post("/personas/<name>")
def become(name: str) -> ResponseReturnValue:
    """Sign this browser in as a buyer, a member of staff or a stranger."""
    if name not in list(Persona):
        raise NotFound
    return redirect(personas.become(Persona(name)), code=303)


@bp.post("/reset")
def reset() -> ResponseReturnValue:
    """처음으로: empty shop and simulator and fill them with a lived-in shop."""
    demo_reset.reset()
    return redirect(url_for("demo.index", done="reset"), code=303)


@bp.post("/clock/<step>")
def advance_clock(step: str) -> ResponseReturnValue:
    """Let an hour, a day or a month pass for shop and simulator. A signed-in presenter stays signed in."""
    if step not in STEPS:
        raise NotFound
    was_staff = personas.present() is Persona.STAFF
    shared_clock.advance(STEPS[step])
    if was_staff:
        personas.sign_in_staff()
    return redirect(url_for("demo.index", done=step), code=303)


@bp.get("/states")
def show_states() -> ResponseReturnValue:
    """A button for each state that an order can be wished in."""
    made = request.args.get("made", "")
    return render_template("demo/states.html", states=texts.states(), made=orders.get_order(made) if made else None)


@bp.post("/states")
def make_order() -> ResponseReturnValue:
    """Make an order of this browser in the wanted state."""
    state, method = request.form.get("state", ""), request.form.get("method", "")
    if state not in list(DemoState) or method not in list(Method):
        raise NotFound
    is_due = state == DemoState.RECEIPT_DUE
    wish = Wish(DemoState(state), Method.TRANSFER if is_due else Method(method), cash_receipt=is_due)
    made = states.make(wish, Buyer(remembered_visitor()))
    return redirect(url_for("demo.show_states", made=made), code=303)


@bp.get("/payments/<attempt_no>")
def show_payment(attempt_no: str) -> ResponseReturnValue:
    """Lead from a payment's number to the conversation about its order."""
    found = orders.search(OrderFilter(words=attempt_no)).orders
    if not found:
        raise NotFound
    return redirect(url_for("conversation.show", order_no=found[0].order_no))


@bp.get("/codes")
def show_codes() -> ResponseReturnValue:
    """Every response code: what it means, who can correct it, what the buyer reads."""
    words = request.args.get("q", "").strip()
    return render_template(
        "demo/codes.html",
        words=words,
        meanings=response_codes.meanings(words),
        producible=response_codes.producible(),
        faults=texts.faults(),
        outcomes=texts.outcomes(),
    )


@bp.post("/codes/<code>")
def produce_code(code: str) -> ResponseReturnValue:
    """Make an order of this browser whose payment is answered with the code."""
    order_no = response_codes.produce(code, Buyer(remembered_visitor()))
    return redirect(url_for("orders.show", order_no=order_no), code=303)


@bp.errorhandler(SimulatorAway)
@bp.errorhandler(GatewayError)
def name_simulator(_error: Exception) -> ResponseReturnValue:
    return _index(texts.simulator_away()), 502


@bp.errorhandler(OutOfStock)
@bp.errorhandler(CartProblem)
def refuse_order(_error: Exception) -> ResponseReturnValue:
    return _index(texts.refused()), 409


@bp.errorhandler(SignInRefused)
def name_account(_error: SignInRefused) -> ResponseReturnValue:
    return _index(texts.no_staff()), 409


def _index(notice: Notice | None) -> str:
    return render_template(
        "demo/index.html",
        notice=notice,
        cards=texts.cards(),
        personas=texts.personas(),
        persona=personas.present(),
        now=clock.now(),
        offset=texts.offset(clock.offset()),
    )
