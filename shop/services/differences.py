"""What a reconciliation found: kept once per attempt and kind, closed when it is repaired, agrees, or was looked at.

A repair asks the gateway again and lets settlement, refunding or cash_receipts follow the answer. Nothing here writes a
state of money.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, select

from shop import reconciliation_policy as rules
from shop.db import db, release, transaction
from shop.errors import NotFound
from shop.models import Attempt, Difference
from shop.money import Won
from shop.payple import GatewayError, PaymentFound, PaypleClient
from shop.reconciliation_policy import Finding
from shop.services import both_sides, cash_receipts, journal, refund_decisions, settlement
from shop.services.attempt_facts import AttemptFacts, facts_of
from shop.states import AttemptState, DifferenceKind, Source

REPAIRED, AGREED, ACKNOWLEDGED = "repaired", "agreed", "acknowledged"


def repair(difference_id: int, *, by: str, client: PaypleClient, now: datetime) -> Difference:
    """Ask the gateway again and let the part of the shop that may do so follow its answer. Pressing twice is harmless.

    :raises NotFound: no such difference
    """
    difference = _open(difference_id)
    if difference is None:
        return db.session.get_one(Difference, difference_id)
    kind, facts = difference.kind, facts_of(difference.attempt)
    release()
    try:
        acted = _follow(kind, facts, both_sides.ask(facts, client, now), by=by, client=client, now=now)
        found = both_sides.ask(facts, client, now)
    except GatewayError:
        return db.session.get_one(Difference, difference_id)
    _compare_again(difference_id, found, REPAIRED if acted else AGREED, by, now)
    return db.session.get_one(Difference, difference_id)


def acknowledge(difference_id: int, *, by: str, now: datetime) -> Difference:
    """A person has looked at it and settled it elsewhere. Their name is kept.

    :raises NotFound: no such difference
    """
    if _open(difference_id) is not None:
        with transaction():
            _close(db.session.get_one(Difference, difference_id), ACKNOWLEDGED, by, now)
    return db.session.get_one(Difference, difference_id)


def order_of(difference_id: int) -> int:
    """The id of the order that a difference is about.

    :raises NotFound: there is none with this id
    """
    difference = db.session.get(Difference, difference_id)
    if difference is None:
        raise NotFound
    return difference.attempt.order_id


def keep(run_id: int, attempt_id: int, findings: Sequence[Finding], now: datetime, by: str = "", how: str = "") -> None:
    """Keep what differs about an attempt now, and close what does not differ any more. A transaction is open."""
    still = [finding.kind for finding in findings]
    query = select(Difference).where(Difference.attempt_id == attempt_id, Difference.closed_at.is_(None))
    for agreed in db.session.scalars(query.where(Difference.kind.not_in(still))).all():
        _close(agreed, how or AGREED, by, now)
    for finding in findings:
        put(run_id, attempt_id, finding, now)


def put(run_id: int, attempt_id: int, finding: Finding, now: datetime) -> None:
    """Keep one difference, with the newest run that saw it."""
    same = (Difference.attempt_id == attempt_id, Difference.kind == finding.kind, Difference.closed_at.is_(None))
    row = db.session.scalar(select(Difference).where(*same))
    if row is None:
        row = Difference(attempt_id=attempt_id, kind=finding.kind, found_at=now)
        db.session.add(row)
    row.reconciliation_id, row.ours, row.theirs = run_id, finding.ours[:40], finding.theirs[:40]


def is_open() -> ColumnElement[bool]:
    """Which differences wait for somebody."""
    return Difference.closed_at.is_(None)


def _close(difference: Difference, outcome: str, by: str, now: datetime) -> None:
    difference.closed_at, difference.closed_by, difference.outcome = now, by, outcome
    evidence = {"by": by, "kind": difference.kind.value, "ours": difference.ours, "theirs": difference.theirs}
    attempt = difference.attempt
    source, number = Source.STAFF if by else Source.SWEEP, attempt.attempt_no
    event = f"difference_{outcome}"
    journal.note(event, at=now, order=attempt.order, attempt_no=number, source=source, evidence=evidence)


# --- repairs --------------------------------------------------------------------------------------------------------


def _open(difference_id: int) -> Difference | None:
    """The difference, if it is still open.

    :raises NotFound: there is none with this id
    """
    difference = db.session.get(Difference, difference_id)
    if difference is None:
        raise NotFound
    return difference if difference.closed_at is None else None


def _follow(
    kind: DifferenceKind,
    facts: AttemptFacts,
    found: PaymentFound | None,
    *,
    by: str,
    client: PaypleClient,
    now: datetime,
) -> bool:
    """Let the part of the shop that may change this follow the gateway's answer; whether anything was tried."""
    if found is None:
        return False
    match kind:
        case DifferenceKind.PAID_THERE | DifferenceKind.UNRETURNED:
            settlement.look_at_once(facts.attempt_no, client, source=Source.STAFF, now=now)
            return True
        case DifferenceKind.REFUNDED if found.refunded_amount is not None:
            return _follow_refund(facts, Won(found.refunded_amount), by=by, client=client, now=now)
        case DifferenceKind.RECEIPT if found.transfer is not None:
            told = found.transfer
            number = told.cash_receipt_number if told.cash_receipt_issued else ""
            return cash_receipts.follow(
                facts.attempt_no, number=number, covers=told.cash_receipt_amount, by=by, now=now
            )
    return False


def _follow_refund(facts: AttemptFacts, returned: Won, *, by: str, client: PaypleClient, now: datetime) -> bool:
    """A paid attempt adopts what went back; a return of the shop's own that was refused is begun anew."""
    if facts.state is AttemptState.PAID:
        return refund_decisions.adopt(facts.attempt_no, returned, by=by, now=now)
    attempt = db.session.get_one(Attempt, facts.id)
    stuck = [refund.id for refund in attempt.refunds if refund.can_be_repeated]
    release()
    for refund_id in stuck[-1:]:
        refund_decisions.repeat(refund_id, by=by, client=client, now=now)
    return bool(stuck)


def _compare_again(difference_id: int, found: PaymentFound | None, how: str, by: str, now: datetime) -> None:
    """Close what the two books agree on by now; what still differs keeps its place, in its present words."""
    with transaction():
        difference = db.session.get_one(Difference, difference_id)
        attempt = db.session.get_one(Attempt, difference.attempt_id, with_for_update=True)
        findings = rules.compare(both_sides.our_side(attempt), found, now)
        keep(difference.reconciliation_id, attempt.id, findings, now, by, how)
