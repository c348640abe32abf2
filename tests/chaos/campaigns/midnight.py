"""Payments around midnight in Korea, on machines in other time zones: every trade date is Korea's.

A window opened before midnight and approved after it, a confirm whose answer was lost across midnight, a second
payment that goes back, refunds on the next day. Every webhook is lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from tests.chaos.people import KOREA, Buyer, Opening
from tests.chaos.report import Plan, Report, Step
from tests.chaos.stage import Stage, crowd
from tests.oracle import Placed
from tests.payer import Pairs, Window

ZONES = ("America/Los_Angeles", "Asia/Seoul", "UTC")
MOMENTS = (time(23, 58, 30), time(23, 59, 40), time(23, 59, 58))
"""When windows are opened; what is left is done right after midnight, and two minutes later."""
AFTERWARDS = time(0, 10)
"""When windows of the next day are opened: in UTC it is still the day before."""
A_NIGHT = 30
"""Payments of one night: more would take longer than there is time."""
REACHED = ("delivered", "approved", "opened")


@dataclass
class Payment:
    """One payment, or two of one order, and how far they have got."""

    step: Step
    buyer: Buyer
    order: Placed | None = None
    openings: list[Opening] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)
    results: list[Pairs] = field(default_factory=list)
    is_delivered: bool = False


def run(stage: Stage, plan: Plan, report: Report) -> None:
    """A night or more in each zone, and a day of refunds after it."""
    stage.simulator.webhooks(drop=1)
    steps = list(_steps(plan))
    for zone in ZONES:
        payments = [Payment(step, stage.buyer(step)) for step in steps if step.what["zone"] == zone]
        if payments:
            stage.shop.restart(TZ=zone)
        for first in range(0, len(payments), A_NIGHT):
            _live_through(stage, report, payments[first : first + A_NIGHT])


def _steps(plan: Plan) -> Iterator[Step]:
    opens = (*MOMENTS, AFTERWARDS)
    for number in range(plan.count):
        dice = plan.dice(str(number))
        work, moment = dice.choice(("CERT", "PAY")), opens[number // len(ZONES) % len(opens)]
        yield plan.step(
            zone=ZONES[(number + plan.share[0]) % len(ZONES)],
            opens=str(moment),
            until_midnight="nothing" if moment is AFTERWARDS else dice.choice(REACHED),
            work=work,
            method=dice.choice(("card", "transfer")),
            is_lost=dice.random() < 0.4,
            is_double=work == "PAY" and dice.random() < 0.4,
            refund=dice.choice(("", "part", "all", "lost")),
        )


def _live_through(stage: Stage, report: Report, payments: list[Payment]) -> None:
    soon = stage.now().astimezone(KOREA) + timedelta(minutes=5)
    midnight = datetime.combine(soon.date() + timedelta(days=1), time(), KOREA)
    for moment in MOMENTS:
        _wait_for(stage, datetime.combine(soon.date(), moment, KOREA))
        crowd(_before, _opened_at(moment, payments), width=4)
    late = _opened_at(AFTERWARDS, payments)
    _wait_for(stage, midnight + timedelta(seconds=2))
    crowd(_after, [one for one in payments if one not in late], width=4)
    _wait_for(stage, midnight + timedelta(minutes=2))
    stage.run_due()
    _wait_for(stage, datetime.combine(midnight.date(), AFTERWARDS, KOREA))
    crowd(_at_once, late, width=4)
    report.trial(len(payments))
    _wait_for(stage, midnight + timedelta(hours=10))
    for _ in range(3):
        stage.run_due()
    for one in payments:
        _refund(stage, one)


def _wait_for(stage: Stage, moment: datetime) -> None:
    """Unless it is over: a slow machine may have needed longer."""
    stage.advance(max(0.0, (moment - stage.now()).total_seconds()))


def _opened_at(moment: time, payments: list[Payment]) -> list[Payment]:
    return [one for one in payments if one.step.what["opens"] == str(moment)]


def _before(one: Payment) -> None:
    what = one.step.what
    one.order = one.buyer.place({"test-product": 3})
    for _ in range(2 if what["is_double"] else 1):
        one.openings.append(one.buyer.start(one.order, work=what["work"], method=what["method"]))
    if what["is_lost"] and what["work"] == "CERT":
        one.buyer.stage.simulator.fault("confirm", "lost_answer", oid=one.openings[0].attempt_no)
    one.windows = [one.buyer.open(opening) for opening in one.openings]
    if what["until_midnight"] in ("approved", "delivered"):
        _approve(one)
    if what["until_midnight"] == "delivered":
        _deliver(one)


def _after(one: Payment) -> None:
    _approve(one)
    _deliver(one)
    if one.order:
        one.buyer.look(one.order)


def _at_once(one: Payment) -> None:
    """A payment that has nothing to do with midnight."""
    _before(one)
    _after(one)


def _approve(one: Payment) -> None:
    if not one.results:
        one.results = [window.approve().result or [] for window in one.windows]


def _deliver(one: Payment) -> None:
    """A PAY window whose browser is lost is found by the sweep alone."""
    is_lost = one.step.what["is_lost"] and one.step.what["work"] == "PAY"
    if not is_lost and not one.is_delivered:
        one.is_delivered = True
        for result in filter(None, one.results):
            one.buyer.deliver(result)


def _refund(stage: Stage, one: Payment) -> None:
    """On the day after: a part, or all, perhaps without an answer."""
    wanted = str(one.step.what["refund"])
    if one.order is None or not wanted or one.buyer.look(one.order) != "paid":
        return
    for opening in one.openings if wanted == "lost" else []:
        stage.simulator.fault("cancel", "lost_answer", oid=opening.attempt_no)
    with stage.staff() as member:
        member.refund(one.order, 1_000 if wanted == "part" else None)
