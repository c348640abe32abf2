"""Cash receipts of transfers cover what was paid and not refunded. A dated job corrects those that do not."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import exists, select

from shop import clock
from shop.db import db, read_column, transaction
from shop.errors import ReceiptRefused
from shop.models import Attempt, CashReceipt, Order, Refund
from shop.payple import (
    CashReceiptRequest,
    GatewayError,
    NotSent,
    OutcomeUnknown,
    PaypleClient,
    PayType,
    ReceiptPurpose,
    Refused,
    TransferPayment,
    codes,
)
from shop.payple.backoff import backoff
from shop.payple.flow import Inquirer
from shop.payple.refund import RECEIPT_ADJUSTED
from shop.payple.store import CLAIM
from shop.rules import cash_receipt as rules
from shop.rules.cash_receipt import JOBS, Coverage, LastCall, ReceiptWish
from shop.rules.states import IN_FLIGHT, AttemptState, CashReceiptState, Source
from shop.services import journal, transitions
from shop.services.journal import SHOP, Actor, requester

BATCH = 100
LATER = timedelta(hours=1)
"""How long a look-up waits for a refund of the same payment."""


# --- what staff do --------------------------------------------------------------------------------------------------


def issue(order_no: str, wish: ReceiptWish, *, by: str, client: PaypleClient) -> CashReceipt:
    """Issue a receipt for what was paid and not refunded, or raise ReceiptRefused: nothing was sent."""
    look_up_first(order_no, client)
    with transaction():
        attempt = _require_transfer(transitions.lock_order_no(order_no))
        receipt = attempt.waiting_receipt
        now, rest = clock.now(), attempt.remaining
        if receipt is None:
            if attempt.active_receipt is not None:
                raise ReceiptRefused(ReceiptRefused.Reason.ALREADY_ISSUED)
            if rest == 0:
                raise ReceiptRefused(ReceiptRefused.Reason.NOTHING_LEFT)
            receipt = _create(attempt, CashReceiptState.REQUESTED, rest, requested_by=by, due_at=now)
        receipt.purpose, receipt.identity = wish.purpose.value, wish.identity
        receipt.requested_by, receipt.due_at = by, now
    return _run_due(receipt.id, client)


def cancel(order_no: str, *, by: str, client: PaypleClient) -> CashReceipt:
    """Cancel the active receipt now, or raise ReceiptRefused: nothing was sent."""
    with transaction():
        receipt = _require_transfer(transitions.lock_order_no(order_no)).covering_receipt
        if receipt is None:
            raise ReceiptRefused(ReceiptRefused.Reason.NOTHING_ACTIVE)
        if receipt.state is CashReceiptState.ISSUED:
            _move(receipt, CashReceiptState.CANCEL_DUE, Actor(Source.STAFF, by), due_at=clock.now())
        else:
            _make_due(receipt, by)
    return _run_due(receipt.id, client)


def retry(receipt_id: int, *, by: str, client: PaypleClient) -> CashReceipt:
    """Do now what is due later, or raise ReceiptRefused."""
    with transaction():
        _make_due(transitions.lock_row(CashReceipt, receipt_id), by)
    return _run_due(receipt_id, client)


def _require_transfer(order: Order) -> Attempt:
    attempt = order.paid_attempt
    if attempt is None:
        raise ReceiptRefused(ReceiptRefused.Reason.NOT_PAID)
    if attempt.pay_type is not PayType.TRANSFER:
        raise ReceiptRefused(ReceiptRefused.Reason.NOT_A_TRANSFER)
    if attempt.is_refunding:
        raise ReceiptRefused(ReceiptRefused.Reason.IN_FLIGHT)
    return attempt


def _make_due(receipt: CashReceipt, by: str) -> None:
    now = clock.now()
    if receipt.state not in JOBS or receipt.due_at is None:
        raise ReceiptRefused(ReceiptRefused.Reason.NOTHING_ACTIVE)
    if receipt.attempt.is_refunding or now < receipt.due_at <= now + CLAIM:
        raise ReceiptRefused(ReceiptRefused.Reason.IN_FLIGHT)
    receipt.due_at = now
    journal.note(receipt, f"receipt_{receipt.state}", Actor(Source.STAFF, by))


def _run_due(receipt_id: int, client: PaypleClient) -> CashReceipt:
    for _call in range(3):  # a call, the inquiry that checks it, the receipt for the rest
        job = db.session.get_one(CashReceipt, receipt_id).attempt.active_receipt
        if job is None or job.due_at is None or job.due_at > clock.now():
            break
        handle_due(job.id, client)
    return db.session.get_one(CashReceipt, receipt_id)


# --- what follows money. The caller holds the order's lock ----------------------------------------------------------


def add_found(attempt: Attempt, found: TransferPayment | None) -> None:
    """Add the row of a receipt that only the gateway knows. After a refund it is issued again."""
    if found is None or not found.cash_receipt_issued or attempt.active_receipt is not None:
        return
    amount = attempt.charged or attempt.amount
    columns = {"number": found.cash_receipt_number, "issued_at": clock.now()}
    receipt = _create(attempt, CashReceiptState.ISSUED, amount, **columns)
    if amount != attempt.remaining:
        _apply(receipt, Coverage(CashReceiptState.CANCEL_DUE, amount, attempt.remaining), SHOP)


def adjust_to_refund(refund: Refund, actor: Actor) -> None:
    attempt = refund.attempt
    receipt = attempt.covering_receipt
    rest = attempt.remaining
    if receipt is None and refund.receipt_code:  # the answer tells of one that we do not have
        receipt = _create(attempt, CashReceiptState.ISSUED, rest + refund.amount, issued_at=clock.now())
    if receipt is not None:
        before = Coverage(receipt.state, receipt.amount, receipt.reissue_amount)
        is_adjusted = refund.receipt_code == RECEIPT_ADJUSTED
        _apply(receipt, rules.after_refund(before, rest, is_adjusted=is_adjusted), actor)


def _apply(receipt: CashReceipt, after: Coverage, actor: Actor) -> None:
    now = clock.now()
    if after.state is CashReceiptState.CANCELLED:
        _move(receipt, after.state, actor, amount=after.amount, cancelled_at=now, due_at=None)
    elif after.state is not receipt.state:
        _move(receipt, after.state, actor, reissue_amount=after.reissue, due_at=rules.next_morning(now))
    else:
        receipt.amount, receipt.reissue_amount = after.amount, after.reissue
        journal.note(receipt, "receipt_reduced", actor)


# --- receipts that a PAY window issues after the charge -------------------------------------------------------------


def look_up_first(order_no: str, client: PaypleClient) -> None:
    """Look for a receipt that the gateway alone knows, before staff refund or issue one."""
    paid = select(Attempt.attempt_no).join(Attempt.order).where(Attempt.state == AttemptState.PAID)
    for attempt_no in read_column(paid.where(Order.order_no == order_no)):
        look_up(attempt_no, client, at_once=True)


def look_up(attempt_no: str, inquirer: Inquirer, *, at_once: bool = False) -> bool:
    """Look for a receipt of a charged attempt if that is due, or ``at_once``. Return False without an answer."""
    now = clock.now()
    with transaction():
        attempt = transitions.lock_attempt(attempt_no)
        day = attempt.payment_date
        is_due = attempt.is_due(now)
        if day is None or not (is_due or at_once) or not attempt.may_get_receipt:
            return True
        if attempt.is_refunding:  # the answer would not tell what the receipt covers
            attempt.next_check_at = now + LATER if is_due else attempt.next_check_at
            return True
        attempt.next_check_at = now + CLAIM
    try:
        found = inquirer.inquire(attempt_no, day, PayType.TRANSFER)
    except GatewayError:
        return False
    with transaction():
        attempt = transitions.lock_attempt(attempt_no)
        attempt.next_check_at = attempt.window_ends_at if now < attempt.window_ends_at else None
        if attempt.may_get_receipt and not attempt.is_refunding:
            add_found(attempt, found.transfer if found else None)
    return True


# --- jobs -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Job:
    """A claimed job. Without a ``message`` it inquires."""

    state: CashReceiptState
    message: CashReceiptRequest | None
    attempt_no: str
    payment_date: date
    earlier: frozenset[str]
    may_fail: bool


def due() -> list[int]:
    refunding = exists().where(Refund.attempt_id == CashReceipt.attempt_id, Refund.state.in_(IN_FLIGHT))
    jobs = select(CashReceipt.id).where(CashReceipt.state.in_(JOBS), CashReceipt.due_at <= clock.now(), ~refunding)
    return read_column(jobs.order_by(CashReceipt.due_at).limit(BATCH))


def handle_due(receipt_id: int, client: PaypleClient, *, inquirer: Inquirer | None = None) -> None:
    job = _claim(receipt_id)
    if job is None:
        return
    answer: tuple[CashReceiptState, str] | GatewayError
    try:
        answer = _make_call(job, client, inquirer or client)
    except GatewayError as error:
        answer = error
    with transaction():
        receipt = transitions.lock_row(CashReceipt, receipt_id)
        if receipt.state is not job.state:
            return
        receipt.due_at = clock.now() + backoff(receipt.tries - 1)
        if not isinstance(answer, GatewayError):
            _record(receipt, *answer)
        elif job.message is not None:
            _record_error(receipt, answer)


def _claim(receipt_id: int) -> _Job | None:
    """Return the call to make now, committed as under way. None: nothing is due."""
    now = clock.now()
    with transaction():
        receipt = transitions.lock_row(CashReceipt, receipt_id)
        attempt = receipt.attempt
        is_check = receipt.last_call is not LastCall.ANSWERED
        is_due = receipt.state in JOBS and receipt.due_at is not None and receipt.due_at <= now
        if not is_due or attempt.is_refunding or attempt.payment_date is None:
            return None
        if receipt.state is CashReceiptState.REQUESTED and not is_check:
            if attempt.remaining == 0:
                _move(receipt, CashReceiptState.FAILED, SHOP, due_at=None)
                return None
            receipt.amount = attempt.remaining
        receipt.due_at = now + CLAIM
        receipt.tries += 1
        may_fail = receipt.last_call is LastCall.REFUSED and not receipt.is_reissue
        message = None if is_check else _message(receipt)
        if not is_check:
            receipt.last_call = LastCall.UNANSWERED  # until the answer is recorded
        others = frozenset(other.number for other in attempt.cash_receipts if other.id != receipt.id)
        return _Job(receipt.state, message, attempt.attempt_no, attempt.payment_date, others, may_fail)


def _message(receipt: CashReceipt) -> CashReceiptRequest:
    attempt = receipt.attempt
    purpose = ReceiptPurpose(receipt.purpose) if receipt.identity else None
    return CashReceiptRequest(attempt.attempt_no, attempt.billing_key, receipt.amount, purpose, receipt.identity)


def _make_call(job: _Job, client: PaypleClient, inquirer: Inquirer) -> tuple[CashReceiptState, str]:
    if job.message and job.state is CashReceiptState.CANCEL_DUE:
        client.cancel_cash_receipt(job.message)
        return CashReceiptState.CANCELLED, ""
    if job.message:
        return CashReceiptState.ISSUED, client.issue_cash_receipt(job.message)
    found = inquirer.inquire(job.attempt_no, job.payment_date, PayType.TRANSFER)
    if found is None or found.transfer is None:
        raise OutcomeUnknown("the gateway does not show the payment")
    state = rules.after_check(job.state, found.transfer, job.earlier, may_fail=job.may_fail)
    return state, found.transfer.cash_receipt_number


def _record(receipt: CashReceipt, state: CashReceiptState, number: str) -> None:
    receipt.last_call = LastCall.ANSWERED
    columns: dict[str, object] = {}
    if state is CashReceiptState.ISSUED:
        columns = {"number": number, "issued_at": clock.now()}
    elif state is CashReceiptState.CANCELLED:
        columns = {"cancelled_at": clock.now()}
    if state is not receipt.state:
        _move(receipt, state, requester(receipt), due_at=None, **columns)
    rest = receipt.reissue_amount
    if state is CashReceiptState.CANCELLED and rest:
        whom = {"purpose": receipt.purpose, "identity": receipt.identity}
        _create(receipt.attempt, CashReceiptState.REQUESTED, rest, due_at=clock.now(), is_reissue=True, **whom)


def _record_error(receipt: CashReceipt, error: GatewayError) -> None:
    """A refusal is checked at once; without an answer the last call stays open."""
    receipt.result_code, receipt.result_message = error.code, error.message
    if isinstance(error, NotSent):
        receipt.last_call = LastCall.ANSWERED
    elif isinstance(error, Refused):
        receipt.last_call = LastCall.REFUSED
        receipt.due_at = clock.now()
        if error.code in codes.AMOUNT_DIFFERS and receipt.reissue_amount:
            receipt.amount = receipt.reissue_amount  # reduced with a refund whose answer was lost
    journal.note(receipt, f"receipt_{receipt.state}", requester(receipt))


# --- rows -----------------------------------------------------------------------------------------------------------


def _create(attempt: Attempt, state: CashReceiptState, amount: int, **columns: object) -> CashReceipt:
    row = {"attempt": attempt, "order": attempt.order, "state": state, "amount": amount, "created_at": clock.now()}
    receipt = CashReceipt(**row, **columns)
    transitions.create(receipt, f"receipt_{state}", requester(receipt), {"amount": amount})
    attempt.next_check_at = None
    return receipt


def _move(receipt: CashReceipt, state: CashReceiptState, actor: Actor, **values: object) -> None:
    db.session.flush()
    evidence = {"amount": receipt.amount, "code": receipt.result_code}
    transitions.move(receipt, state, f"receipt_{state}", actor, evidence, **values)
