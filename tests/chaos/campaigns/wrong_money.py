"""Payments that really moved money, but wrongly: another amount, number, method, or the keys of another order."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tests.chaos.people import Buyer
from tests.chaos.report import Plan, Report, Step
from tests.chaos.stage import Stage, crowd
from tests.oracle import Placed

DEAR, CHEAP = {"test-product": 5}, {"test-product": 1}


def run(stage: Stage, plan: Plan, report: Report) -> None:
    """Twist and pay; the oracle says whether each wrong won was returned or is on the desk."""
    stage.simulator.control("POST", "policy", {"inquiry_shows_refund": "on"})
    names = list(TWISTS)
    steps = [plan.step(twist=names[number % len(names)]) for number in range(plan.count)]
    crowd(partial(_pay_wrongly, report), [(stage, step) for step in steps])
    stage.run_due()


def _pay_wrongly(report: Report, one: tuple[Stage, Step]) -> None:
    stage, step = one
    twist, buyer = str(step.what["twist"]), stage.buyer(step)
    order = buyer.place(DEAR)
    order.may_be_on_desk = True
    TWISTS[twist](buyer, order, step)
    buyer.look(order)
    report.trial()


def _work(step: Step) -> str:
    return step.dice.choice(("CERT", "PAY"))


def _as_asked(order: Placed) -> dict[str, str]:
    return {name: str(order.total) for name in ("PCD_PAY_TOTAL", "PCD_PAY_AMOUNT", "PCD_PAY_AMOUNT_REAL")}


def _other_amount(buyer: Buyer, order: Placed, step: Step) -> None:
    opening = buyer.start(order, work=_work(step), method=step.dice.choice(("card", "transfer")))
    amount = step.dice.choice((1_000, order.total - 10, order.total + 10, order.total * 10))
    result = dict(buyer.pay(opening, PCD_PAY_TOTAL=str(amount)))
    buyer.deliver(result | (_as_asked(order) if step.dice.random() < 0.7 else {}))


def _other_number(buyer: Buyer, order: Placed, step: Step) -> None:
    """The window is opened under a number that the browser made up."""
    opening, invented = buyer.start(order, work=_work(step)), f"X{step.dice.getrandbits(64):x}"
    buyer.stage.invented.add(invented)
    buyer.deliver(dict(buyer.pay(opening, PCD_PAY_OID=invented)) | {"PCD_PAY_OID": opening.attempt_no})


def _other_method(buyer: Buyer, order: Placed, step: Step) -> None:
    opening = buyer.start(order, work=_work(step), method="card")
    result = dict(buyer.pay(opening, PCD_PAY_TYPE="transfer"))
    buyer.deliver(result | ({"PCD_PAY_TYPE": "card"} if step.dice.random() < 0.5 else {}))


def _keys_of_cheap(buyer: Buyer, order: Placed, step: Step) -> None:
    """The result of a cheap order is delivered under the number of the dear one."""
    cheap, work = buyer.place(CHEAP), _work(step)
    opening, other = buyer.start(order, work=work), buyer.start(cheap, work=work)
    result = dict(buyer.pay(other))
    buyer.deliver(result | _as_asked(order) | {"PCD_PAY_OID": opening.attempt_no})
    buyer.look(cheap)


def _two_windows(buyer: Buyer, order: Placed, step: Step) -> None:
    """Both windows of one order charge at once; the cash receipt of a returned transfer does not follow."""
    choices = {"work": "PAY", "method": step.dice.choice(("card", "transfer")), "cash_receipt": True}
    openings = [buyer.start(order, **choices), buyer.start(order, **choices)]
    for result in [buyer.pay(opening, "receipt_cancel_fails") for opening in openings]:
        buyer.deliver(result)


def _other_payer(buyer: Buyer, order: Placed, step: Step) -> None:
    """A stranger pays less in the window of this order."""
    opening, stranger = buyer.start(order, work=_work(step)), buyer.stage.buyer(step)
    result = dict(stranger.pay(opening, PCD_PAY_TOTAL="1000", PCD_PAY_GOODS="연필", PCD_PAYER_NO="7"))
    stranger.deliver(result | _as_asked(order))


def _returned_before(buyer: Buyer, order: Placed, step: Step) -> None:
    """Some of it, or all, was returned in the gateway's administration before the result arrives."""
    opening = buyer.start(order, work="PAY", method=step.dice.choice(("card", "transfer")))
    result = buyer.pay(opening)
    amount = step.dice.choice((1_000, order.total))
    buyer.stage.simulator.control("POST", f"payments/{opening.attempt_no}/cancel", {"amount": amount})
    buyer.deliver(result)


TWISTS: dict[str, Callable[[Buyer, Placed, Step], None]] = {
    "other amount": _other_amount,
    "other number": _other_number,
    "other method": _other_method,
    "keys of a cheap order": _keys_of_cheap,
    "two windows": _two_windows,
    "other payer": _other_payer,
    "returned before": _returned_before,
}
