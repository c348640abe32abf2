"""Money that really moved, but wrongly: another amount, another number, the keys of another order. None of it pays.

Nor does money of which somebody has returned a part, or all, before the shop has heard of it: inquiries tell of that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from tests.chaos.buyer import Buyer, Opening
from tests.chaos.drain import drain
from tests.chaos.evidence import Placed
from tests.chaos.report import Figure, Report
from tests.chaos.schedule import Plan, Step
from tests.chaos.stage import Stage, crowd

FIGURE = Figure("really paid, but wrong", quick=100, full=1_000, unit="payments", holds=("I1", "I2", "I3", "I4", "I20"))
DEAR, CHEAP = {"test-product": 5}, {"test-product": 1}
PAID = ("paid", "partially_refunded", "refunded")


@dataclass(frozen=True)
class Wrong:
    """What came of a twist: the payment number that was really charged, and the order that it must not pay."""

    twist: str
    number: str
    order: Placed
    step: Step


def run(stage: Stage, plan: Plan, report: Report) -> None:
    """Twist and pay, let everything settle, and look what became of each wrong won."""
    mark = stage.mark()
    stage.simulator.policy(inquiry_shows_refund="on")
    names = list(TWISTS)
    steps = [plan.step(twist=names[number % len(names)]) for number in range(plan.count)]
    wrongs = crowd(partial(_pay_wrongly, stage, report), steps, width=6)
    drain(stage, report, mark)
    stage.simulator.policy(inquiry_shows_refund="off")
    _judge(stage, report, wrongs)


def _pay_wrongly(stage: Stage, report: Report, step: Step) -> Wrong:
    twist, buyer = str(step.what["twist"]), stage.buyer()
    order = buyer.place(DEAR)
    order.may_be_on_desk = True
    number = TWISTS[twist](stage, buyer, order, step)
    buyer.look(order)
    report.trial(twist)
    return Wrong(twist, number, order, step)


def _judge(stage: Stage, report: Report, wrongs: list[Wrong]) -> None:
    """Every wrong payment has gone back whole, or is on the desk, or pays the order that it was opened for."""
    lines = {line["attempt_no"]: line for line in stage.shop.ledger()}
    on_desk = {row.order_no for row in stage.shop.desk()}
    payments = {row["oid"]: row for row in stage.simulator.payments() if row["paid_at"]}
    for wrong in wrongs:
        row, line = payments.get(wrong.number), lines.get(wrong.number)
        if line and line["state"] == "paid" and line["order_no"] == wrong.order.order_no:
            report.violation("I4", f"{wrong.order.order_no} is paid by a wrong payment ({wrong.twist})", wrong.step)
        if row is None or wrong.number in stage.book.beyond_reach:
            continue
        is_its_own = line is not None and line["state"] == "paid" and line["amount"] == row["total"]
        is_back = row["refunded_total"] == row["total"]
        if not (is_back or is_its_own or wrong.order.order_no in on_desk):
            text = f"{row['total']} won of {wrong.number} ({wrong.twist}) neither went back nor wait on the desk"
            report.violation("I2", text, wrong.step)


def _work(step: Step) -> str:
    return step.dice.choice(("CERT", "PAY"))


def _twisted(opening: Opening, **fields: str) -> Opening:
    """The window opened with other fields than the shop gave."""
    return replace(opening, fields=opening.fields | fields)


def _other_amount(stage: Stage, buyer: Buyer, order: Placed, step: Step) -> str:
    """The amount is changed before the window opens; whether the claim lies about it as well, the dice say."""
    opening = buyer.start(order, work=_work(step), method=step.dice.choice(("card", "transfer")))
    amount = step.dice.choice((1_000, order.total - 10, order.total + 10, order.total * 10))
    claim = dict(buyer.pay(_twisted(opening, PCD_PAY_TOTAL=str(amount))))
    if step.dice.random() < 0.7:
        claim |= {name: str(order.total) for name in ("PCD_PAY_TOTAL", "PCD_PAY_AMOUNT", "PCD_PAY_AMOUNT_REAL")}
    buyer.deliver(claim)
    return opening.attempt_no


def _cheap_goods(stage: Stage, buyer: Buyer, order: Placed, step: Step) -> str:
    """The goods and the price of something cheap, under the number of a dear order."""
    opening = buyer.start(order, work=_work(step))
    claim = dict(buyer.pay(_twisted(opening, PCD_PAY_GOODS="연필", PCD_PAY_TOTAL="1000")))
    buyer.deliver(claim | {"PCD_PAY_TOTAL": str(order.total), "PCD_PAY_GOODS": opening.fields["PCD_PAY_GOODS"]})
    return opening.attempt_no


def _other_number(stage: Stage, buyer: Buyer, order: Placed, step: Step) -> str:
    """The window is opened under a number of the browser's own; the claim names the shop's."""
    opening, invented = buyer.start(order, work=_work(step)), f"X{step.dice.getrandbits(64):x}"
    stage.book.beyond_reach.add(invented)
    claim = dict(buyer.pay(_twisted(opening, PCD_PAY_OID=invented)))
    buyer.deliver(claim | {"PCD_PAY_OID": opening.attempt_no})
    return invented


def _other_method(stage: Stage, buyer: Buyer, order: Placed, step: Step) -> str:
    """A transfer where a card was asked for: another refund, another receipt, another inquiry."""
    opening = buyer.start(order, work=_work(step), method="card")
    claim = dict(buyer.pay(_twisted(opening, PCD_PAY_TYPE="transfer")))
    buyer.deliver(claim | ({"PCD_PAY_TYPE": "card"} if step.dice.random() < 0.5 else {}))
    return opening.attempt_no


def _keys_of_cheap(stage: Stage, buyer: Buyer, order: Placed, step: Step) -> str:
    """The cheap order is authenticated; its keys come under the number of the dear one."""
    cheap = buyer.place(CHEAP)
    opening, other = buyer.start(order, work="CERT"), buyer.start(cheap, work="CERT")
    keys = dict(buyer.pay(other))
    buyer.deliver(keys | {"PCD_PAY_OID": opening.attempt_no, "PCD_PAY_TOTAL": str(order.total)})
    buyer.look(cheap)
    return other.attempt_no


def _claim_of_cheap(stage: Stage, buyer: Buyer, order: Placed, step: Step) -> str:
    """The cheap order is paid at once; its claim comes under the number of the dear one."""
    cheap = buyer.place(CHEAP)
    opening, other = buyer.start(order, work="PAY"), buyer.start(cheap, work="PAY")
    claim = dict(buyer.pay(other))
    buyer.deliver(claim | {"PCD_PAY_OID": opening.attempt_no, "PCD_PAY_TOTAL": str(order.total)})
    buyer.look(cheap)
    return other.attempt_no


def _two_windows(stage: Stage, buyer: Buyer, order: Placed, step: Step) -> str:
    """Both windows of one order charge at once; one of the two has to go back."""
    first, second = buyer.start(order, work="PAY"), buyer.start(order, work="PAY")
    claims = [buyer.pay(first), buyer.pay(second)]
    step.dice.shuffle(claims)
    for claim in claims:
        buyer.deliver(claim)
    return "" if buyer.look(order) in PAID else second.attempt_no


def _receipt_stays(stage: Stage, buyer: Buyer, order: Placed, step: Step) -> str:
    """The same by transfer, with cash receipts that do not follow when money goes back."""
    choices = {"work": "PAY", "method": "transfer", "cash_receipt": True}
    first, second = buyer.start(order, **choices), buyer.start(order, **choices)
    for claim in [buyer.pay(opening, "receipt_cancel_fails") for opening in (first, second)]:
        buyer.deliver(claim)
    return "" if buyer.look(order) in PAID else second.attempt_no


def _other_order(stage: Stage, buyer: Buyer, order: Placed, step: Step) -> str:
    """A stranger pays the cheap amount in the window of somebody else's order."""
    opening = buyer.start(order, work=_work(step))
    stranger = stage.buyer()
    claim = dict(stranger.pay(_twisted(opening, PCD_PAY_TOTAL="1000", PCD_PAYER_NO="7")))
    stranger.deliver(claim | {"PCD_PAY_TOTAL": str(order.total)})
    return opening.attempt_no


def _returned_before(stage: Stage, buyer: Buyer, order: Placed, step: Step) -> str:
    """Some of it, or all, goes back in the gateway's own administration before the result arrives."""
    opening = buyer.start(order, work="PAY", method=step.dice.choice(("card", "transfer")))
    claim = buyer.pay(opening)
    stage.simulator.cancel(opening.attempt_no, step.dice.choice((1, 1_000, order.total - 1, order.total)))
    buyer.deliver(claim)
    return opening.attempt_no


TWISTS: dict[str, Callable[[Stage, Buyer, Placed, Step], str]] = {
    "other_amount": _other_amount,
    "cheap_goods": _cheap_goods,
    "other_number": _other_number,
    "other_method": _other_method,
    "keys_of_cheap": _keys_of_cheap,
    "claim_of_cheap": _claim_of_cheap,
    "two_windows": _two_windows,
    "receipt_stays": _receipt_stays,
    "other_order": _other_order,
    "returned_before": _returned_before,
}
