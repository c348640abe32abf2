"""The CERT confirm: the only request of a merchant that moves money (quick guide, CERT)."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from functools import partial

from shop.simulator import messages, payments, runs, scenarios
from shop.simulator.acts.announce import announce_payment
from shop.simulator.acts.cancel import cancel_behind
from shop.simulator.acts.governing import governed
from shop.simulator.acts.telling import tell, tell_refusal
from shop.simulator.answer import Answer, error, refusal
from shop.simulator.ledger import Effect
from shop.simulator.payment import Payment, State
from shop.simulator.rulebook import RULES, Rule
from shop.simulator.rules import paying
from shop.simulator.rules.confirming import broken_by_claim, broken_by_state
from shop.simulator.runs import PUBLIC_TEST_RUN, Run
from shop.simulator.wording import worded

EFFECTS = {State.APPROVED: Effect.CHARGED, State.DECLINED: Effect.DECLINED}


def confirm(db: sqlite3.Connection, origin: str, asked: dict[str, str], method: str) -> Answer:
    """Charge what the window was opened with, once. The request carries the raw keys, and no amount."""
    refuse = partial(_refuse, db, asked, method)
    run = runs.by_id(db, asked.get("PCD_CST_ID", ""))
    if run is None:
        return refuse(PUBLIC_TEST_RUN, RULES["confirm_partner_unknown"])
    if asked.get("PCD_CUST_KEY") != run.cust_key:
        return refuse(run, RULES["confirm_cust_key_wrong"])
    payment = payments.by_request_key(db, asked.get("PCD_PAY_REQKEY", ""))
    if payment is None or payment.run != run.id:
        return refuse(run, RULES["request_key_unknown"])
    run = governed(run, payment)
    broken = broken_by_claim(asked, payment, method)
    if payment.answer and run.policy.dup_confirm == "repeat" and not broken:
        return _repeat(db, run, asked, payment)
    completed = payments.completed(db, run.id, payment.oid)
    broken = broken or broken_by_state(payment, completed, run, run.now())
    return refuse(run, broken, payment.oid) if broken else _charge(db, origin, run, asked, payment)


def _charge(db: sqlite3.Connection, origin: str, run: Run, asked: dict[str, str], payment: Payment) -> Answer:
    charge = paying.charge(payment, run.now())
    charged = paying.issue_receipt(charge.payment)
    answered = _answer(run, charged, charge.code, origin)
    payments.save(db, replace(charged, answer=answered))
    note = "answer lost on the way" if charge.lost else ""
    effect = EFFECTS[charged.state]
    tell(db, run, charged, "confirm", effect, code=charge.code, asked=asked, answered=answered, note=note)
    if effect is Effect.CHARGED:
        announce_payment(db, origin, run, charged)
    if charged.receipt.state == "issued":
        tell(db, run, charged, "receipt", Effect.RECEIPT_ISSUED)
    if effect is Effect.CHARGED and scenarios.of(charged).cancelled_behind:
        cancel_behind(db, origin, run, replace(charged, answer=answered), charged.total)
    return Answer(answered, charge.lost, charge.seconds)


def _answer(run: Run, payment: Payment, code: str, origin: str) -> dict[str, str]:
    if code:
        return error(code, PCD_PAY_OID=payment.oid, PCD_PAY_TYPE=payment.method, PCD_PAY_REQKEY=payment.request_key)
    if not payment.approved_at:
        return {}
    return worded(messages.confirmed(payment, origin), payment, run.policy, origin)


def _repeat(db: sqlite3.Connection, run: Run, asked: dict[str, str], payment: Payment) -> Answer:
    tell(db, run, payment, "confirm", Effect.NONE, asked=asked, answered=payment.answer, note="repeated")
    return Answer(payment.answer)


def _refuse(
    db: sqlite3.Connection, asked: dict[str, str], method: str, run: Run, broken: Rule, oid: str = ""
) -> Answer:
    answered = refusal(broken, method, PCD_PAY_REQKEY=asked.get("PCD_PAY_REQKEY", ""), PCD_PAY_OID=oid)
    tell_refusal(db, run, "confirm", broken, oid=oid, asked=asked, answered=answered)
    return Answer(answered)
