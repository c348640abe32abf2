"""What can be wished for: a state, and how the order came to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from shop.models.product import LARGEST_QUANTITY
from shop.rules.method import Method

TEST_PRODUCT: Mapping[str, int] = {"test-product": 1}


class DemoState(StrEnum):
    """States of an order, and of what belongs to it: a receipt that is due, a lost refund, a subscription."""

    AWAITING_PAYMENT = "awaiting_payment"
    CHECKING = "checking"
    PAID = "paid"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    EXPIRED = "expired"
    ATTENTION = "attention"
    RECEIPT_DUE = "receipt_due"
    REFUND_UNKNOWN = "refund_unknown"
    SUBSCRIPTION = "subscription"


class WishRefused(Exception):
    """There is no such order. The message says what there is, in one sentence."""


@dataclass(frozen=True)
class Wish:
    """``lines`` are quantities by slug. A subscription has its own."""

    state: DemoState
    method: Method = Method.CARD
    cash_receipt: bool = False
    lines: Mapping[str, int] = field(default_factory=lambda: TEST_PRODUCT)

    def __post_init__(self) -> None:
        if self.cash_receipt and self.method is not Method.TRANSFER:
            raise WishRefused("A cash receipt belongs to the method transfer.")
        if self.state is DemoState.RECEIPT_DUE and not self.cash_receipt:
            raise WishRefused("receipt_due is the state of a transfer with a cash receipt.")
        if self.state is DemoState.SUBSCRIPTION and self.method.card_app:
            raise WishRefused("A subscription is paid by the method card or transfer.")


def read_wish(body: object) -> Wish:
    """Read the JSON of a request. A cash receipt, asked for or due, means a transfer unless the method is named.

    :raises WishRefused: with one sentence
    """
    if not isinstance(body, dict):
        raise WishRefused("Send a JSON object with the member state.")
    unknown = sorted(set(body) - {"state", "method", "cash_receipt", "lines"})
    if unknown:
        raise WishRefused(f"There is no member {unknown[0]}; there are state, method, cash_receipt and lines.")
    state = _one_of(DemoState, "state", body.get("state"))
    is_due = state is DemoState.RECEIPT_DUE
    cash_receipt = body.get("cash_receipt", is_due)
    if not isinstance(cash_receipt, bool):
        raise WishRefused("cash_receipt is true or false.")
    method = _one_of(Method, "method", body.get("method", "transfer" if cash_receipt else "card"))
    return Wish(state, method, cash_receipt, _lines(body["lines"]) if "lines" in body else TEST_PRODUCT)


def _one_of(kind: Any, name: str, value: object) -> Any:
    if value not in [member.value for member in kind]:
        raise WishRefused(f"{name} is one of {', '.join(kind)}.")
    return kind(value)


def _lines(value: object) -> dict[str, int]:
    sentence = f"lines is a list of {{product, quantity}} with quantities from 1 to {LARGEST_QUANTITY}."
    if not isinstance(value, list) or not value:
        raise WishRefused(sentence)
    lines: dict[str, int] = {}
    for one in value:
        match one:
            case {"product": str(slug), "quantity": int(quantity)} if 0 < quantity <= LARGEST_QUANTITY:
                lines[slug] = quantity
            case _:
                raise WishRefused(sentence)
    return lines
