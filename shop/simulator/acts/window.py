"""The payer in the window: submits, answers about the cash receipt, or closes (quick guide 3-4, 3-5)."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import replace

from shop.simulator import messages, payments, scenarios, triggers
from shop.simulator.acts.announce import announce_payment
from shop.simulator.acts.cancel import cancel_behind
from shop.simulator.acts.governing import arm_faults
from shop.simulator.acts.registering import identified, is_registered, register
from shop.simulator.acts.telling import Details, run_of, tell
from shop.simulator.instruments import receipt_number_from
from shop.simulator.ledger import Effect
from shop.simulator.payment import Payment, State
from shop.simulator.registration import registered
from shop.simulator.rulebook import RULES, Rule
from shop.simulator.rules import paying
from shop.simulator.rules.paying import Charge
from shop.simulator.runs import Run
from shop.simulator.wording import worded

EFFECTS = {
    State.AUTHENTICATED: Effect.AUTHENTICATED,
    State.APPROVED: Effect.CHARGED,
    State.DECLINED: Effect.DECLINED,
    State.EXPIRED: Effect.EXPIRED,
}


def submit(db: sqlite3.Connection, origin: str, payment: Payment, typed: Mapping[str, str]) -> Payment:
    """The payer presses the button. Raises Unusable if what was typed is no card and no account."""
    if payment.state is not State.OPENED:
        return payment
    run = run_of(db, payment)
    if paying.is_too_late(payment, run.now()):
        return _refuse(db, run, payment, State.EXPIRED, RULES["window_too_slow"])
    ready = identified(db, run, payment, typed)
    if payments.completed(db, run.id, payment.oid):
        return _refuse(db, run, payment, State.DECLINED, RULES["oid_duplicate"])
    return _submit(db, origin, run, replace(ready, scenario=triggers.chosen(db, run, ready, typed).id))


def expire(db: sqlite3.Connection, payment: Payment) -> Payment:
    """The window's own clock has run out; it is believed only if ours has, too."""
    run = run_of(db, payment)
    if not paying.is_too_late(payment, run.now()):
        return payment
    return _refuse(db, run, payment, State.EXPIRED, RULES["window_too_slow"])


def _submit(db: sqlite3.Connection, origin: str, run: Run, ready: Payment) -> Payment:
    was_registered = is_registered(db, run, ready)
    charge = paying.submit(ready, run.now())
    effect = EFFECTS[charge.payment.state]
    if effect is Effect.AUTHENTICATED and ready.is_registration:
        effect = Effect.REGISTERED
    tell(db, run, charge.payment, "submit", effect, code=charge.code, note=f"scenario: {ready.scenario}")
    if effect is not Effect.DECLINED:
        register(db, run, charge.payment)
        arm_faults(db, run, charge.payment)
    if effect is Effect.CHARGED:
        announce_payment(db, origin, run, charge.payment)
    if charge.payment.waits_for_receipt and not charge.code and not charge.lost:
        payments.save(db, charge.payment)
        return charge.payment
    return _deliver(db, origin, run, charge, was_registered=was_registered)


def answer_receipt(db: sqlite3.Connection, origin: str, payment: Payment, typed: Mapping[str, str]) -> Payment:
    """The payer sends or skips the cash receipt; the result leaves after it. Raises Unusable for a wrong number."""
    if not payment.waits_for_receipt:
        return payment
    run = run_of(db, payment)
    is_wanted = typed.get("answer") == "send"
    asked = {"PCD_TAXSAVE_IDENTINUM": receipt_number_from(typed)} if is_wanted else {}
    use = "company" if typed.get("use") == "company" else "personal"
    answered = paying.issue_receipt(paying.answer_receipt(payment, use if is_wanted else ""))
    effect = Effect.RECEIPT_ISSUED if answered.receipt.state == "issued" else Effect.NONE
    tell(db, run, answered, "receipt", effect, note=f"{answered.receipt.state} {answered.receipt.use}", asked=asked)
    return _deliver(db, origin, run, Charge(answered))


def close(db: sqlite3.Connection, payment: Payment) -> Payment:
    """The payer closes the window; whoever has paid already has nothing left to close."""
    if payment.state is not State.OPENED:
        return payment
    shut = replace(payment, state=State.CLOSED, result=messages.closed(payment))
    payments.save(db, shut)
    tell(db, run_of(db, payment), shut, "close", Effect.CLOSED, answered=shut.result)
    return shut


def _deliver(db: sqlite3.Connection, origin: str, run: Run, charge: Charge, *, was_registered: bool = False) -> Payment:
    if charge.lost:
        return _lose(db, run, charge.payment)
    result = _result(run, charge, origin, was_registered=was_registered)
    over = replace(charge.payment, result=result)
    payments.save(db, over)
    tell(db, run, over, "result", Effect.NONE, code=result["PCD_PAY_CODE"], answered=result)
    if scenarios.of(over).cancelled_behind and over.state is State.APPROVED:
        cancel_behind(db, origin, run, over, over.total)
    return over


def _result(run: Run, charge: Charge, origin: str, *, was_registered: bool) -> dict[str, str]:
    if charge.code:
        return messages.failure(charge.payment, charge.code)
    if charge.payment.is_registration:
        return registered(charge.payment, origin, again=was_registered)
    told = worded(messages.success(charge.payment, origin), charge.payment, run.policy, origin)
    return messages.tampered(told, scenarios.of(charge.payment).tampered)


def _lose(db: sqlite3.Connection, run: Run, payment: Payment) -> Payment:
    over = replace(payment, undelivered=True)
    payments.save(db, over)
    tell(db, run, over, "result", Effect.NONE, note="lost on the way")
    return over


def _refuse(db: sqlite3.Connection, run: Run, payment: Payment, state: State, rule: Rule) -> Payment:
    code = rule.code_for(payment.method)
    over = replace(payment, state=state, result=messages.failure(payment, code))
    payments.save(db, over)
    details: Details = {"code": code, "rule": rule.id, "outcome": "refused", "answered": over.result}
    tell(db, run, over, "submit", EFFECTS[state], **details)
    return over
