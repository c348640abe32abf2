"""A cancel: money goes back, by the merchant's request or behind its back (quick guide 4-3)."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import Unpack

from shop.simulator import clock, payments
from shop.simulator.acts.admitting import admit
from shop.simulator.acts.announce import announce_cancel
from shop.simulator.acts.governing import governed_by_number
from shop.simulator.acts.telling import Details, tell, tell_refusal
from shop.simulator.answer import Answer, refusal
from shop.simulator.ledger import Effect
from shop.simulator.payment import Payment
from shop.simulator.purposes import CANCEL
from shop.simulator.rulebook import Rule
from shop.simulator.rules import refunding
from shop.simulator.runs import Run

DONE = {"card": "승인취소성공", "transfer": "환불성공"}
RECEIPT_SETTLED = {"PCD_TAXSAVE_RST": "0000", "PCD_TAXSAVE_MSG": "현금영수증 발행취소 성공"}
RECEIPT_FAILED = {"PCD_TAXSAVE_RST": "-10002122", "PCD_TAXSAVE_MSG": "현금영수증 발행취소 실패.."}
BEHIND = "done behind the shop's back"


def cancel(db: sqlite3.Connection, origin: str, asked: dict[str, str], run: Run) -> Answer:
    """Cancel a part or all of what is left. The same request sent twice is two cancels: there is no key against it."""
    run = governed_by_number(db, run, asked.get("PCD_PAY_OID", ""))
    admission = admit(db, run, asked, CANCEL)
    broken = admission.broken or refunding.broken_by_request(asked, run.refund_key)
    before = broken or refunding.cancellable(asked, payments.completed(db, run.id, asked["PCD_PAY_OID"]), run.policy)
    if isinstance(before, Rule):
        return _refuse(db, run, asked, admission.follows, before)
    amount, tax = int(asked["PCD_REFUND_TOTAL"]), refunding.tax_given(asked)
    after = refunding.cancelled(before, amount, tax, run.policy, run.now())
    if isinstance(after, Rule):
        return _refuse(db, run, asked, admission.follows, after, before.method)
    done = refunding.with_receipt(after, run.policy, run.now())
    answered = _answer(done, origin) | _receipt_told(before, run)
    _keep(db, run, before, done, asked=asked, answered=answered, follows=admission.follows)
    announce_cancel(db, origin, run, done)
    return Answer(answered)


def cancel_behind(db: sqlite3.Connection, origin: str, run: Run, payment: Payment, amount: int) -> Payment | Rule:
    """Somebody cancels in Payple's partner admin: the shop hears nothing. The VAT is split in proportion."""
    splitting = replace(run.policy, mixed_refund_tax="split")
    after = refunding.cancelled(payment, amount, "", splitting, run.now())
    if isinstance(after, Rule):
        return after
    done = refunding.with_receipt(after, run.policy, run.now())
    _keep(db, run, payment, done, note=BEHIND)
    announce_cancel(db, origin, run, done)
    return done


def _keep(db: sqlite3.Connection, run: Run, before: Payment, after: Payment, **details: Unpack[Details]) -> None:
    payments.save(db, after)
    details["amount"] = after.cancellations[-1].amount
    tell(db, run, after, "cancel", Effect.CANCELLED, **details)
    if after.receipt.amount != before.receipt.amount:
        effect = Effect.RECEIPT_REDUCED if after.receipt.amount else Effect.RECEIPT_CANCELLED
        tell(db, run, after, "receipt", effect, amount=after.receipt.amount, note="follows the refund")


def _answer(payment: Payment, origin: str) -> dict[str, str]:
    done = payment.cancellations[-1]
    fields = {
        "PCD_PAY_RST": "success",
        "PCD_PAY_CODE": "PAYC0000",
        "PCD_PAY_MSG": DONE[payment.method],
        "PCD_PAY_OID": payment.oid,
        "PCD_PAY_TYPE": payment.method,
        "PCD_PAYER_ID": payment.payer_id,
        "PCD_PAYER_NO": payment.asked.get("PCD_PAYER_NO", "") or "0",
        "PCD_PAY_GOODS": payment.goods,
        "PCD_REFUND_TOTAL": str(done.amount),
        "PCD_REFUND_TAXTOTAL": str(done.tax),
        "PCD_PAY_TIME": clock.stamp(done.at),
    }
    return fields | (_slip(payment, origin) if payment.method == "card" else {})


def _slip(payment: Payment, origin: str) -> dict[str, str]:
    return {
        "PCD_PAY_CARDTRADENUM": payment.cancellations[-1].trade_key,
        "PCD_PAY_CARDRECEIPT": f"{origin}/slip/{payment.slip_key}?cancel={len(payment.cancellations)}",
    }


def _receipt_told(before: Payment, run: Run) -> dict[str, str]:
    """The refund is done either way; a receipt that did not follow it has to be cancelled by itself later."""
    if before.receipt.state != "issued":
        return {}
    return RECEIPT_SETTLED if run.policy.receipt_on_refund == "settled" else RECEIPT_FAILED


def _refuse(
    db: sqlite3.Connection, run: Run, asked: dict[str, str], follows: int | None, broken: Rule, method: str = ""
) -> Answer:
    oid = asked.get("PCD_PAY_OID", "")
    answered = refusal(broken, method, PCD_PAY_OID=oid)
    tell_refusal(db, run, "cancel", broken, oid=oid, asked=asked, answered=answered, follows=follows)
    return Answer(answered)
