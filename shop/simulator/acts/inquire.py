"""The inquiry: what became of a payment. It changes nothing (결제결과 조회 API)."""

from __future__ import annotations

import sqlite3
from functools import partial

from shop.simulator import messages, payments, tokens
from shop.simulator.acts.telling import tell, tell_refusal
from shop.simulator.answer import Answer, refusal
from shop.simulator.ledger import Effect
from shop.simulator.purposes import INQUIRY
from shop.simulator.rulebook import Rule
from shop.simulator.rules.inquiring import broken_by_question, found
from shop.simulator.rules.partner import belongs_together, broken_by_token
from shop.simulator.runs import Run


def inquire(db: sqlite3.Connection, origin: str, asked: dict[str, str], run: Run) -> Answer:
    """Find a completed payment by number, method and Korea date. One authentication may serve several inquiries."""
    token = tokens.by_auth_key(db, asked.get("PCD_AUTH_KEY", ""))
    token = belongs_together(token, asked.get("PCD_CST_ID", ""), asked.get("PCD_CUST_KEY", ""))
    if token:
        tokens.spend(db, token, run.now())
    follows = token.seq if token else None
    refuse = partial(_refuse, db, run, asked, follows)
    broken = broken_by_token(token, INQUIRY, run.now()) or broken_by_question(asked)
    if broken:
        return refuse(broken)
    payment = found(asked, payments.completed(db, run.id, asked["PCD_PAY_OID"]), run.policy, run.now())
    if isinstance(payment, Rule):
        return refuse(payment)
    answered = messages.found(payment, origin, run.policy.inquiry_code)
    tell(db, run, payment, "inquiry", Effect.NONE, asked=asked, answered=answered, follows=follows)
    return Answer(answered)


def _refuse(db: sqlite3.Connection, run: Run, asked: dict[str, str], follows: int | None, broken: Rule) -> Answer:
    method, oid = asked.get("PCD_PAY_TYPE", ""), asked.get("PCD_PAY_OID", "")
    answered = refusal(broken, method, PCD_PAY_OID=oid, PCD_PAY_TYPE=method)
    tell_refusal(db, run, "inquiry", broken, oid=oid, asked=asked, answered=answered, follows=follows)
    return Answer(answered)
