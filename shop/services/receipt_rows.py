"""The rows of cash receipts: each change is one edge of the graph and one journal entry, in the caller's transaction.

The caller holds the order. What a receipt is worth is decided in ``cash_receipts`` and ``refunding``.
"""

from collections.abc import Mapping
from datetime import datetime

from shop.models import Attempt, CashReceipt
from shop.rules import refund as rules
from shop.rules.states import ACTIVE_RECEIPT, CashReceiptState
from shop.services import journal, moving
from shop.services.journal import Actor
from shop.services.moving import Step


def covering(attempt: Attempt) -> CashReceipt | None:
    """The cash receipt that covers this payment now."""
    covers = (CashReceiptState.ISSUED, CashReceiptState.CANCEL_DUE)
    return next((receipt for receipt in attempt.cash_receipts if receipt.state in covers), None)


def lease(receipt: CashReceipt, now: datetime) -> datetime:
    """Until when others stay away from a receipt that is worked on: a repeated one is looked up first."""
    return now + (2 if receipt.tries else 1) * rules.REFUND_PATIENCE


def is_taken(receipt: CashReceipt, now: datetime) -> bool:
    """Whether a worker may be at it just now. Its lease began by its own clock, perhaps a little later than ours."""
    if receipt.tries == 0 or receipt.due_at is None:
        return False
    return now < receipt.due_at <= now + 3 * rules.REFUND_PATIENCE


def is_under_way(receipt: CashReceipt, now: datetime) -> bool:
    """Whether a call about it may be on its way, or was left without an answer.

    A request that has not been sent yet, or was plainly refused, is for what is left when it is sent (again).
    """
    if receipt.state is CashReceiptState.REQUESTED:
        return receipt.tries > 0
    return receipt.state is CashReceiptState.CANCEL_DUE and is_taken(receipt, now)


def refused(attempt: Attempt) -> CashReceipt | None:
    """A receipt that the shop owes and the gateway did not issue so far: who knows the payer's number may help."""
    asked = (receipt for receipt in attempt.cash_receipts if receipt.state is CashReceiptState.REQUESTED)
    return next((receipt for receipt in asked if receipt.tries == 0 and receipt.result_message), None)


def active(attempt: Attempt) -> CashReceipt | None:
    """The one receipt that stands, or is being issued or cancelled; a person may issue another where there is none."""
    known = (receipt for receipt in attempt.cash_receipts if receipt.state in ACTIVE_RECEIPT)
    return next((receipt for receipt in known if receipt is not refused(attempt)), None)


def replaced(receipt: CashReceipt) -> CashReceipt | None:
    """The receipt that was cancelled so that this one could be issued for the rest; None: a person wanted this one."""
    before = [other for other in receipt.attempt.cash_receipts if other.id < receipt.id]
    is_owed = bool(before) and before[-1].state is CashReceiptState.CANCELLED and before[-1].reissue_amount > 0
    return before[-1] if is_owed else None


def add(receipt: CashReceipt, actor: Actor, now: datetime) -> None:
    """A receipt comes into being: asked for, or issued together with the payment."""
    step = moving.create(receipt)
    _note(receipt, f"receipt_{receipt.state.value}", step, actor, now)


def found(attempt: Attempt, amount: int, actor: Actor, now: datetime, *, number: str = "") -> CashReceipt:
    """A receipt of which we learn only now that it stands at the tax office, for ``amount`` won."""
    receipt = CashReceipt(
        order_id=attempt.order_id,
        attempt_id=attempt.id,
        state=CashReceiptState.ISSUED,
        amount=amount,
        number=number[:60],
        requested_by=actor.by,
        created_at=now,
        issued_at=now,
    )
    add(receipt, actor, now)
    return receipt


def move(
    receipt: CashReceipt,
    after: CashReceiptState,
    actor: Actor,
    now: datetime,
    values: Mapping[str, object],
) -> None:
    """Change its state, and what comes with it."""
    step = moving.move(receipt, after, **values)
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
