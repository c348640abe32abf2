"""A merchant's server charges a registered card or account again (quick guide, 빌링키 결제)."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from functools import partial

from shop.simulator import billing_keys, messages, payments, triggers
from shop.simulator.acts.admitting import admit
from shop.simulator.acts.announce import announce_payment
from shop.simulator.acts.cancel import cancel_behind
from shop.simulator.acts.governing import arm_faults
from shop.simulator.acts.opening import generated_oid
from shop.simulator.acts.telling import Details, tell, tell_refusal
from shop.simulator.answer import Answer, error, refusal
from shop.simulator.billing_keys import BillingKey
from shop.simulator.ledger import Effect
from shop.simulator.payment import Payment, State, new_key
from shop.simulator.purposes import MONTHLY_CARD, REPAY_CARD, Purpose
from shop.simulator.rulebook import RULES, Rule
from shop.simulator.rules import paying, repaying
from shop.simulator.rules.opening import contained_tax
from shop.simulator.runs import Run
from shop.simulator.wording import worded

EFFECTS = {State.APPROVED: Effect.CHARGED, State.DECLINED: Effect.DECLINED}
CODES = {REPAY_CARD.id: ("SPCD0000", "카드결제완료"), MONTHLY_CARD.id: ("0000", "카드결제완료")}
WINDOW_ONLY = ("PCD_AUTH_KEY", "PCD_PAY_REQKEY", "PCD_PAY_HOST", "PCD_PAY_URL", "PCD_PAY_COFURL", "PCD_RST_URL")
MONTH = ("PCD_REGULER_FLAG", "PCD_PAY_YEAR", "PCD_PAY_MONTH")


def repay(db: sqlite3.Connection, origin: str, asked: dict[str, str], run: Run, purpose: Purpose) -> Answer:
    """Charge the instrument behind a billing key at once."""
    asked = asked | {"PCD_PAY_OID": asked.get("PCD_PAY_OID") or generated_oid(run)}
    admission = admit(db, run, asked, purpose)
    refuse = partial(_refuse, db, run, asked, purpose, admission.follows)
    key = billing_keys.by_id(db, run.id, asked.get("PCD_PAYER_ID", ""))
    broken = admission.broken or repaying.broken_by_request(asked, purpose.flags, key)
    if key is None or broken:
        return refuse(broken or RULES["key_unknown"])
    if payments.completed(db, run.id, asked["PCD_PAY_OID"]):
        return refuse(RULES["repay_duplicate"])
    if "PCD_REGULER_FLAG" in purpose.flags and _is_month_paid(db, run, asked):
        return refuse(RULES["repay_twice_a_month"])
    return _charge(db, origin, run, _payment(asked, run, key), purpose, admission.follows)


def _charge(
    db: sqlite3.Connection, origin: str, run: Run, payment: Payment, purpose: Purpose, follows: int | None
) -> Answer:
    scenario = triggers.unasked(db, run, payment)
    charge = paying.charge(replace(payment, scenario=scenario.id), run.now())
    done = paying.issue_receipt(charge.payment)
    payments.save(db, done)
    answered = _answer(done, charge.code, origin, run, purpose)
    effect = EFFECTS[done.state]
    details: Details = {"asked": payment.asked, "answered": answered, "follows": follows}
    details |= {"code": charge.code, "note": f"scenario: {scenario.id}"}
    tell(db, run, done, "repay", effect, **details)
    if effect is Effect.CHARGED:
        arm_faults(db, run, done)
        announce_payment(db, origin, run, done)
    if done.receipt.state == "issued":
        tell(db, run, done, "receipt", Effect.RECEIPT_ISSUED)
    if effect is Effect.CHARGED and scenario.cancelled_behind:
        cancel_behind(db, origin, run, done, done.total)
    return Answer(answered, charge.lost, charge.seconds)


def _payment(asked: dict[str, str], run: Run, key: BillingKey) -> Payment:
    kept = {name: value for name, value in asked.items() if name not in repaying.SECRETS}
    return Payment(
        token=new_key(),
        run=run.id,
        oid=asked["PCD_PAY_OID"],
        method=key.method,
        work="PAY",
        total=int(asked["PCD_PAY_TOTAL"]),
        goods=asked["PCD_PAY_GOODS"],
        tax=contained_tax(asked),
        asked=kept | {"PCD_PAY_WORK": "PAY", "PCD_SIMPLE_FLAG": "Y"},
        page_origin="",
        opened_at=run.now(),
        instrument=key.instrument,
        receipt=repaying.receipt_wished(asked, key.method),
        payer_name=asked.get("PCD_PAYER_NAME", "") or key.payer_name,
        payer_id=key.id,
    )


def _answer(payment: Payment, code: str, origin: str, run: Run, purpose: Purpose) -> dict[str, str]:
    if code:
        return error(code, PCD_PAY_OID=payment.oid, PCD_PAY_TYPE=payment.method, PCD_PAYER_ID=payment.payer_id)
    result = {name: value for name, value in messages.success(payment, origin).items() if name not in WINDOW_ONLY}
    done, message = CODES.get(purpose.id, ("0000", "출금이체완료"))
    months = {name: payment.asked[name] for name in MONTH if name in payment.asked}
    told = result | {"PCD_PAY_CODE": done, "PCD_PAY_MSG": message, "PCD_SIMPLE_FLAG": "Y"} | months
    return worded(told, payment, run.policy, origin)


def _is_month_paid(db: sqlite3.Connection, run: Run, asked: dict[str, str]) -> bool:
    found = payments.monthly(db, run.id, asked["PCD_PAYER_ID"], asked["PCD_PAY_YEAR"], asked["PCD_PAY_MONTH"])
    return any(payment.remainder for payment in found)


def _refuse(
    db: sqlite3.Connection, run: Run, asked: dict[str, str], purpose: Purpose, follows: int | None, broken: Rule
) -> Answer:
    rule = replace(broken, code=broken.monthly_code) if purpose is MONTHLY_CARD and broken.monthly_code else broken
    method, oid = purpose.flags["PCD_PAY_TYPE"], asked["PCD_PAY_OID"]
    answered = refusal(rule, method, PCD_PAY_OID=oid, PCD_PAY_TYPE=method)
    tell_refusal(db, run, "repay", rule, oid=oid, asked=asked, answered=answered, follows=follows)
    return Answer(answered)
