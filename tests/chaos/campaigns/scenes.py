"""Orders in every state that a liar may find them in, and a way to tell whether anything about them has changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tests.chaos.buyer import Buyer, Refusal
from tests.chaos.evidence import Placed
from tests.chaos.mutations import Others
from tests.chaos.report import Report
from tests.chaos.schedule import Step
from tests.chaos.stage import Stage

PIECE = {"alley-timetable": 1}
PENCILS = {"pencil-set": 1}
PLENTY = {"test-product": 2}
MOST_OF_A_STATE = 3
HOUR = 3_600
MONEY = ("charged", "cancelled", "receipt_issued", "receipt_reduced", "receipt_cancelled")
"""Effects in the gateway's ledger that move money, or a cash receipt of it."""
PAYABLE = ("fresh", "open_card", "open_at_once", "open_transfer", "closed", "declined")


@dataclass
class Scene:
    """One order. `number` is what a liar posts about: its latest attempt, or a number that was never given."""

    state: str
    order: Placed
    buyer: Buyer
    number: str = ""
    method: str = "card"
    work: str = "CERT"
    claim: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Sight:
    """What there is to see of some scenes: pages, the shop's books, its desk and shelves, the gateway's money."""

    pages: dict[str, str]
    lines: dict[str, dict[str, Any]]
    desk: frozenset[tuple[str, str, str]]
    shelves: dict[str, int | None]
    seq: int


def build(stage: Stage, times: int) -> list[Scene]:
    """So many orders in each state, within what the shelves hold. Time passes for some of them first.

    An hour later nobody can pay, and money behind another number has been found and returned.
    """
    times = min(times, MOST_OF_A_STATE)
    makers, old = dict(MAKERS), list[Scene]()
    if stage.can("clock"):
        aged = (partial(_open, state="expired"), makers.pop("attention"))
        old = [make(stage) for make in aged for _ in range(times)]
        stage.advance(HOUR + 60)
        stage.shop.run_due()
        for scene in old:
            scene.buyer.look(scene.order)
    return old + [make(stage) for make in makers.values() for _ in range(times)]


def others_of(scenes: list[Scene], canary: str) -> Others:
    """What a liar may have seen of these: all numbers, and the keys of payments that are over."""
    keys = [
        (scene.claim["PCD_PAY_REQKEY"], scene.claim["PCD_AUTH_KEY"])
        for scene in scenes
        if scene.claim.get("PCD_PAY_REQKEY") and scene.state not in PAYABLE
    ]
    return Others(tuple(scene.number for scene in scenes), tuple(keys) or (("none", "none"),), canary)


def look_at(stage: Stage, scenes: list[Scene]) -> Sight:
    """See everything; the shop's books before the gateway's."""
    ours = {scene.order.order_no for scene in scenes}
    return Sight(
        pages={scene.order.order_no: scene.buyer.look(scene.order) for scene in scenes},
        lines={line["attempt_no"]: line for line in stage.shop.ledger() if line["order_no"] in ours},
        desk=frozenset((row.kind, row.state, row.order_no) for row in stage.shop.desk()),
        shelves=shelves(stage),
        seq=max((int(entry["seq"]) for entry in stage.simulator.ledger()), default=0),
    )


def shelves(stage: Stage) -> dict[str, int | None]:
    """What is left of the goods that nobody but these buyers wants."""
    return {slug: stage.shop.stock(slug) for slug in (*PIECE, *PENCILS)}


def insist_on_no_effect(stage: Stage, report: Report, before: Sight, after: Sight, step: Step | None = None) -> None:
    """Nothing that was only claimed has changed anything that counts."""
    moved = [entry for entry in stage.simulator.ledger(before.seq) if entry["effect"] in MONEY]
    for entry in moved:
        report.violation("I11", f"{entry['oid']} was {entry['effect']} ({entry['amount']} won) by a lie", step)
    for what in ("pages", "lines", "shelves"):
        _compare(report, what, getattr(before, what), getattr(after, what), step)
    for row in sorted(after.desk ^ before.desk):
        report.violation("I11", f"the desk changed by a lie: {row}", step)


def insist_on_paying(stage: Stage, report: Report, scenes: list[Scene], step: Step | None = None) -> None:
    """Whoever was lied about pays as if nothing had happened."""
    for scene in scenes:
        if scene.state not in PAYABLE:
            continue
        try:
            opening = scene.buyer.start(scene.order)
            scene.buyer.deliver(scene.buyer.pay(opening))
        except Refusal as refusal:
            report.violation("I11", f"{scene.order.order_no} ({scene.state}) cannot be paid any more: {refusal}", step)
            continue
        state = scene.buyer.look(scene.order)
        if state != "paid":
            report.violation("I11", f"{scene.order.order_no} ({scene.state}) was paid honestly and is {state}", step)


def _compare(report: Report, what: str, before: Mapping[str, Any], after: Mapping[str, Any], step: Step | None) -> None:
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            text = f"a lie changed {what} of {name}: {before.get(name)} became {after.get(name)}"
            report.violation("I11", text, step)


def _fresh(stage: Stage) -> Scene:
    buyer = stage.buyer()
    order = buyer.place(PLENTY)
    return Scene("fresh", order, buyer, order.order_no)


def _open(stage: Stage, state: str, lines: Mapping[str, int] = PIECE, **choices: Any) -> Scene:
    buyer = stage.buyer()
    order = buyer.place(lines)
    opening = buyer.start(order, **choices)
    method, work = choices.get("method", "card"), choices.get("work", "CERT")
    return Scene(state, order, buyer, opening.attempt_no, method, work)


def _closed(stage: Stage) -> Scene:
    buyer = stage.buyer()
    order = buyer.place(PIECE)
    opening = buyer.start(order)
    claim = buyer.close(opening)
    buyer.deliver(claim)
    return Scene("closed", order, buyer, opening.attempt_no, claim=dict(claim))


def _paid(stage: Stage, state: str, scenario: str = "", lines: Mapping[str, int] = PENCILS, **choices: Any) -> Scene:
    buyer = stage.buyer()
    order = buyer.place(lines)
    opening = buyer.start(order, **choices)
    claim = buyer.pay(opening, scenario)
    buyer.deliver(claim)
    buyer.look(order)
    method, work = choices.get("method", "card"), choices.get("work", "CERT")
    return Scene(state, order, buyer, opening.attempt_no, method, work, dict(claim))


def _refunded(stage: Stage, state: str, amount: int | None) -> Scene:
    scene = _paid(stage, state)
    stage.staff().refund(scene.order.order_no, amount)
    scene.buyer.look(scene.order)
    return scene


def _unanswered(stage: Stage) -> Scene:
    """The confirm charged and its answer was lost; no inquiry is answered while the lies are told."""
    buyer = stage.buyer()
    order = buyer.place(PENCILS)
    opening = buyer.start(order)
    stage.simulator.fault("confirm", "lost_answer", oid=opening.attempt_no)
    stage.simulator.fault("inquiry", "pending", oid=opening.attempt_no, times=100_000)
    claim = buyer.pay(opening)
    buyer.deliver(claim)
    buyer.look(order)
    return Scene("checking", order, buyer, opening.attempt_no, claim=dict(claim))


def _contradicted(stage: Stage) -> Scene:
    """The confirm charged and its answer named another number: a person has to look, and goes on having to."""
    buyer = stage.buyer()
    order = buyer.place(PENCILS)
    opening = buyer.start(order)
    stage.simulator.fault("confirm", "other_oid", oid=opening.attempt_no)
    claim = buyer.pay(opening)
    buyer.deliver(claim)
    buyer.look(order)
    order.is_for_desk = True
    return Scene("attention", order, buyer, opening.attempt_no, claim=dict(claim))


MAKERS: dict[str, Callable[[Stage], Scene]] = {
    "fresh": _fresh,
    "open_card": lambda stage: _open(stage, "open_card"),
    "open_at_once": lambda stage: _open(stage, "open_at_once", work="PAY"),
    "open_transfer": lambda stage: _open(stage, "open_transfer", PLENTY, method="transfer"),
    "closed": _closed,
    "declined": lambda stage: _paid(stage, "declined", "limit", PIECE),
    "checking": _unanswered,
    "attention": _contradicted,
    "paid": lambda stage: _paid(stage, "paid"),
    "paid_at_once": lambda stage: _paid(stage, "paid_at_once", work="PAY"),
    "paid_by_transfer": lambda stage: _paid(stage, "paid_by_transfer", method="transfer", cash_receipt=True),
    "partially_refunded": lambda stage: _refunded(stage, "partially_refunded", 1_000),
    "refunded": lambda stage: _refunded(stage, "refunded", None),
}
"""The states, without the expired ones, that take an hour."""
