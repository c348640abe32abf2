"""Who calls a server API: three tokens of one authentication for this purpose, used up by the call."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace

from shop.simulator import tokens
from shop.simulator.purposes import Purpose
from shop.simulator.rulebook import Rule
from shop.simulator.rules.partner import belongs_together, broken_by_token
from shop.simulator.runs import Run


@dataclass(frozen=True)
class Admission:
    """`follows` is the ledger line of the authentication, `broken` the rule that keeps the caller out."""

    follows: int | None
    broken: Rule | None


def admit(db: sqlite3.Connection, run: Run, asked: Mapping[str, str], purpose: Purpose) -> Admission:
    """Look at the tokens of a request and use them up; a refusal has the code of the purpose, if it has one."""
    token = tokens.by_auth_key(db, asked.get("PCD_AUTH_KEY", ""))
    token = belongs_together(token, asked.get("PCD_CST_ID", ""), asked.get("PCD_CUST_KEY", ""))
    broken = broken_by_token(token, purpose, run.now())
    if token:
        tokens.spend(db, token, run.now())
    return Admission(token.seq if token else None, _worded(broken, purpose))


def _worded(broken: Rule | None, purpose: Purpose) -> Rule | None:
    if broken is None:
        return None
    code = purpose.access_code if broken.id == "token_purpose" else purpose.session_code
    return replace(broken, code=code, transfer_code="") if code else broken
