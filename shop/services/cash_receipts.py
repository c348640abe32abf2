"""Cash receipts of transfers: issued later by staff, cancelled, and put right after refunds.

The target is always the same: the active receipt covers what was paid less what went back. A receipt that the gateway
did not settle with a refund is cancelled and issued again from the next day on; until then it stays visible as due.
One payment has at most one receipt at the tax office, so a request whose answer was lost may be sent again.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial

from sqlalchemy import and_, exists, or_, select

from shop.db import db, release, transaction
from shop.errors import ReceiptRefused
from shop.models import Attempt, CashReceipt, Order, Refund
from shop.payple import (
    CashReceiptCancel,
    CashReceiptRequest,
    GatewayError,
    Inquiries,
    Method,
    NotSent,
    OutcomeUnknown,
    PaypleClient,
    ReceiptPurpose,
    Refused,
    codes,
)
from shop.rules import refund as rules
from shop.rules.states import IN_FLIGHT, CashReceiptState, Source
from shop.services import late_receipts, receipt_rows, refunds, trade_days, transitions
from shop.services.attempt_facts import facts_of
from shop.services.journal import ITSELF, Actor

BATCH = 100
IDENTITIES = {
    ReceiptPurpose.PERSONAL: re.compile(r"01[016789][0-9]{7,8}|[0-9]{13,19}"),
    ReceiptPurpose.COMPANY: re.compile(r"[0-9]{10}"),
}
"""Income deduction by phone or cash-receipt card, expense proof by business number. Digits only."""


@dataclass(frozen=True)
class ReceiptWish:
    """Whom the receipt is for. ``identity`` is digits only, and personal data."""

    purpose: ReceiptPurpose
    identity: str


def issue(order_no: str, wish: ReceiptWish, *, by: str, client: PaypleClient, now: datetime) -> CashReceipt:
    """Issue a receipt for what was paid and not refunded.

    :raises NotFound: no such order
    :raises ReceiptRefused: nothing was sent; ``reason`` says why
    """
    if not is_identity(wish.purpose, wish.identity):
        raise ReceiptRefused(ReceiptRefused.Reason.IDENTITY)
    late_receipts.ask_first(order_no, client, now=now)
    with transaction():
        order = transitions.lock_order_no(order_no)
        attempt = _insist_on_transfer(order)
        rest, actor = _insist_on_rest(order, attempt), Actor(Source.STAFF, by)
        owed = receipt_rows.refused(attempt)
        receipt = owed or _requested(attempt, rest, now)
        receipt.purpose, receipt.identity, receipt.requested_by = wish.purpose.value, wish.identity, by
        if owed is None:
            receipt_rows.add(receipt, actor, now)
        else:
            receipt_rows.change(receipt, "receipt_requested", actor, now, {"amount": rest, "due_at": now})
        receipt_id = receipt.id
    _issue(receipt_id, client, now)
    return db.session.get_one(CashReceipt, receipt_id)


def cancel(order_no: str, *, by: str, client: PaypleClient, now: datetime) -> CashReceipt:
    """Cancel the active receipt now; no money moves. One that is due is not waited for, and its rest is issued again.

    :raises NotFound: no such order
    :raises ReceiptRefused: there is none, or somebody is at it; nothing was sent
    """
    actor = Actor(Source.STAFF, by)
    with transaction():
        order = transitions.lock_order_no(order_no)
        attempt = _insist_on_transfer(order)
        receipt = receipt_rows.covering(attempt)
        if receipt is None:
            raise ReceiptRefused(ReceiptRefused.Reason.NOTHING_ACTIVE)
        if receipt_rows.is_under_way(receipt, now):
            raise ReceiptRefused(ReceiptRefused.Reason.IN_FLIGHT)
        if receipt.state is CashReceiptState.CANCEL_DUE:
            receipt_rows.change(receipt, "receipt_cancel_due", actor, now, {"due_at": now})
        else:
            owed = {"due_at": now, "reissue_amount": 0}
            receipt_rows.move(receipt, CashReceiptState.CANCEL_DUE, actor, now, owed)
        receipt_id = receipt.id
    _cancel(receipt_id, client, now)
    return db.session.get_one(CashReceipt, receipt_id)


def due(now: datetime) -> list[int]:
    """Dated jobs whose time has come: cancels, issues of the rest, and requests without an answer."""
    owed = CashReceipt.state.in_((CashReceiptState.CANCEL_DUE, CashReceiptState.REQUESTED))
    unsent = and_(CashReceipt.due_at.is_(None), CashReceipt.created_at < now - rules.REFUND_PATIENCE)
    refunding_it = exists().where(Refund.attempt_id == CashReceipt.attempt_id, Refund.state.in_(IN_FLIGHT))
    query = select(CashReceipt.id).where(owed, or_(CashReceipt.due_at <= now, unsent), ~refunding_it)
    found = list(db.session.scalars(query.order_by(CashReceipt.id).limit(BATCH)))
    release()
    return found


def do(receipt_id: int, client: PaypleClient, *, now: datetime, asking: Inquiries | None = None) -> None:
    """Do one of them."""
    is_cancel = db.session.get_one(CashReceipt, receipt_id).state is CashReceiptState.CANCEL_DUE
    release()
    if is_cancel:
        _cancel(receipt_id, client, now)
    else:
        _issue(receipt_id, client, now, asking)


def retry(receipt_id: int, *, by: str, client: PaypleClient, now: datetime) -> CashReceipt:
    """Do now what is due later. Safe: a request is looked up before it is repeated, a second cancel is refused.

    :raises ReceiptRefused: there is nothing to do, or somebody is at it
    """
    with transaction():
        receipt = _locked(receipt_id)
        owed = receipt.state in (CashReceiptState.CANCEL_DUE, CashReceiptState.REQUESTED)
        if not owed or receipt_rows.is_taken(receipt, now):
            raise ReceiptRefused(ReceiptRefused.Reason.NOTHING_ACTIVE)
        if receipt.attempt.is_refunding:
            raise ReceiptRefused(ReceiptRefused.Reason.IN_FLIGHT)
        event, actor = f"receipt_{receipt.state.value}", Actor(Source.STAFF, by)
        receipt_rows.change(receipt, event, actor, now, {"due_at": now})
    do(receipt_id, client, now=now)
    return db.session.get_one(CashReceipt, receipt_id)


def is_identity(purpose: ReceiptPurpose, identity: str) -> bool:
    """Whether a number has the shape that the purpose wants."""
    return IDENTITIES[purpose].fullmatch(identity) is not None


# --- the two calls --------------------------------------------------------------------------------------------------


def _issue(receipt_id: int, client: PaypleClient, now: datetime, asking: Inquiries | None = None) -> None:
    receipt = _take(receipt_id, CashReceiptState.REQUESTED, now)
    if receipt is None:
        return
    purpose = ReceiptPurpose(receipt.purpose) if receipt.identity else None
    attempt_no, identity = receipt.attempt.attempt_no, receipt.identity
    message = CashReceiptRequest(attempt_no, receipt.attempt.payer_id, receipt.amount, purpose, identity)
    days, is_repeated = facts_of(receipt.attempt).days_to_ask(now), receipt.tries > 1 or bool(receipt.result_code)
    earlier = {other.number for other in receipt.attempt.cash_receipts}
    release()
    try:
        number = _issued_before(asking or client, attempt_no, days, earlier) if is_repeated else ""
        if not number:
            number = client.issue_cash_receipt(message, about=attempt_no).number
        write = partial(_issued, receipt_id, number, now)
    except GatewayError as error:
        write = partial(_failed, receipt_id, CashReceiptState.REQUESTED, error, now)
    write()


def _issued_before(
    asking: PaypleClient | Inquiries, attempt_no: str, days: list[date], earlier: Collection[str]
) -> str:
    """The number of a receipt that an earlier request, whose answer was lost, did issue; blank if it did not.

    An answer may show how things stood at the payment: the number of an ``earlier`` receipt is not that of this one.
    """
    try:
        found = trade_days.find(asking, attempt_no, days, Method.TRANSFER)
    except GatewayError as error:  # whatever kept us from asking, the earlier request is as unknown as before
        raise OutcomeUnknown(error.message, error.code) from error
    issued = found.transfer if found and found.transfer and found.transfer.cash_receipt_issued else None
    return issued.cash_receipt_number if issued and issued.cash_receipt_number not in earlier else ""


def _cancel(receipt_id: int, client: PaypleClient, now: datetime) -> None:
    """Cancel, and where a rest remains paid, issue a new receipt for it at once."""
    receipt = _take(receipt_id, CashReceiptState.CANCEL_DUE, now)
    if receipt is None:
        return
    purpose = ReceiptPurpose(receipt.purpose) if receipt.identity else None
    attempt_no, identity = receipt.attempt.attempt_no, receipt.identity
    message = CashReceiptCancel(attempt_no, receipt.attempt.payer_id, receipt.amount, purpose, identity)
    is_repeated = receipt.tries > 1
    release()
    rest: list[int] = []
    try:
        code = client.cancel_cash_receipt(message, about=attempt_no).code
        write = partial(_cancelled, receipt_id, code, now, rest)
    except GatewayError as error:
        if is_repeated and codes.says_already_cancelled(error.code):  # the earlier one, whose answer was lost, worked
            write = partial(_cancelled, receipt_id, error.code, now, rest)
        else:
            write = partial(_failed, receipt_id, CashReceiptState.CANCEL_DUE, error, now)
    write()
    for rest_id in rest:
        _issue(rest_id, client, now)


def _take(receipt_id: int, state: CashReceiptState, now: datetime) -> CashReceipt | None:
    """Commit that the call is about to leave, and keep others away from it for a while.

    While a refund has no answer nobody knows what a receipt should cover.
    """
    with transaction():
        receipt = _locked(receipt_id)
        is_free = receipt.due_at is None or receipt.due_at <= now
        if receipt.state is not state or not is_free or receipt.attempt.is_refunding:
            return None
        if state is CashReceiptState.REQUESTED and receipt.tries == 0 and not _fit(receipt, now):
            return None
        receipt.due_at, receipt.tries = receipt_rows.lease(receipt, now), receipt.tries + 1
    return db.session.get_one(CashReceipt, receipt_id)


def _fit(receipt: CashReceipt, now: datetime) -> bool:
    """A request that has waited is for what is left by now. False: nothing is left, so it has ended."""
    paid = refunds.facts(receipt.order)
    rest = paid.refundable if paid else 0
    if rest == 0:
        receipt_rows.move(receipt, CashReceiptState.FAILED, _actor(receipt), now, {"due_at": None})
    elif rest != receipt.amount:
        receipt_rows.change(receipt, "receipt_requested", _actor(receipt), now, {"amount": rest})
    return rest > 0


def _issued(receipt_id: int, number: str, now: datetime) -> None:
    told: dict[str, object] = {"number": number[:60], "issued_at": now, "due_at": None}
    with transaction():
        receipt = _locked(receipt_id)
        if receipt.state is CashReceiptState.REQUESTED:
            receipt_rows.move(receipt, CashReceiptState.ISSUED, _actor(receipt), now, told)


def _cancelled(receipt_id: int, code: str, now: datetime, rest_ids: list[int]) -> None:
    """Record the cancel and, in the same transaction, the request for what remains, whose id is added."""
    with transaction():
        receipt = _locked(receipt_id)
        if receipt.state is not CashReceiptState.CANCEL_DUE:
            return
        told = {"result_code": code[:20], "result_message": "", "cancelled_at": now, "due_at": None}
        receipt_rows.move(receipt, CashReceiptState.CANCELLED, ITSELF, now, told)
        if receipt.reissue_amount == 0:
            return
        rest = _requested(receipt.attempt, receipt.reissue_amount, now)
        rest.purpose, rest.identity, rest.requested_by = receipt.purpose, receipt.identity, receipt.requested_by
        receipt_rows.add(rest, ITSELF, now)
        rest_id = rest.id
    rest_ids.append(rest_id)


def _failed(receipt_id: int, state: CashReceiptState, error: GatewayError, now: datetime) -> None:
    """A receipt that failed is tried again later; one that the gateway refused to issue, on a person's word, is not."""
    with transaction():
        receipt = _locked(receipt_id)
        if receipt.state is not state:
            return
        told: dict[str, object] = {"result_code": error.code[:20], "result_message": error.message[:200]}
        is_no = isinstance(error, Refused) or (isinstance(error, NotSent) and receipt.tries <= 1)
        if state is CashReceiptState.REQUESTED and is_no:
            _not_issued(receipt, error, told, now)
            return
        if state is CashReceiptState.CANCEL_DUE and receipt.reissue_amount and codes.says_amount_differs(error.code):
            told["amount"] = receipt.reissue_amount  # the gateway had reduced it, in an answer that was lost
        told["due_at"] = rules.next_receipt_try(receipt.tries, now)
        receipt_rows.change(receipt, f"receipt_{state.value}", _actor(receipt), now, told)


def _not_issued(receipt: CashReceipt, error: GatewayError, told: dict[str, object], now: datetime) -> None:
    """A definite no. The shop goes on asking for what it owes: perhaps only the gateway knows whom the receipt is for.

    A no leaves no call under way, so such a request begins anew, and refunds need not wait for it.
    """
    is_refused, actor = isinstance(error, Refused), _actor(receipt)
    if receipt_rows.replaced(receipt) is None:
        receipt_rows.move(receipt, CashReceiptState.FAILED, actor, now, told | {"due_at": None})
        return
    again = rules.next_receipt_day(now) if is_refused else rules.next_receipt_try(1, now)
    receipt_rows.change(receipt, "receipt_requested", actor, now, told | {"due_at": again, "tries": 0})


# --- rows -----------------------------------------------------------------------------------------------------------


def _insist_on_transfer(order: Order) -> Attempt:
    attempt = order.paid_attempt
    if attempt is None:
        raise ReceiptRefused(ReceiptRefused.Reason.NOT_PAID)
    if attempt.method is not Method.TRANSFER:
        raise ReceiptRefused(ReceiptRefused.Reason.NOT_A_TRANSFER)
    if attempt.is_refunding:
        raise ReceiptRefused(ReceiptRefused.Reason.IN_FLIGHT)
    return attempt


def _insist_on_rest(order: Order, attempt: Attempt) -> int:
    """What a new receipt may cover, in won."""
    if receipt_rows.active(attempt) is not None:
        raise ReceiptRefused(ReceiptRefused.Reason.ALREADY_ISSUED)
    paid = refunds.facts(order)
    if paid is None or paid.refundable == 0:
        raise ReceiptRefused(ReceiptRefused.Reason.NOTHING_LEFT)
    return paid.refundable


def _requested(attempt: Attempt, amount: int, now: datetime) -> CashReceipt:
    return CashReceipt(
        order_id=attempt.order_id,
        attempt_id=attempt.id,
        state=CashReceiptState.REQUESTED,
        amount=amount,
        created_at=now,
    )


def _actor(receipt: CashReceipt) -> Actor:
    """Who wanted this receipt; blank: it replaces one that was issued with the payment."""
    return Actor(Source.STAFF, receipt.requested_by) if receipt.requested_by else ITSELF


def _locked(receipt_id: int) -> CashReceipt:
    receipt = db.session.get_one(CashReceipt, receipt_id)
    transitions.lock_order(receipt.order_id)
    db.session.refresh(receipt)
    return receipt
