"""A transfer's cash receipt by API: issued after the payment, or cancelled by itself (현금영수증 API)."""

import re
from dataclasses import replace

from flask import Blueprint, Response, abort, request

from shop.simulator import clock, messages, payment
from shop.simulator.api.authentication import RECEIPT_CANCEL, RECEIPT_ISSUE, Purpose, serve_with_tokens
from shop.simulator.api.charge import issued_receipt
from shop.simulator.calls import Answer, Call, Refused, refuse_if
from shop.simulator.fields import Fields, is_number, month_of
from shop.simulator.payment import CashReceipt, Payment

bp = Blueprint("cash_receipt", __name__)
PURPOSES = {"TSREG": RECEIPT_ISSUE, "TSCANCEL": RECEIPT_CANCEL}
# A mobile or other personal number (a cash-receipt card has up to 19 digits); a business number has ten.
IDENTITIES = {"personal": r"\d{10,19}", "company": r"\d{10}"}


@bp.post("/php/taxsave/api/tsAct.php")
def cash_receipt() -> Response:
    """Issue or cancel: `ACT_` says which."""
    work = request.args.get("ACT_", "")
    purpose = PURPOSES.get(work) or abort(404)

    def refuse(call: Call, refused: Refused) -> Fields:
        return messages.refusal(refused.rule, "transfer", PCD_PAY_WORK=work, PCD_PAY_OID=call.oid)

    return serve_with_tokens(purpose, lambda call: _change(call, purpose), refuse)


def _change(call: Call, purpose: Purpose) -> Answer:
    before = _transfer(call)
    is_issue = purpose is RECEIPT_ISSUE
    receipt = _issued(call.asked, before) if is_issue else _cancelled(call, before.receipt)
    payment.save(call.db, replace(before, receipt=receipt))
    amount = receipt.amount or before.receipt.amount
    answered = {
        "PCD_PAY_RST": "success",
        "PCD_PAY_CODE": "TSRG0000" if is_issue else "0000",
        "PCD_PAY_MSG": "현금영수증 발행완료" if is_issue else "현금영수증 발행취소 완료",
        "PCD_PAY_WORK": purpose.flags["PCD_PAY_WORK"],
        "PCD_PAYER_ID": before.payer_id,
        "PCD_PAY_OID": before.oid,
        "PCD_TAXSAVE_AMOUNT": str(amount),
        "PCD_TAXSAVE_MGTNUM": receipt.number,
        **month_of(before.asked),
    }
    effect = "receipt_issued" if is_issue else "receipt_cancelled"
    call.write(before, effect=effect, amount=amount, answered=answered)
    return Answer(answered)


def _transfer(call: Call) -> Payment:
    asked = call.asked
    refuse_if(not asked.get("PCD_PAYER_ID") or not asked.get("PCD_PAY_OID"), "receipt_field_missing")
    paid = payment.completed(call.db, call.run.id, asked["PCD_PAY_OID"])
    if paid is None:
        raise Refused("receipt_payment_unknown")
    refuse_if(paid.method != "transfer", "receipt_for_card")
    refuse_if(asked["PCD_PAYER_ID"] != paid.payer_id, "receipt_payer_differs")
    use, number = asked.get("PCD_TAXSAVE_TRADEUSE") or "personal", asked.get("PCD_TAXSAVE_IDENTINUM", "")
    refuse_if(use not in IDENTITIES, "receipt_identity_wrong")
    is_right = re.fullmatch(IDENTITIES[use], number.replace("-", ""), re.ASCII) is not None
    refuse_if(number and not is_right, "receipt_identity_wrong")
    return paid


def _issued(asked: Fields, paid: Payment) -> CashReceipt:
    """Never two, never above what was paid and not refunded, which is the amount of requests without one."""
    refuse_if(paid.receipt.state == "issued", "receipt_twice")
    amount = asked.get("PCD_TAXSAVE_AMOUNT", "").strip() or str(paid.remainder)
    refuse_if(not is_number(amount) or not 0 < int(amount) <= paid.remainder, "receipt_above_paid")
    holder = paid.instrument.holder if paid.instrument else "personal"
    return issued_receipt(asked.get("PCD_TAXSAVE_TRADEUSE") or paid.receipt.use or holder, int(amount))


def _cancelled(call: Call, receipt: CashReceipt) -> CashReceipt:
    """No amount, or zero, is all of it."""
    refuse_if(receipt.state != "issued", "receipt_cancelled" if receipt.state == "cancelled" else "receipt_none")
    amount = call.asked.get("PCD_TAXSAVE_AMOUNT", "").strip()
    refuse_if(amount not in ("", "0", str(receipt.amount)), "receipt_amount_differs")
    refuse_if(clock.trade_date(call.run.now()) < receipt.blocked_until, "receipt_cancel_blocked")
    return replace(receipt, state="cancelled", amount=0, blocked_until="")
