"""The settlement sheet of a day, the ledger, and the comparison of a day with the gateway. They change nothing."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Literal

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import joinedload, selectinload

from shop import clock
from shop.db import db, end_reading
from shop.models import Attempt, Refund
from shop.payple import ChargeMode, GatewayError, Inquiries, PaymentFound, PaypleClient, PayType
from shop.payple.attempts import FINAL, WINDOW_LIFETIME
from shop.rules.cash_receipt import JOBS
from shop.rules.method import Method
from shop.rules.states import AttemptState, CashReceiptState, RefundState

AT_REST = (AttemptState.DECLINED, AttemptState.EXPIRED, AttemptState.ATTENTION, *FINAL)
"""States in which our rows say whether money was taken."""
MOST_SILENT = 3
"""After as many payments in a row without an answer, a comparison stops."""


# --- the settlement sheet -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SheetLine:
    at: datetime
    order_no: str
    attempt_no: str
    method: Method
    amount: int  # won, negative for a refund
    belongs: bool

    @property
    def is_refund(self) -> bool:
        return self.amount < 0


@dataclass(frozen=True)
class Sums:
    approvals: int
    approved: int
    refunds: int
    refunded: int

    @property
    def net(self) -> int:
        return self.approved - self.refunded


@dataclass(frozen=True)
class Sheet:
    day: date
    lines: Sequence[SheetLine]
    by_method: dict[Method, Sums]
    total: Sums


def settlement_sheet(day: date) -> Sheet:
    """Read what a day has moved: approvals by trade date, refunds by the day on which they were done."""
    attempts = select(Attempt).options(joinedload(Attempt.order))
    charged = db.session.scalars(attempts.where(Attempt.payment_date == day, Attempt.state.in_(FINAL)))
    lines = [_line(attempt, attempt.paid_at, attempt.charged or 0) for attempt in charged]

    begins = _midnight(day)
    refunds = select(Refund).options(joinedload(Refund.attempt).joinedload(Attempt.order))
    on_day = (Refund.ended_at >= begins, Refund.ended_at < begins + timedelta(days=1))
    done = db.session.scalars(refunds.where(Refund.state == RefundState.DONE, *on_day))
    lines += [_line(refund.attempt, refund.ended_at, -refund.amount) for refund in done]

    lines.sort(key=lambda line: line.at)
    moved = [method for method in Method if any(line.method is method for line in lines)]
    by_method = {method: _sums(line for line in lines if line.method is method) for method in moved}
    return Sheet(day, lines, by_method, _sums(lines))


def _sums(lines: Iterable[SheetLine]) -> Sums:
    amounts = [line.amount for line in lines]
    approved, refunded = [won for won in amounts if won >= 0], [-won for won in amounts if won < 0]
    return Sums(len(approved), sum(approved), len(refunded), sum(refunded))


def _line(attempt: Attempt, at: datetime | None, amount: int) -> SheetLine:
    return SheetLine(
        at=at or attempt.started_at,
        order_no=attempt.order.order_no,
        attempt_no=attempt.attempt_no,
        method=attempt.method,
        amount=amount,
        belongs=attempt.state is AttemptState.PAID,
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), clock.KOREA)


# --- the ledger -----------------------------------------------------------------------------------------------------


def ledger() -> Iterator[dict[str, object]]:
    """Read every attempt, oldest first. Its ``state`` stays ``paid`` after refunds."""
    query = select(Attempt).options(
        joinedload(Attempt.order), selectinload(Attempt.refunds), selectinload(Attempt.cash_receipts)
    )
    rows = db.session.scalars(query.order_by(Attempt.id).execution_options(yield_per=500))
    return (_ledger_line(attempt) for attempt in rows)


def _ledger_line(attempt: Attempt) -> dict[str, object]:
    refunds = [refund for refund in attempt.refunds if not refund.is_owed]
    receipt, covering = attempt.cash_receipt, attempt.covering_receipt
    return {
        "order_no": attempt.order.order_no,
        "attempt_no": attempt.attempt_no,
        "method": attempt.method.value,
        "work": attempt.charge_mode.value,
        "state": attempt.state.value,
        "amount": attempt.amount,
        "refunded": sum(refund.amount for refund in refunds if refund.state is RefundState.DONE),
        "refund_unknown": any(refund.state is RefundState.UNKNOWN for refund in refunds),
        "cash_receipt_state": receipt.state.value if receipt else CashReceiptState.NONE.value,
        "cash_receipt_amount": covering.amount if covering else 0,
        "paid_at": attempt.paid_at.isoformat() if attempt.paid_at else None,
    }


# --- the comparison with the gateway --------------------------------------------------------------------------------


DifferenceKind = Literal["amount", "state", "refunded", "cash_receipt", "no_answer"]


@dataclass(frozen=True)
class Difference:
    order_no: str
    attempt_no: str
    kind: DifferenceKind
    ours: str
    gateway: str


@dataclass(frozen=True)
class Comparison:
    """``left`` are the payments with an id above ``last_id``."""

    compared: int
    differences: Sequence[Difference]
    left: int
    last_id: int


Figures = dict[DifferenceKind, int | None]
"""Won of one side; None where a side does not tell, or where it changes just now."""


def compare_day(client: PaypleClient, day: date, *, after_id: int = 0, most: int | None = None) -> Comparison:
    """Ask the gateway about payments of a trade date and list the differences."""
    inquiries = client.inquiries()
    differences: list[Difference] = []
    compared = silent = 0
    query = select(Attempt.id).where(_belongs_to(day), Attempt.id > after_id).order_by(Attempt.id).limit(most)
    for attempt_id in db.session.scalars(query).all():
        found = _compare(inquiries, attempt_id, day)
        differences += found
        silent = silent + 1 if any(difference.kind == "no_answer" for difference in found) else 0
        compared += 1
        after_id = attempt_id
        if silent == MOST_SILENT:
            break
    left = select(func.count()).where(_belongs_to(day), Attempt.id > after_id)
    return Comparison(compared, differences, db.session.scalar(left) or 0, after_id)


def _belongs_to(day: date) -> ColumnElement[bool]:
    begins = _midnight(day)
    opened = Attempt.started_at.between(begins - WINDOW_LIFETIME, begins + timedelta(days=1))
    chargeable = or_(Attempt.charge_mode == ChargeMode.IN_WINDOW, Attempt.confirming_at.is_not(None))
    unpaid = and_(Attempt.payment_date.is_(None), opened, chargeable)
    return and_(Attempt.state.in_(AT_REST), or_(Attempt.payment_date == day, unpaid))


def _compare(inquiries: Inquiries, attempt_id: int, day: date) -> list[Difference]:
    attempt = db.session.get_one(Attempt, attempt_id)
    attempt_no = attempt.attempt_no
    state, pay_type = attempt.state, attempt.pay_type
    differs = partial(Difference, attempt.order.order_no, attempt_no)
    ours = _our_figures(attempt)
    end_reading()
    try:
        found = _ask(inquiries, attempt_no, day, pay_type)
    except GatewayError as error:
        return [differs("no_answer", state.value, error.code or "none")]
    if (found is None) != (ours["amount"] is None):
        return [differs("state", state.value, "paid" if found else "none")]
    theirs = _gateway_figures(found, ours) if found else Figures()
    both = [(kind, ours[kind], won) for kind, won in theirs.items() if won is not None and ours[kind] is not None]
    return [differs(kind, str(mine), str(won)) for kind, mine, won in both if mine != won]


def _our_figures(attempt: Attempt) -> Figures:
    done = sum(refund.amount for refund in attempt.refunds if refund.state is RefundState.DONE)
    covered = sum(receipt.amount for receipt in attempt.cash_receipts if receipt.state is CashReceiptState.ISSUED)
    is_refunding = any(refund.state in (RefundState.RESERVED, RefundState.SUBMITTED) for refund in attempt.refunds)
    is_changing = any(receipt.state in JOBS for receipt in attempt.cash_receipts)
    return {
        "amount": attempt.charged,
        "refunded": None if is_refunding else done,
        "cash_receipt": None if is_changing else covered,
    }


def _ask(inquiries: Inquiries, attempt_no: str, day: date, first: PayType) -> PaymentFound | None:
    types = [first, *(other for other in PayType if other is not first)]
    answers = (inquiries.inquire(attempt_no, day, pay_type) for pay_type in types)
    return next((found for found in answers if found is not None), None)


def _gateway_figures(found: PaymentFound, ours: Figures) -> Figures:
    transfer = found.transfer
    receipt = None
    if transfer is not None and transfer.cash_receipt_issued:
        rest = found.charged_amount - (ours["refunded"] or 0)
        receipt = ours["cash_receipt"] or rest
    elif transfer is not None and transfer.cash_receipt_requested:
        receipt = 0
    return {"amount": found.charged_amount, "refunded": found.refunded_amount, "cash_receipt": receipt}
