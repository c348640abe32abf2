"""The inquiry: what became of a payment. It changes nothing (결제결과 조회 API)."""

from __future__ import annotations

import sqlite3
from functools import partial

from shop.simulator import messages, payments
from shop.simulator.acts.admitting import admit
from shop.simulator.acts.governing import governed_by_number
from shop.simulator.acts.telling import tell, tell_refusal
from shop.simulator.answer import Answer, refusal
from shop.simulator.ledger import Effect
from shop.simulator.purposes import INQUIRY
from shop.simulator.rulebook import Rule
from shop.simulator.rules.inquiring import broken_by_question, found
from shop.simulator.runs import Run
from shop.simulator.wording import worded


def inquire(db: sqlite3.Connection, origin: str, asked: dict[str, str], run: Run) -> Answer:
    """Find a completed payment by number, method and Korea date. One authentication may serve several inquiries."""
    run = governed_by_number(db, run, asked.get("PCD_PAY_OID", ""))
    admission = admit(db, run, asked, INQUIRY)
    refuse = partial(_refuse, db, run, asked, admission.follows)
    broken = admission.broken or broken_by_question(asked)
    if broken:
        return refuse(broken)
    payment = found(asked, payments.completed(db, run.id, asked["PCD_PAY_OID"]), run.policy, run.now())
    if isinstance(payment, Rule):
        return refuse(payment)
    answered = worded(messages.found(payment, origin, run.policy), payment, run.policy, origin)
    tell(db, run, payment, "inquiry", Effect.NONE, asked=asked, answered=answered, follows=admission.follows)
    return Answer(answered)


def _refuse(db: sqlite3.Connection, run: Run, asked: dict[str, str], follows: int | None, broken: Rule) -> Answer:
    method, oid = asked.get("PCD_PAY_TYPE", ""), asked.get("PCD_PAY_OID", "")
    answered = refusal(broken, method, PCD_PAY_OID=oid, PCD_PAY_TYPE=method)
    tell_refusal(db, run, "inquiry", broken, oid=oid, asked=asked, answered=answered, follows=follows)
    return Answer(answered)
