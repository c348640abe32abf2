"""The rows of cash receipts: each change is one edge of the graph and one journal entry, in the caller's transaction.

The caller holds the order. What a receipt is worth is decided in ``cash_receipts`` and ``refunding``.
"""

from collections.abc import Mapping
from datetime import datetime

from shop import policy
from shop.graph import Proof
from shop.models import Attempt, CashReceipt
from shop.services import journal, moving
from shop.services.journal import Actor
from shop.services.moving import Step
from shop.states import CashReceiptState


def covering(attempt: Attempt) -> CashReceipt | None:
    """The cash receipt that covers this payment now."""
    covers = (CashReceiptState.ISSUED, CashReceiptState.CANCEL_DUE)
    return next((receipt for receipt in attempt.cash_receipts if receipt.state in covers), None)


def lease(receipt: CashReceipt, now: datetime) -> datetime:
    """Until when others stay away from a receipt that is worked on: a repeated one is looked up first."""
    return now + (2 if receipt.tries else 1) * policy.REFUND_PATIENCE


def is_taken(receipt: CashReceipt, now: datetime) -> bool:
    """Whether a worker may be at it just now."""
    free_at = receipt.due_at or receipt.created_at + policy.REFUND_PATIENCE
    return now < free_at <= now + 2 * policy.REFUND_PATIENCE


def is_under_way(receipt: CashReceipt, now: datetime) -> bool:
    """Whether it may be issued, for what is paid now, before a refund that begins now has ended."""
    is_cancelled = receipt.state is CashReceiptState.CANCEL_DUE and receipt.tries > 0 and is_taken(receipt, now)
    return receipt.state is CashReceiptState.REQUESTED or is_cancelled


def add(receipt: CashReceipt, proof: Proof, actor: Actor, now: datetime) -> None:
    """A receipt comes into being: asked for, or issued together with the payment."""
    step = moving.born(receipt, proof)
    _note(receipt, f"receipt_{receipt.state.value}", step, actor, now)


def move(
    receipt: CashReceipt,
    after: CashReceiptState,
    proof: Proof,
    actor: Actor,
    now: datetime,
    values: Mapping[str, object],
) -> None:
    """Change its state, and what comes with it."""
    step = moving.move(receipt, after, proof, **values)
    _note(receipt, f"receipt_{after.value}", step, actor, now)


def change(receipt: CashReceipt, event: str, actor: Actor, now: datetime, values: Mapping[str, object]) -> None:
    """Change what it is worth, or when it is tried again; its state stays."""
    for name, value in values.items():
        setattr(receipt, name, value)
    _note(receipt, event, None, actor, now)


def _note(receipt: CashReceipt, event: str, step: Step | None, actor: Actor, now: datetime) -> None:
    """Numbers and codes; never the identity."""
    evidence = {"amount": receipt.amount, "code": receipt.result_code, "rest": receipt.reissue_amount, "by": actor.by}
    journal.note(
        event,
        at=now,
        order=receipt.order,
        attempt_no=receipt.attempt.attempt_no,
        source=actor.source,
        row=receipt,
        step=step,
        evidence=evidence,
    )
