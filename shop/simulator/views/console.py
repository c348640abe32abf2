"""The console at /_sim: what happened and what is to happen next, for people."""

from __future__ import annotations

import sqlite3
from dataclasses import asdict

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shop.simulator import arming, bench, faults, ledger, messages, payments, runs, webhooks
from shop.simulator.fault_kinds import KINDS, OPS, PHASES
from shop.simulator.payment import Payment
from shop.simulator.policy import SWITCHES
from shop.simulator.rules.paying import state_at
from shop.simulator.runs import Run
from shop.simulator.scenarios import GROUPS, SCENARIOS
from shop.simulator.triggers import triggers_of
from shop.simulator.views.requests import current_run, storage

bp = Blueprint("console", __name__, url_prefix="/_sim")
PAYMENTS_SHOWN, MOST_PAYMENTS_SHOWN = 10, 500
WEBHOOKS_SHOWN = 12
LINES_SEARCHED, LINES_SHOWN = 60, 8
RUNS_SHOWN = 50
STEPS = ((60, "+1분", "+1 min"), (180, "+3분", "+3 min"), (600, "+10분", "+10 min"), (1_800, "+30분", "+30 min"),
         (86_400, "+1일", "+1 day"))  # fmt: skip


@bp.get("")
def overview() -> str:
    """The newest payments and refusals, the buttons for what happens next, and the switches."""
    run, show = current_run(), min(max(request.args.get("show", PAYMENTS_SHOWN, int), 1), MOST_PAYMENTS_SHOWN)
    with storage().reading() as db:
        happened = _happened(db, run, show)
        coming = _coming(db, run)
        known = runs.latest(db, RUNS_SHOWN)
    choices = {"groups": GROUPS, "steps": STEPS, "kinds": KINDS, "ops": OPS, "phases": PHASES, "switches": SWITCHES}
    return render_template(
        "console.html",
        run=run,
        runs=list(dict.fromkeys((run.id, runs.DEFAULT, *known))),
        policy=asdict(run.policy),
        scenarios=SCENARIOS,
        ways={scenario_id: triggers_of(row) for scenario_id, row in SCENARIOS.items()},
        **happened,
        **coming,
        **choices,
    )


@bp.get("/")
def overview_with_slash() -> ResponseReturnValue:
    """The address as people type it."""
    return redirect(url_for("console.overview", run=current_run().id))


@bp.get("/story/<path:oid>")
def story(oid: str) -> str:
    """Every message about one payment, in order, with secrets masked."""
    run = current_run()
    with storage().reading() as db:
        payment = payments.by_oid(db, run.id, oid)
        lines = ledger.about(db, run.id, oid)
    if not lines:
        abort(404)
    state = shown_state(payment, run) if payment else None
    goods = messages.goods_text(payment.goods) if payment else ""
    return render_template("story.html", run=run, oid=oid, payment=payment, state=state, goods=goods, lines=lines)


def shown_state(payment: Payment, run: Run) -> str:
    """The state for people: a registration authenticates nothing that could still be confirmed."""
    state = state_at(payment, run.now(), run.policy.confirm_minutes)
    return "registered" if payment.is_registration and state == "authenticated" else str(state)


def _happened(db: sqlite3.Connection, run: Run, show: int) -> dict[str, object]:
    lines = ledger.latest(db, run.id, LINES_SEARCHED)
    newest = payments.latest(db, run.id, show)
    return {
        "payments": [(payment, shown_state(payment, run)) for payment in newest],
        "more": show * 5 if len(newest) == show < MOST_PAYMENTS_SHOWN else 0,
        "refusals": [line for line in lines if line["outcome"] == "refused"][:LINES_SHOWN],
        "webhooks": webhooks.latest(db, run.id, WEBHOOKS_SHOWN),
    }


def _coming(db: sqlite3.Connection, run: Run) -> dict[str, object]:
    return {
        "armed_scenarios": arming.armed_in(db, run.id),
        "armed_faults": faults.armed(db, run.id),
        "bench": bench.of_run(db, run.id),
        "webhook_url": bench.address(db, run.id),
    }
