"""The pages of the demo."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from shop.services import orders

bp = Blueprint(
    "demo", __name__, url_prefix="/demo", template_folder="templates", static_folder="static", static_url_path="/static"
)


@bp.get("/orders/<order_no>")
def show_conversation(order_no: str) -> ResponseReturnValue:
    """What browser, shop and gateway said about an order. Open to everybody: the simulator moves no money."""
    order = orders.get_order(order_no)
    return render_template("demo/conversation.html", order=order, journal=orders.journal_of(order))
