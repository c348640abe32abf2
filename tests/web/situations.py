"""Situations that a person has to settle, each as a row on the desk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.page import PageClient
from tests.staff import PASSWORD, paid_order, refund
from tests.world import World

RUN_DUE = "/admin/desk/run"


def lost_confirm(world: World, buyer: PageClient, *, phase: str = "before") -> str:
    """A confirm without an answer, which has charged in the phase ``after``; answers the order's number."""
    order_no = buyer.place_order()
    claim = world.payer().pay(buyer.start_attempt(order_no)["fields"])
    world.fault("confirm", "lost_answer", phase=phase)
    world.deliver(claim)
    return order_no


def contradictory_payment(world: World, buyer: PageClient, quantity: int = 1) -> str:
    """The gateway's answer names a payment that is not ours; answers the order's number."""
    order_no = buyer.place_order(quantity=quantity)
    claim = world.payer().pay(buyer.start_attempt(order_no, work="PAY")["fields"])
    world.fault("inquiry", "other_oid")
    world.deliver(claim)
    return order_no


def second_payment(world: World, buyer: PageClient, **choices: str) -> str:
    """A second payment of one order, whose refund the gateway refuses; answers the order's number."""
    order_no = buyer.place_order()
    first, second = (buyer.start_attempt(order_no, 200, work="PAY", **choices)["fields"] for _window in range(2))
    world.deliver(world.payer().pay(first))
    world.fault("cancel", "refused", phase="before")
    world.deliver(world.payer().pay(second))
    return order_no


def silent_confirm(world: World, officer: PageClient) -> None:
    lost_confirm(world, world.browser())
    world.advance(minutes=11)


def contradiction(world: World, officer: PageClient) -> None:
    contradictory_payment(world, world.browser(), quantity=11)


def lost_part(world: World, officer: PageClient) -> None:
    order_no = paid_order(world)
    world.fault("cancel", "lost_answer", phase="after")
    refund(officer, order_no, amount="1000")
    world.advance(minutes=10)


def stuck_full(world: World, officer: PageClient) -> None:
    """A full cancel whose answer was lost, and whose repeats tell nothing: two tries stand for eight."""
    world.monkeypatch.setattr("shop.payple.refund_rules.MOST_UNANSWERED", 2)
    order_no = paid_order(world)
    world.fault("cancel", "lost_answer", phase="before")
    refund(officer, order_no)
    world.fault("cancel", "refused", phase="before")
    world.advance(seconds=10)
    officer.submit(RUN_DUE, {})
    world.advance(minutes=10)


def refused_return(world: World, officer: PageClient) -> None:
    second_payment(world, world.browser())


def owed_receipt(world: World, officer: PageClient) -> None:
    order_no = paid_order(world, method="transfer", cash_receipt="y")
    world.control("POST", "policy", {"receipt_on_refund": "fail"})
    refund(officer, order_no, amount="4000")


def refused_refund(world: World, officer: PageClient) -> None:
    """Not on the desk: the person who sent it saw the refusal."""
    order_no = paid_order(world)
    world.fault("cancel", "refused", phase="before")
    refund(officer, order_no, amount="1000")


def failed_receipt(world: World, officer: PageClient) -> None:
    """Not on the desk either."""
    order_no = paid_order(world, method="transfer")
    world.fault("receipt_issue", "refused", phase="before")
    form = {"purpose": "personal", "identity": "01098765432", "password": PASSWORD}
    officer.submit(f"/admin/orders/{order_no}/cash-receipts", form)


@dataclass(frozen=True)
class Open:
    """A situation, its row, and the actions of the row: whether each of them leaves the row on the desk."""

    arrange: Callable[[World, PageClient], None]
    kind: str
    state: str
    actions: dict[str, bool]


OPEN = [
    Open(silent_confirm, "attempt", "unknown", {"ask-again": True}),
    Open(contradiction, "attempt", "attention", {"ask-again": False, "close-attention": False}),
    Open(lost_part, "refund", "unknown", {"was-refunded": False, "was-not-refunded": False}),
    Open(
        *(stuck_full, "refund", "unknown"),
        {"repeat-refund": False, "was-refunded": False, "was-not-refunded": False},
    ),
    Open(refused_return, "refund", "refused", {"repeat-refund": False, "returned-elsewhere": False}),
    Open(owed_receipt, "cash-receipt", "cancel_due", {"retry-receipt": True}),
]
