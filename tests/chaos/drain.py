"""After the faults: let time pass and sweep until nothing is open, look at every page, then ask the oracle."""

from __future__ import annotations

from functools import partial

from tests.chaos.report import Report
from tests.chaos.stage import Stage, crowd
from tests.oracle import AT_REST, Evidence, Placed, violations

STEPS = (6, 60, 600, 2_400, 3_600, *[6 * 3_600] * 20)
"""Seconds of the shop's clock between two sweeps: five days in all."""
PATIENCE = 3_000.0
"""Seconds that pass in any case."""
OPEN = ("prepared", "confirming", "unknown")
OWED = ("requested", "cancel_due")
ROUNDS = 40


def drain(stage: Stage, report: Report) -> Evidence:
    """Bring the stage to rest; what it is judged by."""
    stage.recover()
    elapsed = 0.0
    for seconds in STEPS:
        settle(stage)
        if elapsed >= PATIENCE and _is_at_rest(stage):
            break
        stage.advance(seconds)
        elapsed += seconds
    report.measure("seconds until rest, on the shop's clock", elapsed)
    if failed := stage.shop.sweep().get("failed"):
        report.breach("I10", f"the sweep could not deal with {failed}")
    crowd(partial(_look, stage), stage.orders, width=4)
    stage.look_at_stock(*stage.stock)
    for row in stage.shop.rows():
        stage.watch.read(row, f"the database: {row.partition(':')[0]}")
    stage.collect(report)
    return stage.evidence()


def judge(stage: Stage, evidence: Evidence, reports: dict[str, Report], rest: Report) -> None:
    """Tell every violation to the campaign whose step placed the order, or to the report of the whole."""
    for found in violations(evidence, at_rest=True):
        step = stage.step_of(found.order_no)
        report = reports[step.campaign] if step else rest
        report.breach(found.invariant, found.text, step)
    if stage.refund_forms and not any(line["refunded"] for line in evidence.lines):
        rest.broken = "refunds were asked for and none was made, so this run shows nothing"


def settle(stage: Stage) -> None:
    """Sweep at this moment until the gateway is asked nothing more: one press of the button works five seconds."""
    stage.simulator.news()
    for _ in range(ROUNDS):
        stage.run_due()
        if not stage.simulator.news():
            return


def _is_at_rest(stage: Stage) -> bool:
    """Whether nothing is open any more. The driver plays the person who settles partial refunds without an answer."""
    with stage.staff() as member:
        if member.orders("awaiting_payment") or member.orders("checking"):
            return False
    evidence = stage.evidence()
    unknown = [line for line in evidence.lines if line["refund_unknown"]]
    waits = [line for line in evidence.lines if line["state"] in OPEN or line["cash_receipt_state"] in OWED]
    with stage.staff() as member:
        for line in unknown:
            is_back = evidence.cancelled(line["attempt_no"]) > line["refunded"]
            member.decide(line["order_no"], refunded=is_back)
    is_accounted_for = not list(AT_REST["I2"][0](evidence))
    return is_accounted_for and not (unknown or waits)


def _look(stage: Stage, order: Placed) -> None:
    owner = stage.owners[order.order_no]
    if not owner.look(order):  # the clock may have run on for so long that the cookie is over
        owner.find(order)
        owner.look(order)
