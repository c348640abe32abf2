"""Partner authentication: fixed keys in, tokens for one request of one purpose out (quick guide 3-2)."""

import base64
import secrets
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from flask import Blueprint, Response, request

from shop.simulator import runs, store
from shop.simulator.calls import Act, Answer, Call, Refuse, Refused, refuse_if, serve
from shop.simulator.codes import MESSAGES
from shop.simulator.fields import Fields
from shop.simulator.store import Row
from shop.simulator.web import database, host_of, read_message, settings

bp = Blueprint("authentication", __name__)
LIFETIME = timedelta(minutes=30)
DONE = "사용자 인증 완료!!"
WINDOW_WORKS = ("", "PAY", "CERT", "AUTH")


@dataclass(frozen=True)
class Purpose:
    """What an authentication may be for: the flags that ask for it, and the address that it returns.

    `reusable`: one authentication may serve many requests while it lives (documented for inquiries only).
    `session_code` answers an unknown, expired or used token and `access_code` one for another purpose, where the
    operation has codes of its own for that. `takes_raw_keys`: the partner's own keys do beside the AuthKey, too.
    Purposes with the same `id` take each other's tokens: merchants authenticate for either re-payment.
    """

    id: str
    path: str
    flags: Mapping[str, str] = field(default_factory=dict)
    reusable: bool = False
    session_code: str = ""
    access_code: str = ""
    takes_raw_keys: bool = True


WINDOW = Purpose("window", "/index.php?ACT_=PAYM&CPAYVER=202102051731")
INQUIRY = Purpose("inquiry", "/php/PayChkAct.php", {"PCD_PAYCHK_FLAG": "Y"}, reusable=True)
CANCEL = Purpose(
    "cancel", "/php/account/api/cPayCAct.php", {"PCD_PAYCANCEL_FLAG": "Y"},
    session_code="PAYC0001", access_code="PAYC0001", takes_raw_keys=False,
)  # fmt: skip
RECEIPT_ISSUE = Purpose("receipt_issue", "/php/taxsave/api/tsAct.php?ACT_=TSREG", {"PCD_PAY_WORK": "TSREG"})
RECEIPT_CANCEL = Purpose("receipt_cancel", "/php/taxsave/api/tsAct.php?ACT_=TSCANCEL", {"PCD_PAY_WORK": "TSCANCEL"})
REPAY_CARD = Purpose(
    "repay_card", "/php/SimplePayCardAct.php?ACT_=PAYM", {"PCD_PAY_TYPE": "card", "PCD_SIMPLE_FLAG": "Y"},
    session_code="SPCD0004", access_code="SPCD9998",
)  # fmt: skip
REPAY_TRANSFER = Purpose(
    "repay_transfer", "/php/SimplePayAct.php?ACT_=PAYM", {"PCD_PAY_TYPE": "transfer", "PCD_SIMPLE_FLAG": "Y"},
    session_code="SPAY0001", access_code="SPAY0019",
)  # fmt: skip
MONTHLY_CARD = Purpose(
    "repay_card", "/php/RePayCardAct.php?ACT_=PAYM", {"PCD_PAY_TYPE": "card", "PCD_REGULER_FLAG": "Y"},
    session_code="RPCD0006", access_code="RPCD9998",
)  # fmt: skip
MONTHLY_TRANSFER = Purpose(
    "repay_transfer", "/php/RePayAct.php?ACT_=PAYM", {"PCD_PAY_TYPE": "transfer", "PCD_REGULER_FLAG": "Y"},
    session_code="SPAY0001", access_code="SPAY0019",
)  # fmt: skip
KEY_LOOKUP = Purpose("key_lookup", "/php/cPayUser/api/cPayUserAct.php?ACT_=PUSERINFO", {"PCD_PAY_WORK": "PUSERINFO"})
KEY_DELETION = Purpose("key_deletion", "/php/cPayUser/api/cPayUserAct.php?ACT_=PUSERDEL", {"PCD_PAY_WORK": "PUSERDEL"})
LINK = Purpose("link", "/php/link/api/LinkRegAct.php?ACT_=LINKREG", {"PCD_PAY_WORK": "LINKREG"})
PURPOSES = (
    *(WINDOW, INQUIRY, CANCEL, RECEIPT_ISSUE, RECEIPT_CANCEL),
    *(REPAY_CARD, REPAY_TRANSFER, MONTHLY_CARD, MONTHLY_TRANSFER, KEY_LOOKUP, KEY_DELETION, LINK),
)


@dataclass(frozen=True)
class Token(Row):
    """Three values from one authentication; `host` is that of its Referer, blank if there was none.

    `seq` is the ledger line that tells of the authentication.
    """

    table = "tokens"

    auth_key: str
    run: str
    cst_id: str
    cust_key: str
    purpose: str
    host: str
    issued_at: datetime
    seq: int
    used_at: datetime | None = None


@bp.post("/php/auth.php")
def authentication() -> Response:
    """Hand out tokens; the purpose flags decide the address to go to next."""
    asked = read_message()
    with database().reading() as db:
        run = runs.by_id_or_default(db, asked.get("cst_id", ""))
    host = host_of(request.headers.get("Referer", ""))
    return serve("auth", run, asked, lambda call: _authenticate(call, host), _refused, oid="")


def _authenticate(call: Call, host: str) -> Answer:
    asked, run, call.note = call.asked, call.run, f"Referer: {host or '-'}"
    refuse_if(not asked.get("cst_id"), "cst_id_missing")
    refuse_if(asked["cst_id"] != run.id, "partner_unknown")
    refuse_if(asked.get("custKey") != run.cust_key, "cust_key_wrong")
    refuse_if(not run.registers(host), "domain_unregistered")
    purpose = _chosen_by(asked)
    if purpose is None:
        raise Refused("purpose_unknown")
    token = Token(new_auth_key(), run.id, _short_token(), _short_token(), purpose.id, host, run.now(), seq=0)
    answered = _granted(token, purpose)
    seq = call.write(answered=answered)
    store.insert(call.db, replace(token, seq=seq))
    return Answer(answered)


def _chosen_by(asked: Fields) -> Purpose | None:
    """The purpose of the flags that say Y. A method counts for re-payments only, where none means a transfer."""
    flags = {name: "Y" for name in ("PCD_PAYCHK_FLAG", "PCD_PAYCANCEL_FLAG") if asked.get(name) == "Y"}
    if asked.get("PCD_PAY_WORK", "") not in WINDOW_WORKS:
        flags["PCD_PAY_WORK"] = asked["PCD_PAY_WORK"]
    repayments = [name for name in ("PCD_REGULER_FLAG", "PCD_SIMPLE_FLAG") if asked.get(name) == "Y"]
    if repayments and not flags:
        flags = {repayments[0]: "Y", "PCD_PAY_TYPE": asked.get("PCD_PAY_TYPE") or "transfer"}
    return next((purpose for purpose in PURPOSES if purpose.flags == flags), None)


def _granted(token: Token, purpose: Purpose) -> Fields:
    origin = settings().origin
    return {
        "server_name": urlsplit(origin).netloc,
        "result": "success",
        "result_msg": DONE,
        "cst_id": token.cst_id,
        "custKey": token.cust_key,
        "AuthKey": token.auth_key,
        "PCD_PAY_HOST": origin,
        "PCD_PAY_URL": purpose.path,
        "return_url": origin + purpose.path,
    }


def _refused(_call: Call, refused: Refused) -> Fields:
    blank = dict.fromkeys(("cst_id", "custKey", "AuthKey", "PCD_PAY_HOST", "PCD_PAY_URL", "return_url"), "")
    code = refused.rule.code
    message = f"[{code}] {MESSAGES[code]}"
    return {"server_name": urlsplit(settings().origin).netloc, "result": "error", "result_msg": message, **blank}


def serve_with_tokens(purpose: Purpose, act: Act, refuse: Refuse, op: str = "") -> Response:
    asked = read_message()
    with database().reading() as db:
        token = by_auth_key(db, asked.get("PCD_AUTH_KEY", ""))
        run = runs.by_id_or_default(db, token.run if token else "")

    def admit_and_act(call: Call) -> Answer:
        _admit(call, purpose)
        return act(call)

    return serve(op or purpose.id, run, asked, admit_and_act, refuse)


def _admit(call: Call, purpose: Purpose) -> None:
    """The AuthKey comes with the two tokens of its authentication, or with the partner's own keys."""
    asked, token = call.asked, by_auth_key(call.db, call.asked.get("PCD_AUTH_KEY", ""))
    if token:
        ids, keys = {token.cst_id}, {token.cust_key}
        if purpose.takes_raw_keys:
            ids, keys = ids | {call.run.id}, keys | {call.run.cust_key}
        if asked.get("PCD_CST_ID") not in ids or asked.get("PCD_CUST_KEY") not in keys:
            token = None
    try:
        use_token(call, token, purpose)
    except Refused as refused:
        code = purpose.access_code if refused.rule.id == "token_purpose" else purpose.session_code
        raise (Refused(replace(refused.rule, code=code, transfer_code="")) if code else refused) from None


def use_token(call: Call, token: Token | None, purpose: Purpose) -> Token:
    """Use up the token of a request; refuse one that is unknown, for another purpose, expired or used."""
    if token is None:
        raise Refused("token_unknown")
    now, call.follows = call.run.now(), token.seq
    store.update(call.db, replace(token, used_at=now), auth_key=token.auth_key)
    refuse_if(token.purpose != purpose.id, "token_purpose")
    refuse_if(now - token.issued_at > LIFETIME, "token_expired")
    refuse_if(token.used_at and not purpose.reusable, "token_used")
    return token


def by_auth_key(db: sqlite3.Connection, auth_key: str) -> Token | None:
    return store.find(db, Token, auth_key=auth_key)


def new_auth_key() -> str:
    """376 characters, as AuthKeys have been for years: more than the 255 of the documents, with + and / in them."""
    return "K0Vn" + opaque(279)


def opaque(length: int) -> str:
    return base64.b64encode(secrets.token_bytes(length)).decode()


def _short_token() -> str:
    return base64.b64encode(opaque(16).encode()).decode()
