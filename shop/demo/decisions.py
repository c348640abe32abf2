"""The lines of the running source that take a decision."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from pkgutil import resolve_name

ROOT = Path(__file__).parents[2]
CONFIRM = "shop.payple.flow:PaymentFlow._charge"
JUDGE = "shop.payple.flow:judge"
TAKE_PAYMENT = "shop.services.transitions:_take_payment"
ANSWER_TO_REFUND = "shop.payple.refund_rules:judge_refund"
RECEIPT = "shop.rules.cash_receipt:after_refund"
BY_REASON: Mapping[str, str] = {
    "no_answer": "shop.payple.flow:no_answer",
    "not_found": "shop.payple.flow:not_found",
    "not_sent": CONFIRM,
    "number": JUDGE,
    "amount": JUDGE,
    "pay_type": JUDGE,
    "refunded": JUDGE,
    "second_payment": "shop.services.transitions:apply_verdict",
    "out_of_stock": TAKE_PAYMENT,
    "order_cancelled": TAKE_PAYMENT,
    "subscribed": TAKE_PAYMENT,
}
BY_EVENT: Mapping[str, str] = {
    "confirming": "shop.payple.flow:PaymentFlow.may_confirm",
    "result_refused": "shop.payple.flow:mismatch",
    "paid": JUDGE,
    "declined": CONFIRM,
    "order_expired": "shop.services.orders:expire",
    "refund_reserved": "shop.services.transitions:reserve_refund",
    "refund_submitted": "shop.services.refunds:_begin",
    "refund_done": ANSWER_TO_REFUND,
    "refund_refused": ANSWER_TO_REFUND,
    "refund_unknown": ANSWER_TO_REFUND,
    "refund_decided": "shop.services.refunds:decide",
    "receipt_cancel_due": RECEIPT,
    "receipt_cancelled": RECEIPT,
}
BY_ATTACK: Mapping[str, str] = {
    "amount": "shop.payple.flow:mismatch",
    "number": JUDGE,
    "confirm_url": "shop.payple.gateway:Gateway.select_confirm",
    "forged": "shop.payple.flow:judge_failed_charge",
    "twice": "shop.payple.flow:PaymentFlow.handle_result",
    "foreign": "shop.payple.flow:PaymentFlow._record_charge",
    "webhook": "shop.services.webhooks:_make_due",
    "cart": "shop.services.payments:_new_attempt",
}


@dataclass(frozen=True)
class Lines:
    """A function as it stands in its file; ``marked`` are the lines that made the decision, from 0."""

    file: str
    first: int
    code: tuple[str, ...]
    marked: frozenset[int]


@lru_cache
def lines_behind(event: str, reason: str, last_call: str) -> Lines | None:
    """Return the lines behind an event of the journal. ``last_call`` is the call to the gateway before it."""
    is_lost_confirm = last_call == "confirm" and reason == "no_answer"
    name = CONFIRM if is_lost_confirm else BY_REASON.get(reason) or BY_EVENT.get(event)
    if name is None:
        return None
    is_told = reason and not is_lost_confirm
    return lines_of(name, f"Reason.{reason.upper()}" if is_told else f"State.{event.removeprefix('refund_').upper()}")


def lines_of(name: str, word: str = "") -> Lines:
    """Return a function. The lines with ``word`` are marked."""
    function = resolve_name(name)
    code, first = inspect.getsourcelines(function)
    marked = frozenset(number for number, line in enumerate(code) if word and word in line)
    path = Path(inspect.getfile(function)).relative_to(ROOT)
    return Lines(str(path), first, tuple(line.rstrip() for line in code), marked)
