"""A cancel: money goes back, by the merchant's request or behind its back (quick guide 4-3)."""

import sqlite3
from dataclasses import replace
from datetime import datetime, timedelta

from flask import Blueprint, Response

from shop.simulator import clock, ledger, messages, payment, scenarios, webhooks
from shop.simulator.api.authentication import CANCEL, serve_with_tokens
from shop.simulator.calls import Answer, Call, Refused, refuse_if
from shop.simulator.fields import Fields, is_mixed, is_number, month_of
from shop.simulator.payment import Cancellation, Payment, State, trade_key
from shop.simulator.policy import Policy
from shop.simulator.runs import Run
from shop.simulator.web import settings

bp = Blueprint("cancel", __name__)
NEVER = "99991231"
NEEDED = ("PCD_PAY_OID", "PCD_PAY_DATE", "PCD_REFUND_TOTAL")
DONE = {"card": "승인취소성공", "transfer": "환불성공"}
RECEIPT_SETTLED = {"PCD_TAXSAVE_RST": "0000", "PCD_TAXSAVE_MSG": "현금영수증 발행취소 성공"}
RECEIPT_FAILED = {"PCD_TAXSAVE_RST": "-10002122", "PCD_TAXSAVE_MSG": "현금영수증 발행취소 실패.."}


@bp.post("/php/account/api/cPayCAct.php")
def cancel() -> Response:
    """Cancel a part or all of what is left. The same request sent twice is two cancels: there is no key against it."""
    return serve_with_tokens(CANCEL, _cancel, _refused)


def _refused(call: Call, refused: Refused) -> Fields:
    return messages.refusal(refused.rule, PCD_PAY_OID=call.oid)


def _cancel(call: Call) -> Answer:
    asked = call.asked
    _check(asked, call.run.refund_key)
    before = payment.completed(call.db, call.run.id, asked["PCD_PAY_OID"])
    run = scenarios.governed(call.run, before)
    if before is None or not before.has_date(asked["PCD_PAY_DATE"], run.policy):
        raise Refused("cancel_payment_unknown")
    tax = asked.get("PCD_REFUND_TAXTOTAL") or asked.get("PCD_PAY_TAXTOTAL", "")  # its older name
    tax = "" if tax == "NaN" else tax  # a sample sends that
    after = _refunded(before, int(asked["PCD_REFUND_TOTAL"]), tax, run.policy, run.now())
    answered = _answer(after)
    if before.receipt.state == "issued":  # one that does not follow the refund has to be cancelled by itself later
        answered |= RECEIPT_SETTLED if run.policy.receipt_on_refund == "settled" else RECEIPT_FAILED
    payment.save(call.db, after)
    call.write(after, effect="cancelled", amount=after.cancellations[-1].amount, answered=answered)
    _follow_up(call.db, run, before, after)
    return Answer(answered)


def cancel_in_admin(db: sqlite3.Connection, run: Run, before: Payment, amount: int) -> Payment:
    """Cancel as in Payple's partner admin, without the shop. The VAT is split in proportion.

    Raises Refused.
    """
    splitting = replace(run.policy, mixed_refund_tax="split")
    after = _refunded(before, amount, "", splitting, run.now())
    payment.save(db, after)
    ledger.write(db, run, "cancel", after, effect="cancelled", amount=amount, note="done behind the shop's back")
    _follow_up(db, run, before, after)
    return after


def _check(asked: Fields, refund_key: str) -> None:
    refuse_if(asked.get("PCD_REFUND_KEY") != refund_key, "refund_key_wrong")
    if asked.get("PCD_PAYCANCEL_FLAG") != "Y" or not all(asked.get(name) for name in NEEDED):
        raise Refused("cancel_field_missing")
    refuse_if(not is_number(asked["PCD_REFUND_TOTAL"]) or not int(asked["PCD_REFUND_TOTAL"]), "cancel_amount_malformed")


def _refunded(before: Payment, amount: int, tax_given: str, policy: Policy, now: datetime) -> Payment:
    refuse_if(not before.remainder, "already_cancelled")
    refuse_if(amount > before.remainder, "cancel_above_remainder")
    tax = _tax(before, amount, tax_given, policy)
    cancellation = Cancellation(amount, tax, now, trade_key(now) if before.method == "card" else "")
    state = State.CANCELLED if amount == before.remainder else State.PARTIALLY_CANCELLED
    after = replace(before, state=state, cancellations=(*before.cancellations, cancellation))
    return _with_receipt(after, policy, now)


def _tax(before: Payment, amount: int, given: str, policy: Policy) -> int:
    left, mixed = before.tax - before.refunded_tax, is_mixed(before.asked)
    if given and not (given == "0" and not mixed):  # samples send 0 with every order that is not mixed
        refuse_if(not is_number(given) or int(given) > min(left, amount), "cancel_tax_wrong")
        return int(given)
    if amount == before.remainder:
        return left
    refuse_if(mixed and policy.mixed_refund_tax == "required", "cancel_tax_missing")
    return (left * amount * 2 + before.remainder) // (2 * before.remainder)


def _with_receipt(after: Payment, policy: Policy, now: datetime) -> Payment:
    receipt = after.receipt
    if receipt.state != "issued":
        return after
    if policy.receipt_on_refund == "settled":
        left = min(receipt.amount, after.remainder)
        state = "issued" if left else "cancelled"
        return replace(after, receipt=replace(receipt, state=state, amount=left, blocked_until=""))
    tomorrow = clock.trade_date(now + timedelta(days=1))
    until = NEVER if policy.receipt_on_refund == "fail_for_good" else tomorrow
    return replace(after, receipt=replace(receipt, blocked_until=until))


def _follow_up(db: sqlite3.Connection, run: Run, before: Payment, after: Payment) -> None:
    left = after.receipt.amount
    if left != before.receipt.amount:
        effect = "receipt_reduced" if left else "receipt_cancelled"
        ledger.write(db, run, "receipt", after, effect=effect, amount=left, note="follows the refund")
    webhooks.announce_cancel(db, run, after)


def _answer(after: Payment) -> Fields:
    done = after.cancellations[-1]
    fields = {
        "PCD_PAY_RST": "success",
        "PCD_PAY_CODE": "PAYC0000",
        "PCD_PAY_MSG": DONE[after.method],
        "PCD_PAY_OID": after.oid,
        "PCD_PAY_TYPE": after.method,
        "PCD_PAYER_ID": after.payer_id,
        "PCD_PAYER_NO": after.asked.get("PCD_PAYER_NO", "") or "0",
        "PCD_PAY_GOODS": after.goods,
        "PCD_REFUND_TOTAL": str(done.amount),
        "PCD_REFUND_TAXTOTAL": str(done.tax),
        "PCD_PAY_TIME": clock.stamp(done.at),
        **month_of(after.asked),
    }
    if after.method == "transfer":
        return fields
    slip = f"{settings().origin}/slip/{after.slip_key}?cancel={len(after.cancellations)}"
    return fields | {"PCD_PAY_CARDTRADENUM": done.trade_key, "PCD_PAY_CARDRECEIPT": slip}
