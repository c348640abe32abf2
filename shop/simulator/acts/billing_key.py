"""Looking up and deleting a billing key (등록 조회·해지 API)."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace

from shop.simulator import billing_keys, ledger
from shop.simulator.acts.admitting import admit
from shop.simulator.acts.telling import tell_refusal
from shop.simulator.answer import Answer, refusal
from shop.simulator.billing_keys import BillingKey
from shop.simulator.ledger import Effect, Entry
from shop.simulator.purposes import KEY_DELETION, KEY_LOOKUP, Purpose
from shop.simulator.rulebook import RULES, Rule
from shop.simulator.runs import Run

HOLDERS = {"personal": "개인", "company": "법인"}
DELETED = {"card": "카드해지완료", "transfer": "계좌해지완료"}


@dataclass(frozen=True)
class KeyAct:
    """What is done with a key, and what is told of it."""

    purpose: Purpose
    told: Callable[[BillingKey, Run], dict[str, str]]


def _found(key: BillingKey, _run: Run) -> dict[str, str]:
    instrument = key.instrument
    told = {
        "PCD_PAY_RST": "success",
        "PCD_PAY_CODE": "0000",
        "PCD_PAY_MSG": "회원조회 성공",
        "PCD_PAY_TYPE": key.method,
        "PCD_PAY_WORK": "PUSERINFO",
        "PCD_PAY_BANKACCTYPE": HOLDERS[instrument.holder],
        "PCD_PAYER_ID": key.id,
        "PCD_PAYER_NAME": key.payer_name,
        "PCD_PAYER_HP": _masked_phone(key.payer_phone),
    }
    kind = "CARD" if key.method == "card" else "BANK"
    code = {f"PCD_PAY_{kind}": instrument.code}
    return told | code | {f"PCD_PAY_{kind}NAME": instrument.name, f"PCD_PAY_{kind}NUM": instrument.number}


def _deleted(key: BillingKey, run: Run) -> dict[str, str]:
    return {
        "PCD_PAY_RST": "success",
        "PCD_PAY_CODE": run.policy.key_deletion_code,
        "PCD_PAY_MSG": DELETED[key.method],
        "PCD_PAY_TYPE": key.method,
        "PCD_PAY_WORK": "PUSERDEL",
        "PCD_PAYER_ID": key.id,
        "PCD_PAYER_NO": key.payer_no,
    }


LOOKUP, DELETION = KeyAct(KEY_LOOKUP, _found), KeyAct(KEY_DELETION, _deleted)
ACTS = {"PUSERINFO": LOOKUP, "PUSERDEL": DELETION}


def use_key(db: sqlite3.Connection, act: KeyAct, asked: dict[str, str], run: Run) -> Answer:
    """Tell of a key, or delete it: then it pays no more."""
    admission = admit(db, run, asked, act.purpose)
    key = billing_keys.by_id(db, run.id, asked.get("PCD_PAYER_ID", ""))
    if admission.broken or key is None:
        broken = admission.broken or RULES["key_unknown" if asked.get("PCD_PAYER_ID") else "key_missing"]
        return _refuse(db, run, act, asked, admission.follows, broken)
    if act is DELETION:
        billing_keys.delete(db, key)
    answered = act.told(key, run)
    effect = Effect.DEREGISTERED if act is DELETION else Effect.NONE
    entry = Entry(run.id, run.now(), act.purpose.id, effect=effect, follows=admission.follows)
    ledger.write(db, replace(entry, asked=asked, answered=answered))
    return Answer(answered)


def _masked_phone(phone: str) -> str:
    return f"{phone[:3]}-****-{phone[-4:]}" if phone else ""


def _refuse(
    db: sqlite3.Connection, run: Run, act: KeyAct, asked: dict[str, str], follows: int | None, broken: Rule
) -> Answer:
    answered = refusal(broken, "", PCD_PAY_WORK=act.purpose.flags["PCD_PAY_WORK"])
    tell_refusal(db, run, act.purpose.id, broken, asked=asked, answered=answered, follows=follows)
    return Answer(answered)
