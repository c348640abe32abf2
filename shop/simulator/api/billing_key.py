"""Billing keys (PCD_PAYER_ID): a registered card or account pays again, is looked up, or is deregistered."""

import re
import sqlite3
from dataclasses import dataclass, replace

from flask import Blueprint, Response, abort, request

from shop.simulator import ledger, messages, payment, scenarios, store, webhooks
from shop.simulator.api import authentication, charge
from shop.simulator.api.authentication import (
    MONTHLY_CARD,
    MONTHLY_TRANSFER,
    REPAY_CARD,
    REPAY_TRANSFER,
    Purpose,
    serve_with_tokens,
)
from shop.simulator.calls import Answer, Call, Refused, refuse_if
from shop.simulator.fields import SECRETS, Fields, is_number, is_tax, is_too_long, month_of
from shop.simulator.payment import CashReceipt, Instrument, Payment
from shop.simulator.runs import Run
from shop.simulator.store import Row

bp = Blueprint("billing_key", __name__)
PURPOSES = {"PUSERINFO": authentication.KEY_LOOKUP, "PUSERDEL": authentication.KEY_DELETION}
REPAYMENTS = (REPAY_CARD, REPAY_TRANSFER, MONTHLY_CARD, MONTHLY_TRANSFER)
MINIMUM_BY_CARD = 100
WINDOW_ONLY = ("PCD_AUTH_KEY", "PCD_PAY_REQKEY", "PCD_PAY_HOST", "PCD_PAY_URL", "PCD_PAY_COFURL", "PCD_RST_URL")
HOLDERS = {"personal": "개인", "company": "법인"}
DEREGISTERED = {"card": "카드해지완료", "transfer": "계좌해지완료"}
DEREGISTERED_BEHIND = "2008 : 고객요청으로 자동이체 해지되었음(업체해지)"


@dataclass(frozen=True)
class BillingKey(Row):
    """`id` is what the merchant keeps; one instrument has one key in a run, however often it is registered."""

    table = "billing_keys"

    id: str
    run: str
    fingerprint: str
    method: str
    instrument: Instrument
    payer_no: str = ""
    payer_name: str = ""
    payer_phone: str = ""


def by_id(db: sqlite3.Connection, run: Run, key_id: str) -> BillingKey | None:
    return store.find(db, BillingKey, run=run.id, id=key_id)


@bp.post("/php/SimplePayCardAct.php")
@bp.post("/php/SimplePayAct.php")
@bp.post("/php/RePayCardAct.php")
@bp.post("/php/RePayAct.php")
def repay() -> Response:
    """Charge a registered card or account; `RePay…` at most once a month."""
    purpose = next(one for one in REPAYMENTS if one.path.startswith(request.path))
    return serve_with_tokens(
        purpose, lambda call: _charge(call, purpose), lambda call, refused: _refused(call, refused, purpose), op="repay"
    )


def _refused(call: Call, refused: Refused, purpose: Purpose) -> Fields:
    rule, method, oid = refused.rule, purpose.flags["PCD_PAY_TYPE"], call.oid or call.run.new_oid()
    if purpose is MONTHLY_CARD and rule.monthly_code:
        rule = replace(rule, code=rule.monthly_code)
    return messages.refusal(rule, method, PCD_PAY_OID=oid, PCD_PAY_TYPE=method)


def _charge(call: Call, purpose: Purpose) -> Answer:
    call.asked |= {"PCD_PAY_OID": call.oid or call.run.new_oid()}
    key = by_id(call.db, call.run, call.asked.get("PCD_PAYER_ID", ""))
    opened = _payment(call, _checked(call, purpose, key))
    scenario = scenarios.unasked(call.db, call.run, opened)
    charged = charge.charge(replace(opened, scenario=scenario.id), call.run.now())
    payment.save(call.db, charged)
    answered = _answer(call, purpose, charged, scenario.code)
    effect, note = charge.EFFECTS[charged.state], f"scenario: {scenario.id}"
    call.write(charged, effect=effect, asked=charged.asked, answered=answered, code=scenario.code, note=note)
    if charged.approved_at:
        charge.arm_faults(call.db, call.run, charged)
    charge.follow_up(call.db, call.run, charged)
    return Answer(answered, scenario.lost, scenario.seconds)


def _checked(call: Call, purpose: Purpose, key: BillingKey | None) -> BillingKey:
    asked, method = call.asked, purpose.flags["PCD_PAY_TYPE"]
    is_monthly = asked.get("PCD_REGULER_FLAG") == "Y"
    is_single = "PCD_SIMPLE_FLAG" in purpose.flags and asked.get("PCD_SIMPLE_FLAG") == "Y"
    refuse_if(asked.get("PCD_PAY_TYPE") != method or not (is_monthly or is_single), "repay_flag_missing")
    refuse_if(not asked.get("PCD_PAYER_ID"), "key_missing")
    if key is None:
        raise Refused("key_unknown")
    refuse_if(key.method != method, "key_of_other_method")
    total, tax = asked.get("PCD_PAY_TOTAL", ""), asked.get("PCD_PAY_TAXTOTAL", "")
    refuse_if(not asked.get("PCD_PAY_GOODS", "").strip(), "repay_goods_missing")
    refuse_if(is_too_long(asked), "field_too_long")
    refuse_if(not is_number(total) or asked.get("PCD_PAY_ISTAX", "") not in ("", "Y", "N"), "repay_malformed")
    refuse_if(int(total) < (MINIMUM_BY_CARD if method == "card" else 1), "repay_amount_low")
    refuse_if(not is_tax(tax, int(total)), "repay_malformed")
    check_month(asked)
    refuse_if(payment.completed(call.db, call.run.id, asked["PCD_PAY_OID"]), "repay_duplicate")
    refuse_if(payment.is_month_paid(call.db, call.run.id, key.id, asked), "repay_twice_a_month")
    return key


def check_month(asked: Fields) -> None:
    if not month_of(asked):
        return
    refuse_if(not re.fullmatch(r"20\d\d", asked.get("PCD_PAY_YEAR", ""), re.ASCII), "repay_year_wrong")
    refuse_if(not re.fullmatch(r"0?[1-9]|1[0-2]", asked.get("PCD_PAY_MONTH", ""), re.ASCII), "repay_month_wrong")


def _payment(call: Call, key: BillingKey) -> Payment:
    asked = call.asked
    kept = {name: value for name, value in asked.items() if name not in SECRETS}
    opened = payment.opened(kept | {"PCD_PAY_WORK": "PAY", "PCD_SIMPLE_FLAG": "Y"}, call.run)
    use = "company" if asked.get("PCD_TAXSAVE_TRADE") == "company" else "personal"
    receipt = CashReceipt("answered", use) if opened.receipt.state == "requested" else opened.receipt
    name = opened.payer_name or key.payer_name
    return replace(opened, instrument=key.instrument, receipt=receipt, payer_name=name, payer_id=key.id)


def _answer(call: Call, purpose: Purpose, paid: Payment, code: str) -> Fields:
    if code:
        more = {"PCD_PAY_OID": paid.oid, "PCD_PAY_TYPE": paid.method, "PCD_PAYER_ID": paid.payer_id}
        return messages.error(code, **more)
    result = messages.success(paid, call.run.policy)
    fields = {name: value for name, value in result.items() if name not in WINDOW_ONLY} | {"PCD_SIMPLE_FLAG": "Y"}
    if paid.method == "card":
        fields |= {"PCD_PAY_CODE": "SPCD0000" if purpose is REPAY_CARD else "0000", "PCD_PAY_MSG": "카드결제완료"}
    return fields


@bp.post("/php/cPayUser/api/cPayUserAct.php")
def look_up_or_deregister() -> Response:
    """Tell of a key, or deregister it: then it pays no more. `ACT_` says which."""
    work = request.args.get("ACT_", "")
    purpose = PURPOSES.get(work) or abort(404)
    return serve_with_tokens(
        purpose, lambda call: _use(call, purpose), lambda _, refused: messages.refusal(refused.rule, PCD_PAY_WORK=work)
    )


def _use(call: Call, purpose: Purpose) -> Answer:
    key_id = call.asked.get("PCD_PAYER_ID", "")
    refuse_if(not key_id, "key_missing")
    key = by_id(call.db, call.run, key_id)
    if key is None:
        raise Refused("key_unknown")
    answered, effect = _shown(key), ""
    if purpose is authentication.KEY_DELETION:
        store.delete(call.db, BillingKey, run=key.run, id=key.id)
        effect = "deregistered"
        answered = {
            "PCD_PAY_RST": "success",
            "PCD_PAY_CODE": call.run.policy.key_deletion_code,
            "PCD_PAY_MSG": DEREGISTERED[key.method],
            "PCD_PAY_TYPE": key.method,
            "PCD_PAY_WORK": "PUSERDEL",
            "PCD_PAYER_ID": key.id,
            "PCD_PAYER_NO": key.payer_no,
        }
    call.write(effect=effect, answered=answered)
    return Answer(answered)


def _shown(key: BillingKey) -> Fields:
    instrument, phone = key.instrument, key.payer_phone
    kind = "CARD" if key.method == "card" else "BANK"
    return {
        "PCD_PAY_RST": "success",
        "PCD_PAY_CODE": "0000",
        "PCD_PAY_MSG": "회원조회 성공",
        "PCD_PAY_TYPE": key.method,
        "PCD_PAY_WORK": "PUSERINFO",
        "PCD_PAY_BANKACCTYPE": HOLDERS[instrument.holder],
        "PCD_PAYER_ID": key.id,
        "PCD_PAYER_NAME": key.payer_name,
        "PCD_PAYER_HP": f"{phone[:3]}-****-{phone[-4:]}" if phone else "",
        f"PCD_PAY_{kind}": instrument.code,
        f"PCD_PAY_{kind}NAME": instrument.name,
        f"PCD_PAY_{kind}NUM": instrument.number,
    }


def deregister_by_payple(db: sqlite3.Connection, run: Run, key: BillingKey) -> None:
    """Deregister a key without the merchant's request; a webhook says so."""
    store.delete(db, BillingKey, run=key.run, id=key.id)
    asked, note = {"PCD_PAYER_ID": key.id}, "done behind the shop's back"
    ledger.write(db, run, "key_deletion", effect="deregistered", note=note, asked=asked)
    body = {
        "PCD_CST_ID": key.run,
        "PCD_PAY_WORK": "PUSERDEL",
        "PCD_PAY_RST": "success",
        "PCD_PAY_MSG": DEREGISTERED_BEHIND,
        "PCD_PAY_TYPE": key.method,
        "PCD_PAYER_ID": key.id,
        "PCD_PAYER_NAME": key.payer_name,
        "PCD_PAYER_HP": key.payer_phone,
    }
    webhooks.announce(db, run, "deregistered", body, name=key.id)
