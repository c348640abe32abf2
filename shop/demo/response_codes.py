"""Every response code of the gateway, and the orders that show one of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

from shop.demo.buyer import Buyer, Payment
from shop.demo.simulator import SimulatorAway
from shop.demo.tools import simulator
from shop.demo.wishes import TEST_PRODUCT
from shop.errors import NotFound
from shop.payple.code_table import Fault, Outcome
from shop.payple.codes import TABLE, ResponseCode
from shop.rules.method import Method
from shop.views import messages
from shop.views.messages import Notice


@dataclass(frozen=True)
class Meaning:
    """Codes that mean the same. ``notice`` is what the buyer reads; None where there is a receipt instead."""

    codes: tuple[str, ...]
    ko: str
    en: str
    fault: Fault
    outcome: Outcome
    retry: bool
    notice: Notice | None

    def says(self, words: str) -> bool:
        return words.lower() in " ".join((*self.codes, self.ko, self.en)).lower()


def meanings(words: str = "") -> list[Meaning]:
    """Every meaning in the order of the client's table, or those that contain some words."""
    grouped = groupby(TABLE.values(), key=lambda row: (row.ko, row.en, row.fault, row.outcome, row.retry))
    return [meaning for _key, rows in grouped if (meaning := _meaning(list(rows))).says(words)]


def producible() -> Mapping[str, Payment]:
    """How to pay so that a code comes, by code; nothing if the simulator does not answer."""
    try:
        scenarios = simulator().control("GET", "scenarios")
    except SimulatorAway:
        return {}
    return {row["code"]: Payment(Method(row["methods"][0]), scenario=row["id"]) for row in reversed(scenarios)}


def produce(code: str, buyer: Buyer) -> str:
    """Pay an order so that this code comes, and return the order's number.

    :raises NotFound: the simulator has no scenario with this code
    """
    payment = producible().get(code) if code else None
    if payment is None:
        raise NotFound
    order_no = buyer.place(TEST_PRODUCT).order_no
    buyer.pay(order_no, payment)
    return order_no


def _meaning(rows: list[ResponseCode]) -> Meaning:
    first = rows[0]
    numbers = tuple(row.code for row in rows)
    return Meaning(numbers, first.ko, first.en, first.fault, first.outcome, first.retry, _notice(first))


def _notice(row: ResponseCode) -> Notice | None:
    match row.outcome:
        case Outcome.SUCCESS:
            return None
        case Outcome.UNKNOWN:
            return messages.checking(row.code)
    return messages.of_code(row.code, "")
