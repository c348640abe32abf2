"""Payments around midnight in Korea, in shops whose machines live in other time zones: every trade date is Korea's.

A window opened before midnight and approved after it, a confirm whose answer was lost across midnight and that an
inquiry has to find, a second payment that goes back, refunds on the next day, some of them lost: the gateway knows of
every question for the wrong day. One of the gateways files payments under the day on which their window was opened.
No webhook helps.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta, timezone

from tests.chaos.buyer import Buyer, Opening
from tests.chaos.drain import drain
from tests.chaos.evidence import Placed
from tests.chaos.report import Figure, Report
from tests.chaos.schedule import Plan, Step
from tests.chaos.shop import Shop
from tests.chaos.stage import Stage, crowd
from tests.payer import Pairs, Window

FIGURE = Figure(
    "midnight in Korea",
    quick=60,
    full=500,
    unit="payments",
    holds=("I1", "I2", "I6", "I17"),
    needs=("clock", "extra_shop"),
)
KOREA = timezone(timedelta(hours=9))
ZONES = {"utc": "UTC", "seoul": "Asia/Seoul", "los_angeles": "America/Los_Angeles"}
DATE_RULES = {"utc": "approval", "seoul": "opening", "los_angeles": "approval"}
"""What the gateway of each shop takes for the date of a payment; Payple's documents say both."""
MOMENTS = (time(23, 58, 30), time(23, 59, 40), time(23, 59, 58))
"""When windows are opened; what is left is done right after midnight, and two minutes later."""
AFTERWARDS = time(0, 10)
"""When windows of the next day are opened: all about them is of that day, but in UTC it is still the day before."""
A_NIGHT = 30
"""Payments of one night: more would take longer than there is time before it is midnight."""
STAGES = ("delivered", "approved", "opened")
"""How far a payment gets before midnight."""
LOST = {"lost": ["lost_answer"], "lost later": ["intact", "lost_answer"]}
"""Full refunds without an answer: to the first cancel, or to the one that follows it under the other day."""


@dataclass
class Night:
    """One payment, or two of one order, and how far they have got."""

    step: Step
    shop: Shop
    buyer: Buyer
    order: Placed | None = None
    openings: list[Opening] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)
    claims: list[Pairs] = field(default_factory=list)
    is_delivered: bool = False


def run(stage: Stage, plan: Plan, report: Report) -> None:
    """Three shops and the same midnights for all of them, each with a day of refunds after it."""
    with ExitStack() as stack:
        shops = {
            name: stack.enter_context(stage.extra_shop(f"midnight_{name}", TZ=ZONES[name])) for name in _zones(plan)
        }
        for name, shop in shops.items():
            shop.simulator.policy(date_rule=DATE_RULES[name])
            shop.simulator.bench(drop=1)
        marks = {name: stage.mark(shop) for name, shop in shops.items()}
        nights = [_night(stage, shops, step) for step in _steps(plan)]
        for first in range(0, len(nights), A_NIGHT):
            _live_through(stage, report, nights[first : first + A_NIGHT])
        for name, shop in shops.items():
            drain(stage, report, marks[name], shop=shop)


def _live_through(stage: Stage, report: Report, nights: list[Night]) -> None:
    """The payments of one night, what follows right after midnight, and the refunds of the day."""
    midnight, shops = _next_midnight(stage), list({night.shop.name: night.shop for night in nights}.values())
    for moment in MOMENTS:
        _wait_for(stage, datetime.combine(midnight.date() - timedelta(days=1), moment, KOREA))
        crowd(_before, _opened_at(moment, nights), width=4)
    late = _opened_at(AFTERWARDS, nights)
    _wait_for(stage, midnight + timedelta(seconds=2))
    crowd(_after, [night for night in nights if night not in late], width=4)
    _wait_for(stage, midnight + timedelta(minutes=2))
    for shop in shops:
        shop.run_due()
    _wait_for(stage, datetime.combine(midnight.date(), AFTERWARDS, KOREA))
    crowd(_at_once, late, width=4)
    for night in nights:
        report.trial(f"{night.shop.name} {night.step.what['until_midnight']}")
    _wait_for(stage, midnight + timedelta(hours=10))
    for shop in shops:
        _refund(stage, report, shop, [night for night in nights if night.shop is shop])


def _wait_for(stage: Stage, moment: datetime) -> None:
    """Unless it is over: a slow machine may have needed longer."""
    seconds = (moment - stage.now()).total_seconds()
    if seconds > 0:
        stage.advance(seconds)


def _steps(plan: Plan) -> Iterator[Step]:
    """Zones, moments, works, methods and faults in all their combinations, as many as wanted."""
    zones, moments = _zones(plan), (*MOMENTS, AFTERWARDS)
    for number in range(plan.count):
        dice = plan.dice(str(number))
        work = dice.choice(("CERT", "PAY"))
        opens = moments[number // len(zones) % len(moments)]
        yield plan.step(
            zone=zones[number % len(zones)],
            opens=str(opens),
            until_midnight="nothing" if opens is AFTERWARDS else dice.choice(STAGES),
            work=work,
            method=dice.choice(("card", "transfer")),
            is_lost=dice.random() < 0.4,
            is_double=work == "PAY" and dice.random() < 0.4,
            refund=dice.choice(("", "part", "all", *LOST)),
        )


def _zones(plan: Plan) -> list[str]:
    """All of them in a full run; in a quick one the engines share them."""
    return list(ZONES) if plan.is_full else plan.mine(list(ZONES))


def _next_midnight(stage: Stage) -> datetime:
    """The next one in Korea that leaves time for what comes before it."""
    soon = stage.now().astimezone(KOREA) + timedelta(minutes=5)
    return datetime.combine(soon.date() + timedelta(days=1), time(), KOREA)


def _night(stage: Stage, shops: dict[str, Shop], step: Step) -> Night:
    shop = shops[str(step.what["zone"])]
    return Night(step, shop, Buyer(shop, step))


def _before(night: Night) -> None:
    """Place, open the window, and go on as far as the step says."""
    what = night.step.what
    night.order = night.buyer.place({"test-product": 3})
    for _window in range(2 if what["is_double"] else 1):
        night.openings.append(night.buyer.start(night.order, work=what["work"], method=what["method"]))
    if what["is_lost"]:
        _lose(night)
    night.windows = [night.buyer.open(opening) for opening in night.openings]
    if what["until_midnight"] != "opened":
        _approve(night)
    if what["until_midnight"] == "delivered":
        _deliver(night)


def _opened_at(moment: time, nights: list[Night]) -> list[Night]:
    return [night for night in nights if night.step.what["opens"] == str(moment)]


def _at_once(night: Night) -> None:
    """A payment that knows nothing of midnight."""
    _before(night)
    _after(night)


def _lose(night: Night) -> None:
    """The gateway's answer to the confirm is lost; without a confirm it is the browser that never comes back."""
    if night.step.what["work"] == "CERT":
        night.shop.simulator.fault("confirm", "lost_answer", oid=night.openings[0].attempt_no)


def _approve(night: Night) -> None:
    if not night.claims:
        night.claims = [window.approve().result or [] for window in night.windows]


def _deliver(night: Night) -> None:
    """A payment at once whose browser is lost is found by the sweep alone."""
    is_lost = night.step.what["is_lost"] and night.step.what["work"] == "PAY"
    if not is_lost and not night.is_delivered:
        night.is_delivered = True
        for claim in filter(None, night.claims):
            night.buyer.deliver(claim)


def _after(night: Night) -> None:
    _approve(night)
    _deliver(night)
    if night.order:
        night.buyer.look(night.order)


def _refund(stage: Stage, report: Report, shop: Shop, nights: list[Night]) -> None:
    """On the day after: part of it, or all."""
    for _ in range(3):
        shop.run_due()
    staff = stage.staff(shop)
    for night in nights:
        wanted = str(night.step.what["refund"])
        if night.order is None or not wanted:
            continue
        state = night.buyer.look(night.order)
        if state != "paid":
            report.violation("I16", f"{night.order.order_no} was paid around midnight and is {state}", night.step)
            continue
        for opening in night.openings if wanted in LOST else []:
            shop.simulator.fault("cancel", LOST[wanted], oid=opening.attempt_no)
        staff.refund(night.order.order_no, 1_000 if wanted == "part" else None)
