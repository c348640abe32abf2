"""A transfer's cash receipt by API: issued after the payment, or cancelled by itself (현금영수증 API)."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from shop.simulator import payments
from shop.simulator.acts.admitting import admit
from shop.simulator.acts.telling import tell, tell_refusal
from shop.simulator.answer import Answer, refusal
from shop.simulator.ledger import Effect
from shop.simulator.payment import Payment
from shop.simulator.purposes import RECEIPT_CANCEL, RECEIPT_ISSUE, Purpose
from shop.simulator.rulebook import Rule
from shop.simulator.rules import receipting
from shop.simulator.runs import Run


@dataclass(frozen=True)
class ReceiptAct:
    """`change` makes the payment as it is afterwards, or names the broken rule; `code` and `message` say it is done."""

    purpose: Purpose
    change: Callable[[Mapping[str, str], Payment, datetime], Payment | Rule]
    effect: Effect
    code: str
    message: str


ISSUE = ReceiptAct(RECEIPT_ISSUE, receipting.issued, Effect.RECEIPT_ISSUED, "TSRG0000", "현금영수증 발행완료")
CANCEL = ReceiptAct(RECEIPT_CANCEL, receipting.cancelled, Effect.RECEIPT_CANCELLED, "0000", "현금영수증 발행취소 완료")
ACTS = {"TSREG": ISSUE, "TSCANCEL": CANCEL}


def change_receipt(db: sqlite3.Connection, act: ReceiptAct, asked: dict[str, str], run: Run) -> Answer:
    """Issue the one receipt that a paid transfer may have, or cancel it; another may be issued afterwards."""
    admission, oid = admit(db, run, asked, act.purpose), asked.get("PCD_PAY_OID", "")
    refuse = partial(_refuse, db, run, act, asked, admission.follows)
    before = admission.broken or receipting.receiptable(asked, payments.completed(db, run.id, oid))
    if isinstance(before, Rule):
        return refuse(before)
    after = act.change(asked, before, run.now())
    if isinstance(after, Rule):
        return refuse(after)
    payments.save(db, after)
    amount = after.receipt.amount or before.receipt.amount
    answered = _answer(after, act, amount)
    follows = admission.follows
    tell(db, run, after, act.purpose.id, act.effect, amount=amount, asked=asked, answered=answered, follows=follows)
    return Answer(answered)


def _answer(payment: Payment, act: ReceiptAct, amount: int) -> dict[str, str]:
    return {
        "PCD_PAY_RST": "success",
        "PCD_PAY_CODE": act.code,
        "PCD_PAY_MSG": act.message,
        "PCD_PAY_WORK": act.purpose.flags["PCD_PAY_WORK"],
        "PCD_PAYER_ID": payment.payer_id,
        "PCD_PAY_OID": payment.oid,
        "PCD_TAXSAVE_AMOUNT": str(amount),
        "PCD_TAXSAVE_MGTNUM": payment.receipt.number,
    }


def _refuse(
    db: sqlite3.Connection,
    run: Run,
    act: ReceiptAct,
    asked: dict[str, str],
    follows: int | None,
    broken: Rule,
) -> Answer:
    oid = asked.get("PCD_PAY_OID", "")
    answered = refusal(broken, "transfer", PCD_PAY_WORK=act.purpose.flags["PCD_PAY_WORK"], PCD_PAY_OID=oid)
    tell_refusal(db, run, act.purpose.id, broken, oid=oid, asked=asked, answered=answered, follows=follows)
    return Answer(answered)
