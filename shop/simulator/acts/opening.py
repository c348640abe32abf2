"""The merchant's page opens a payment window (quick guide 3-3)."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace

from shop.simulator import billing_keys, messages, payments, runs, tokens
from shop.simulator.acts.telling import tell, tell_refusal
from shop.simulator.billing_keys import BillingKey
from shop.simulator.ledger import Effect
from shop.simulator.payment import CashReceipt, Payment, new_key
from shop.simulator.purposes import WINDOW
from shop.simulator.rulebook import RULES, Rule
from shop.simulator.rules import opening, partner
from shop.simulator.runs import PUBLIC_TEST_RUN, Run
from shop.simulator.tokens import Token


@dataclass(frozen=True)
class Refused:
    """A window that does not open: the rule, the result for the merchant, and the page that it is delivered to."""

    rule: Rule
    result: dict[str, str]
    page_origin: str


def open_window(db: sqlite3.Connection, asked: dict[str, str], referer: str) -> Payment | Refused:
    """Take the hidden form of the merchant's page: with an AuthKey, which is used up by this, or with a clientKey."""
    token = tokens.by_auth_key(db, asked.get("PCD_AUTH_KEY", ""))
    known = _run_of(db, asked, token)
    run = known or PUBLIC_TEST_RUN
    broken = _broken_by_caller(asked, token, known, referer) or opening.broken_by_fields(asked, run.policy)
    if token and not asked.get("clientKey"):
        tokens.spend(db, token, run.now())
    asked = asked | {"PCD_PAY_OID": asked.get("PCD_PAY_OID") or generated_oid(run)}
    key = billing_keys.by_id(db, run.id, asked.get("PCD_PAYER_ID", ""))
    broken = broken or opening.broken_by_key(asked, key)
    if not broken and payments.completed(db, run.id, asked["PCD_PAY_OID"]):
        broken = RULES["oid_duplicate"]
    page_origin = partner.origin_of(asked.get("PCD_HTTP_REFERER", "")) or partner.origin_of(referer)
    if broken:
        return _refuse(db, run, asked, broken, page_origin, token)
    payment = opened(asked, run, page_origin, key)
    payments.save(db, payment)
    tell(db, run, payment, "window", Effect.OPENED, asked=asked, follows=token.seq if token else None)
    return payment


def _run_of(db: sqlite3.Connection, asked: Mapping[str, str], token: Token | None) -> Run | None:
    if asked.get("clientKey"):
        return runs.by_client_key(db, asked["clientKey"])
    return runs.by_id(db, token.run) if token else None


def _broken_by_caller(asked: Mapping[str, str], token: Token | None, run: Run | None, referer: str) -> Rule | None:
    page_url = asked.get("PCD_HTTP_REFERER", "")
    if asked.get("clientKey"):
        return _broken_by_client_key(run, partner.host_of(page_url or referer))
    broken = partner.broken_by_token(token, WINDOW, (run or PUBLIC_TEST_RUN).now())
    return broken or opening.broken_by_page(token.host if token else "", referer, page_url)


def _broken_by_client_key(run: Run | None, host: str) -> Rule | None:
    if run is None:
        return RULES["partner_unknown"]
    return None if partner.is_registered(host, run.domains) else RULES["page_unregistered"]


def _refuse(
    db: sqlite3.Connection, run: Run, asked: dict[str, str], broken: Rule, page_origin: str, token: Token | None
) -> Refused:
    result = messages.refused_window(asked, broken)
    follows = token.seq if token else None
    tell_refusal(db, run, "window", broken, oid=asked["PCD_PAY_OID"], follows=follows, asked=asked, answered=result)
    return Refused(broken, result, page_origin)


def opened(asked: dict[str, str], run: Run, page_origin: str, key: BillingKey | None) -> Payment:
    """A payment as its window finds it; a password window knows the instrument already."""
    is_registration = asked["PCD_PAY_WORK"] == "AUTH"
    wants_receipt = (asked["PCD_PAY_TYPE"], asked.get("PCD_TAXSAVE_FLAG"), is_registration) == ("transfer", "Y", False)
    payment = Payment(
        token=new_key(),
        run=run.id,
        oid=asked["PCD_PAY_OID"],
        method=asked["PCD_PAY_TYPE"],
        work=asked["PCD_PAY_WORK"],
        total=0 if is_registration else int(asked["PCD_PAY_TOTAL"]),
        goods=asked.get("PCD_PAY_GOODS", ""),
        tax=0 if is_registration else opening.contained_tax(asked),
        asked=asked,
        page_origin=page_origin,
        opened_at=run.now(),
        receipt=CashReceipt("requested" if wants_receipt else "none"),
        payer_name=asked.get("PCD_PAYER_NAME", "") or (key.payer_name if key else ""),
    )
    return replace(payment, instrument=key.instrument) if key and payment.has_known_instrument else payment


def generated_oid(run: Run) -> str:
    """The number of a payment to which the merchant gives none."""
    return f"{run.id}{secrets.randbelow(10**10):010d}{int(run.now().timestamp() * 1000)}"
