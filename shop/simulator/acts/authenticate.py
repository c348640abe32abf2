"""Partner authentication: fixed keys in, tokens for one request out (quick guide 3-2)."""

from __future__ import annotations

import sqlite3

from shop.simulator import ledger, purposes, runs, tokens
from shop.simulator.acts.telling import tell_refusal
from shop.simulator.answer import Answer
from shop.simulator.ledger import Entry
from shop.simulator.purposes import Purpose
from shop.simulator.rulebook import Rule
from shop.simulator.rules.partner import admitted, host_of
from shop.simulator.runs import PUBLIC_TEST_RUN
from shop.simulator.settings import SimulatorSettings
from shop.simulator.tokens import Token

DONE = "사용자 인증 완료!!"


def authenticate(db: sqlite3.Connection, settings: SimulatorSettings, asked: dict[str, str], referer: str) -> Answer:
    """Check the keys; bind fresh tokens to the purpose and to the Referer's host."""
    run, purpose, host = runs.by_id(db, asked.get("cst_id", "")), purposes.chosen_by(asked), host_of(referer)
    note = f"Referer: {host or '-'}"
    admission = admitted(asked, run, purpose, host)
    if isinstance(admission, Rule):
        answered = _refused(settings, admission)
        tell_refusal(db, run or PUBLIC_TEST_RUN, "auth", admission, asked=asked, answered=answered, note=note)
        return Answer(answered)
    run, purpose = admission
    token = tokens.fresh(run.id, purpose.id, host, run.now())
    answered = _granted(settings, token, purpose)
    seq = ledger.write(db, Entry(run.id, run.now(), "auth", note=note, asked=asked, answered=answered))
    tokens.keep(db, token, seq)
    return Answer(answered)


def _granted(settings: SimulatorSettings, token: Token, purpose: Purpose) -> dict[str, str]:
    return {
        "server_name": settings.server_name,
        "result": "success",
        "result_msg": DONE,
        "cst_id": token.cst_id,
        "custKey": token.cust_key,
        "AuthKey": token.auth_key,
        "PCD_PAY_HOST": settings.origin,
        "PCD_PAY_URL": purpose.path,
        "return_url": settings.origin + purpose.path,
    }


def _refused(settings: SimulatorSettings, rule: Rule) -> dict[str, str]:
    blank = dict.fromkeys(("cst_id", "custKey", "AuthKey", "PCD_PAY_HOST", "PCD_PAY_URL", "return_url"), "")
    message = f"[{rule.code}] {rule.message_for('')}"
    return {"server_name": settings.server_name, "result": "error", "result_msg": message, **blank}
