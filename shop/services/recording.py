"""Write what the gateway's answers mean. The only module that changes the state of an attempt or of an order.

Every change is one conditional update and one journal row in one transaction, with the order locked, so it does not
matter how often, in which order or from how many places the same news arrives.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from shop import policy
from shop.db import db, transaction
from shop.errors import OutOfStock
from shop.models import Attempt, Order, TriedClaim
from shop.payple import Claim, PaymentFound, Work
from shop.policy import Asked, Verdict
from shop.services import journal, ordering
from shop.states import HOLDING, AttemptState, CashReceiptState, OrderState, Source


@dataclass(frozen=True)
class AttemptFacts:
    """What settling needs to know of an attempt, read before the network is used and never refreshed since."""

    id: int
    order_id: int
    order_no: str
    asked: Asked
    work: Work
    state: AttemptState
    started_at: datetime
    deadline_at: datetime
    confirming_at: datetime | None
    is_claimed: bool

    @property
    def attempt_no(self) -> str:
        """Our number for this try."""
        return self.asked.attempt_no


def facts_of(attempt: Attempt) -> AttemptFacts:
    """Copy what may be needed while no transaction is open."""
    return AttemptFacts(
        id=attempt.id,
        order_id=attempt.order_id,
        order_no=attempt.order.order_no,
        asked=Asked(attempt.attempt_no, attempt.amount, attempt.method),
        work=attempt.work,
        state=attempt.state,
        started_at=attempt.started_at,
        deadline_at=attempt.deadline_at,
        confirming_at=attempt.confirming_at,
        is_claimed=attempt.claimed_at is not None,
    )


def note_claim(facts: AttemptFacts, claim: Claim, refused: str, *, source: Source, now: datetime) -> None:
    """Remember what was claimed, as a claim. A different one than before may ask the gateway again, a few times."""
    with transaction():
        attempt = _locked_attempt(facts)
        if attempt.state is not AttemptState.PREPARED:
            return
        news = (claim.result, claim.code[:20], refused)
        if news == (attempt.claim_result, attempt.claim_code, attempt.claim_refused) and attempt.claimed_at:
            return
        attempt.claimed_at = now
        attempt.claim_result, attempt.claim_code, attempt.claim_refused = news
        attempt.account_kind = claim.account_kind
        if attempt.inquiries < policy.MOST_CLAIMS:
            attempt.next_inquiry_at = now
        journal.note(
            "claim",
            at=now,
            order=attempt.order,
            attempt_no=facts.attempt_no,
            source=source,
            evidence={"result": claim.result, "code": claim.code[:20], "refused": refused},
        )


def begin_confirm(facts: AttemptFacts, claim: Claim, *, source: Source, now: datetime) -> bool:
    """Commit the intent to confirm. False: another attempt holds the order, it is too late, or the keys were tried."""
    try:
        with transaction():
            attempt = _locked_attempt(facts)
            if attempt.order.state is not OrderState.AWAITING_PAYMENT or now > facts.deadline_at:
                return False
            if not _first_try(facts, claim) or not _move(facts, AttemptState.CONFIRMING, confirming_at=now):
                return False
            db.session.add(TriedClaim(attempt_id=facts.id, digest=_digest(claim)))
            _follow(attempt.order)
            journal.note("confirming", at=now, order=attempt.order, attempt_no=facts.attempt_no, source=source)
            return True
    except IntegrityError:  # the index that admits one holding attempt per order, or one try per pair of keys
        return False


def lease_inquiry(facts: AttemptFacts, now: datetime) -> bool:
    """Take the right to ask about this attempt now. Only one asks, and less and less often."""
    with transaction():
        attempt = _locked_attempt(facts)
        if attempt.state not in policy.OPEN or (attempt.next_inquiry_at and attempt.next_inquiry_at > now):
            return False
        attempt.next_inquiry_at = now + policy.next_inquiry(attempt.inquiries)
        attempt.inquiries += 1
        return True


def record(
    facts: AttemptFacts, verdict: Verdict, *, source: Source, now: datetime, unused: Claim | None = None
) -> bool:
    """Write a verdict once. False: the attempt had already moved on, and stays as it is.

    ``unused`` is a claim whose keys never left this machine: they may be tried again.
    """
    with transaction():
        attempt = _locked_attempt(facts)
        state = _place_for(attempt, verdict.state)
        if not _move(facts, state, **_told(verdict, now)):
            return False
        _follow(attempt.order)
        if unused:
            _forget(facts, unused)
        journal.note(
            state.value,
            at=now,
            order=attempt.order,
            attempt_no=facts.attempt_no,
            source=source,
            evidence=_evidence(verdict),
        )
        return True


def expire_order(order_id: int, *, source: Source, now: datetime) -> bool:
    """Give up an unpaid order and return its stock, once nothing can be paid for it any more."""
    with transaction():
        order = _locked_order(order_id)
        if order.state is not OrderState.AWAITING_PAYMENT or now < order.expires_at:
            return False
        if any(_may_still_pay(attempt, now) for attempt in order.attempts):
            return False
        for attempt in order.attempts:
            _move(facts_of(attempt), AttemptState.EXPIRED)
        order.state = OrderState.EXPIRED
        ordering.give_stock_back(order.lines)
        journal.note("order_expired", at=now, order=order, source=source)
        return True


def _may_still_pay(attempt: Attempt, now: datetime) -> bool:
    """A window that pays at once is only given up after the gateway was asked, which ends the attempt itself."""
    return attempt.state is AttemptState.PREPARED and (now <= attempt.deadline_at or attempt.work is Work.PAY)


def _locked_order(order_id: int) -> Order:
    """The order, held until the transaction ends: everything about one order happens one after the other."""
    return db.session.scalars(select(Order).where(Order.id == order_id).with_for_update()).one()


def _locked_attempt(facts: AttemptFacts) -> Attempt:
    _locked_order(facts.order_id)
    return db.session.get_one(Attempt, facts.id)


def _move(facts: AttemptFacts, state: AttemptState, **values: object) -> bool:
    """Change the state of an attempt if, and only if, the table of edges allows it from where it is now."""
    sources = policy.sources_of(state)
    moved = db.session.connection().execute(
        update(Attempt).where(Attempt.id == facts.id, Attempt.state.in_(sources)).values(state=state, **values)
    )
    return moved.rowcount == 1


def _follow(order: Order) -> None:
    """Let the order show what its attempts have become."""
    states = db.session.scalars(select(Attempt.state).where(Attempt.order_id == order.id)).all()
    order.state = policy.order_state(states, expired=order.state is OrderState.EXPIRED)


def _place_for(attempt: Attempt, state: AttemptState) -> AttemptState:
    """Money for an order that another attempt holds, or whose goods are gone, is an orphan: it has to go back."""
    if state is not AttemptState.PAID:
        return state
    held = select(Attempt.id).where(
        Attempt.order_id == attempt.order_id, Attempt.id != attempt.id, Attempt.state.in_(HOLDING)
    )
    if db.session.scalar(held.limit(1)) is not None or not _goods_are_there(attempt.order):
        return AttemptState.ORPHANED
    return state


def _goods_are_there(order: Order) -> bool:
    """Whether the goods are still reserved, or can be taken again after the order had expired."""
    if order.state is not OrderState.EXPIRED:
        return True
    try:
        with db.session.begin_nested():
            ordering.take_stock(order.lines)
    except OutOfStock:
        return False
    return True


def _told(verdict: Verdict, now: datetime) -> dict[str, object]:
    """The columns that repeat the gateway's answer."""
    values: dict[str, object] = {"result_code": verdict.code[:20], "result_message": verdict.message[:200]}
    if verdict.state is AttemptState.UNKNOWN:
        values["next_inquiry_at"] = now + policy.next_inquiry(0)
        values["inquiries"] = 1
    return values | (_cut(_receipt(verdict.found)) if verdict.found else {})


def _cut(values: dict[str, object]) -> dict[str, object]:
    """Texts no longer than their columns: an answer that is chattier than documented must not stop a settlement."""
    columns = Attempt.__table__.c
    return {
        name: value[: getattr(columns[name].type, "length", None)] if isinstance(value, str) else value
        for name, value in values.items()
    }


def _receipt(found: PaymentFound) -> dict[str, object]:
    values: dict[str, object] = {
        "paid_at": found.paid_at,
        "trade_date": found.trade_date,
        "charged_amount": found.charged_amount,
        "payer_id": found.payer_id,
    }
    if found.card:
        values |= {
            "card_issuer": found.card.issuer,
            "card_number": found.card.number,
            "instalment_months": found.card.instalment_months,
            "approval_no": found.card.approval_no,
            "trade_key": found.card.trade_key,
            "slip_url": found.card.slip_url,
        }
    if found.transfer:
        values |= {
            "bank_name": found.transfer.bank_name,
            "account": found.transfer.account,
            "cash_receipt_state": _cash_receipt_state(found),
            "cash_receipt_number": found.transfer.cash_receipt_number,
        }
    return values


def _cash_receipt_state(found: PaymentFound) -> CashReceiptState:
    issued = found.transfer is not None and found.transfer.cash_receipt_issued
    return CashReceiptState.ISSUED if issued else CashReceiptState.NONE


def _evidence(verdict: Verdict) -> dict[str, object]:
    evidence: dict[str, object] = {
        "code": verdict.code,
        "message": verdict.message,
        "reasons": list(verdict.reasons),
    }
    if verdict.found:
        evidence |= {
            "attempt_no": verdict.found.attempt_no,
            "amount": verdict.found.amount,
            "trade_date": verdict.found.trade_date.isoformat(),
            "odd_sums": policy.odd_sums(verdict.found),
        }
    return evidence


def _first_try(facts: AttemptFacts, claim: Claim) -> bool:
    """Whether these keys are new for this attempt and it has tries left."""
    tried = db.session.scalars(select(TriedClaim.digest).where(TriedClaim.attempt_id == facts.id)).all()
    return len(tried) < policy.MOST_CLAIMS and _digest(claim) not in tried


def _forget(facts: AttemptFacts, claim: Claim) -> None:
    tried = (TriedClaim.attempt_id == facts.id, TriedClaim.digest == _digest(claim))
    db.session.connection().execute(delete(TriedClaim).where(*tried))


def _digest(claim: Claim) -> str:
    return hashlib.sha256(f"{claim.request_key}\n{claim.auth_key}".encode()).hexdigest()
