"""Situations that a person has to settle, each as a row on the desk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.page import PageClient
from tests.staff import PASSWORD, paid_order, refund
from tests.world import Purchase, World

RUN_DUE = "/admin/desk/run"


def lost_confirm(world: World, *, phase: str = "before", kind: str = "lost_answer") -> Purchase:
    """A purchase whose confirm has no answer; in the phase ``after`` it has charged."""
    purchase = world.purchase()
    claim = purchase.claim()
    world.fault("confirm", kind, phase=phase)
    world.deliver(claim)
    assert purchase.states == ("checking", "unknown")
    return purchase


def silent_confirm(world: World, officer: PageClient) -> None:
    lost_confirm(world)
    world.advance(minutes=11)


def contradiction(world: World, officer: PageClient) -> None:
    """The gateway's answer names a payment that is not ours."""
    purchase = world.purchase(quantity=11, work="PAY")
    claim = purchase.claim()
    world.fault("inquiry", "other_oid")
    world.deliver(claim)


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


def refused_return(world: World, officer: PageClient, **choices: Any) -> None:
    """A second payment of one order, whose refund the gateway refuses."""
    first = world.purchase(work="PAY", **choices)
    second = first.start(work="PAY", **choices)
    first.pay()
    world.fault("cancel", "refused", phase="before")
    second.pay()
    world.sweep()


def owed_receipt(world: World, officer: PageClient) -> None:
    order_no = paid_order(world, method="transfer", cash_receipt="y")
    world.policy(receipt_on_refund="fail")
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
