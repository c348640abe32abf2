"""The console at /_sim: what happened, for people."""

from __future__ import annotations

from dataclasses import asdict

from flask import Blueprint, abort, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from shop.simulator import faults, ledger, messages, payments
from shop.simulator.faults import KINDS
from shop.simulator.policy import SWITCHES
from shop.simulator.rules.paying import state_at
from shop.simulator.scenarios import SCENARIOS
from shop.simulator.views.requests import current_run, storage

bp = Blueprint("console", __name__, url_prefix="/_sim")
PAYMENTS_SHOWN = 50
LINES_SHOWN = 12


@bp.get("")
def overview() -> str:
    """The newest payments, the newest refusals, and the switches."""
    run = current_run()
    with storage().reading() as db:
        newest = payments.latest(db, run.id, PAYMENTS_SHOWN)
        lines = ledger.latest(db, run.id, PAYMENTS_SHOWN)
        armed = faults.armed(db, run.id)
    return render_template(
        "console.html",
        run=run,
        payments=[(payment, state_at(payment, run.now(), run.policy.confirm_minutes)) for payment in newest],
        refusals=[line for line in lines if line["outcome"] == "refused"][:LINES_SHOWN],
        armed=armed,
        kinds=KINDS,
        scenarios=SCENARIOS.values(),
        policy=asdict(run.policy),
        switches=SWITCHES,
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
    state = state_at(payment, run.now(), run.policy.confirm_minutes) if payment else None
    goods = messages.goods_text(payment.goods) if payment else ""
    return render_template("story.html", run=run, oid=oid, payment=payment, state=state, goods=goods, lines=lines)
