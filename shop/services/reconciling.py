"""Reconciliation: the shop's books against the gateway's answers for some days, in steps that may stop anywhere.

    start(period)   a row, and how many attempts there are to compare
    steps(asking)   one attempt each: ask, compare, add to the sums, keep what differs

The sweep takes as many steps as it may; nothing is asked inside a page. What differs is repaired in ``differences``.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select, update

from shop import clock
from shop import reconciliation_policy as rules
from shop.db import db, release, transaction
from shop.errors import NotFound
from shop.models import Attempt, Difference, Reconciliation
from shop.payple import GatewayError, Inquiries, PaymentFound, PaypleClient, Refused, Timer, Work
from shop.reconciliation_policy import Finding, OurSide
from shop.services import both_sides, differences, journal, leases
from shop.services.attempt_facts import facts_of
from shop.states import DifferenceKind

NAME = "reconciliation"
MOST_STALLS = 3
"""How often the gateway may keep silent about one attempt before the run goes on without it."""


@dataclass(frozen=True)
class Period:
    """Whole Korean days, the last one included."""

    first: date
    last: date

    @property
    def is_valid(self) -> bool:
        """In order, and not longer than one reconciliation may be."""
        return self.first <= self.last < self.first + rules.LONGEST_PERIOD


def start(period: Period, *, by: str, now: datetime) -> int:
    """Ask for a reconciliation. One of the same days that is not finished yet is the same one. Answers its id."""
    with transaction():
        same = (Reconciliation.first_day == period.first, Reconciliation.last_day == period.last)
        open_one = select(Reconciliation.id).where(*same, Reconciliation.finished_at.is_(None))
        before = db.session.scalar(open_one.limit(1))
        if before is not None:
            return before
        wanted = select(func.count(), func.coalesce(func.max(Attempt.id), 0)).where(_belongs(period))
        planned, until_id = db.session.execute(wanted).one()
        run = Reconciliation(
            first_day=period.first,
            last_day=period.last,
            requested_by=by,
            requested_at=now,
            planned=planned,
            until_id=until_id,
        )
        db.session.add(run)
        journal.note_staff(
            "reconciliation", at=now, by=by, evidence={"from": str(period.first), "to": str(period.last)}
        )
        db.session.flush()
        return run.id


def steps(asking: Inquiries, *, now: Callable[[], datetime], only: int | None = None) -> Iterator[int]:
    """Work off what is open, the oldest run first: yields 1 for each attempt compared, 0 when only time has passed.

    Ends when nothing is left, or the gateway keeps silent: the next call goes on where this one stopped.
    """
    while (run_id := _next_run(only)) is not None:
        attempt_id = _next_attempt(run_id)
        if attempt_id is None:
            _finish(run_id, now())
            yield 0
        else:
            compared = _compare(run_id, attempt_id, asking, now())
            if compared is None:
                return
            yield int(compared)


def run(
    client: PaypleClient, period: Period, *, by: str, now: datetime, timer: Timer | None = None
) -> dict[str, object]:
    """Reconcile some days from beginning to end, unless the gateway keeps silent; what came of it, as JSON has it.

    :raises Busy: one is being worked off elsewhere
    """
    run_id, watch = start(period, by=by, now=now), clock.Watch(now)
    with leases.held(NAME, now) as lease:
        for _compared in steps(client.inquiries(timer or Timer()), now=watch.now, only=run_id):
            lease.renew()
    return as_json(load(run_id))


def as_json(done: Reconciliation) -> dict[str, object]:
    """A run with its sums in won and its differences."""
    ours = {"number": done.ours_count, "paid": done.ours_paid, "refunded": done.ours_refunded}
    theirs: dict[str, int | None] = {
        "number": done.theirs_count,
        "paid": done.theirs_paid,
        "refunded": done.theirs_refunded,
    }
    if not done.tells_refunds:
        theirs["refunded"] = None
    return {
        "id": done.id,
        "from": done.first_day.isoformat(),
        "to": done.last_day.isoformat(),
        "finished": done.finished_at is not None,
        "planned": done.planned,
        "compared": done.compared,
        "ours": ours,
        "gateway": theirs,
        "differences": [_difference_as_json(difference) for difference in done.differences],
    }


def _difference_as_json(difference: Difference) -> dict[str, object]:
    return {
        "attempt_no": difference.attempt.attempt_no,
        "kind": difference.kind.value,
        "ours": difference.ours,
        "gateway": difference.theirs,
        "outcome": difference.outcome or "open",
    }


def load(run_id: int) -> Reconciliation:
    """One run with its differences.

    :raises NotFound: there is none with this id
    """
    run = db.session.get(Reconciliation, run_id)
    if run is None:
        raise NotFound
    return run


def latest(count: int = 20) -> Sequence[Reconciliation]:
    """The newest runs."""
    return db.session.scalars(select(Reconciliation).order_by(Reconciliation.id.desc()).limit(count)).all()


# --- one attempt ----------------------------------------------------------------------------------------------------


def _belongs(period: Period) -> ColumnElement[bool]:
    """What a period compares: what was paid on its days, and what was started on them and may have been paid.

    A CERT window that nobody has claimed was never confirmed, so no money can have moved; a PAY window charges alone.
    """
    begins = datetime.combine(period.first, time(), clock.KOREA)
    ends = datetime.combine(period.last + timedelta(days=1), time(), clock.KOREA)
    moved = or_(Attempt.work == Work.PAY, Attempt.claimed_at.is_not(None), Attempt.confirming_at.is_not(None))
    started = and_(Attempt.started_at >= begins, Attempt.started_at < ends)
    return or_(
        and_(Attempt.trade_date >= period.first, Attempt.trade_date <= period.last),
        and_(Attempt.trade_date.is_(None), started, moved),
    )


def _next_run(only: int | None) -> int | None:
    query = select(Reconciliation.id).where(Reconciliation.finished_at.is_(None)).order_by(Reconciliation.id)
    if only is not None:
        query = query.where(Reconciliation.id == only)
    found = db.session.scalar(query.limit(1))
    release()
    return found


def _next_attempt(run_id: int) -> int | None:
    run = db.session.get_one(Reconciliation, run_id)
    between = (Attempt.id > run.after_id, Attempt.id <= run.until_id)
    wanted = select(Attempt.id).where(*between, _belongs(Period(run.first_day, run.last_day)))
    found = db.session.scalar(wanted.order_by(Attempt.id).limit(1))
    release()
    return found


def _compare(run_id: int, attempt_id: int, asking: Inquiries, now: datetime) -> bool | None:
    """Ask about one attempt and keep what came of it. False: it has to be asked about again. None: no answer now."""
    attempt = db.session.get_one(Attempt, attempt_id)
    facts, before = facts_of(attempt), both_sides.our_side(attempt)
    release()
    try:
        found = both_sides.ask(facts, asking, now)
    except GatewayError as error:
        if not (isinstance(error, Refused) or _has_stalled(run_id)):
            return None
        return _keep(run_id, attempt_id, before, error, now)
    return _keep(run_id, attempt_id, before, found, now)


def _has_stalled(run_id: int) -> bool:
    """Count one more silence; whether there were enough to go on without this attempt."""
    with transaction():
        run = db.session.get_one(Reconciliation, run_id)
        run.stalls += 1
        return run.stalls >= MOST_STALLS


# --- what is kept ---------------------------------------------------------------------------------------------------


def _keep(
    run_id: int, attempt_id: int, before: OurSide, theirs: PaymentFound | GatewayError | None, now: datetime
) -> bool:
    """Add one attempt to the sums and move on, in one transaction: whoever stops here begins with the next one.

    False: our side has changed since we asked, so the answer may be the older one.
    """
    with transaction():
        ours = both_sides.our_side(db.session.get_one(Attempt, attempt_id, with_for_update=True))
        if ours != before:
            return False
        found = None if isinstance(theirs, GatewayError) else theirs
        if _pass(run_id, attempt_id, _sums(ours, found)):
            if isinstance(theirs, GatewayError):
                silence = Finding(DifferenceKind.NO_ANSWER, ours.state.value, theirs.code or rules.NOTHING)
                differences.put(run_id, attempt_id, silence, now)
            else:
                differences.keep(run_id, attempt_id, rules.compare(ours, found, now), now)
        return True


def _pass(run_id: int, attempt_id: int, sums: dict[str, int]) -> bool:
    """Move a run past an attempt, once."""
    columns = {name: getattr(Reconciliation, name) + value for name, value in sums.items()}
    values = {"after_id": attempt_id, "stalls": 0, "compared": Reconciliation.compared + 1}
    here = (Reconciliation.id == run_id, Reconciliation.after_id < attempt_id, Reconciliation.finished_at.is_(None))
    return db.session.connection().execute(update(Reconciliation).where(*here).values(values | columns)).rowcount == 1


def _sums(ours: OurSide, found: PaymentFound | None) -> dict[str, int]:
    sums: dict[str, int] = {}
    if ours.charged is not None:
        sums |= {"ours_count": 1, "ours_paid": ours.charged, "ours_refunded": ours.refunded}
    if found is not None:
        told = found.refunded_amount is not None
        sums |= {"theirs_count": 1, "theirs_paid": found.charged, "theirs_refunded": found.refunded_amount or 0}
        sums |= {"theirs_told": int(told)}
    return sums


def _finish(run_id: int, now: datetime) -> None:
    with transaction():
        here = (Reconciliation.id == run_id, Reconciliation.finished_at.is_(None))
        db.session.connection().execute(update(Reconciliation).where(*here).values(finished_at=now))
