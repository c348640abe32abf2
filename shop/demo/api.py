"""`/_demo`: orders in a wanted state, the common clock and the reset, as JSON for tests. No token is needed."""

from flask import Blueprint, jsonify, request, url_for
from flask.typing import ResponseReturnValue

from shop.demo import reset as demo_reset
from shop.demo import shared_clock, states
from shop.demo.buyer import Buyer, new_visitor
from shop.demo.cookies import cookies_of
from shop.demo.order_json import as_json
from shop.demo.simulator import SimulatorAway
from shop.demo.wishes import WishRefused, read_wish
from shop.errors import NotFound, ShopError
from shop.extensions import settings
from shop.payple import GatewayError
from shop.services import orders

bp = Blueprint("demo_api", __name__, url_prefix="/_demo")


@bp.before_request
def refuse_other_origins() -> ResponseReturnValue | None:
    """Programs send no Origin. A page of somebody else must not move our clock."""
    origin = request.headers.get("Origin")
    if origin in (None, settings().shop_url):
        return None
    return _error("Orders are taken from programs and from the shop's own pages.", 403)


@bp.post("/orders")
def make_order() -> ResponseReturnValue:
    """`{"state": …, "method"?, "cash_receipt"?, "lines"?}`: make such an order."""
    buyer = Buyer(new_visitor())
    order_no = states.make(read_wish(request.get_json(silent=True)), buyer)
    here = settings().shop_url
    made = {
        "order_no": order_no,
        "url": here + url_for("orders.show", order_no=order_no),
        "staff_url": here + url_for("admin.show_order", order_no=order_no),
        "conversation_url": here + url_for("conversation.show", order_no=order_no),
        "cookies": cookies_of(buyer.visitor),
    }
    return jsonify(made), 201


@bp.get("/orders/<order_no>")
def show_order(order_no: str) -> ResponseReturnValue:
    """The order as it is in the database now."""
    return jsonify(as_json(orders.get_order(order_no)))


@bp.get("/clock")
def show_clock() -> ResponseReturnValue:
    return jsonify(shared_clock.as_json())


@bp.post("/clock")
def advance_clock() -> ResponseReturnValue:
    """`{"hours": 1}`: let time pass for shop and simulator."""
    shared_clock.advance(shared_clock.read_step(request.get_json(silent=True)))
    return jsonify(shared_clock.as_json())


@bp.post("/reset")
def reset() -> ResponseReturnValue:
    """Empty shop and simulator and fill them with a lived-in shop."""
    demo_reset.reset()
    return jsonify(shared_clock.as_json())


@bp.errorhandler(WishRefused)
def refuse_wish(error: WishRefused) -> ResponseReturnValue:
    return _error(str(error), 422)


@bp.errorhandler(ShopError)
def refuse_order(error: ShopError) -> ResponseReturnValue:
    if isinstance(error, NotFound):
        return _error("There is no such order.", 404)
    return _error(f"The shop refuses this order: {type(error).__name__} {error}.", 422)


@bp.errorhandler(SimulatorAway)
@bp.errorhandler(GatewayError)
def name_simulator(error: Exception) -> ResponseReturnValue:
    return _error(f"The simulator does not play along: {error}.", 502)


def _error(sentence: str, status: int) -> ResponseReturnValue:
    return jsonify(error=sentence), status
