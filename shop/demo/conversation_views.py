"""The conversation about an order. Open to everybody: the simulator moves no money."""

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from shop.demo import conversation, decisions
from shop.demo.conversation import Item, Kind
from shop.demo.tools import simulator
from shop.extensions import settings
from shop.models import Order
from shop.services import orders
from shop.views.field_meanings import meanings

bp = Blueprint("conversation", __name__, url_prefix="/demo/orders")


@bp.get("/<order_no>")
def show(order_no: str) -> ResponseReturnValue:
    """Show what browser, shop and gateway say about an order."""
    order = orders.get_order(order_no)
    items = _items(order)
    attack = request.args.get("attack", "")
    decision = next((item for item in reversed(items) if item.kind is Kind.DECISION), None)
    return render_template(
        "demo/conversation.html",
        order=order,
        attack=attack,
        rule=decisions.lines_of(decisions.BY_ATTACK[attack]) if attack in decisions.BY_ATTACK else None,
        decision=decision,
        moved=conversation.money_moved(items),
        **_words(items),
    )


@bp.get("/<order_no>/items")
def show_items(order_no: str) -> ResponseReturnValue:
    """The list alone, for the page's script."""
    order = orders.get_order(order_no)
    return render_template("demo/_items.html", order=order, **_words(_items(order)))


@bp.get("/<order_no>.md")
def download(order_no: str) -> ResponseReturnValue:
    """The whole exchange as Markdown, for a support ticket."""
    text = conversation.as_markdown(order_no, _items(orders.get_order(order_no)))
    return Response(text, content_type="text/markdown; charset=utf-8")


def _words(items: list[Item]) -> dict[str, object]:
    origin = settings().gateway.origin
    curls = {item.key: conversation.as_curl(item, origin) for item in items if item.path}
    return {"items": items, "curls": curls, "meanings": meanings()}


def _items(order: Order) -> list[Item]:
    ledger = [line for attempt in order.attempts for line in simulator().ledger_of(attempt.attempt_no)]
    return conversation.items_of(order, orders.journal_of(order), ledger)
