"""A payment link: registered by a merchant's server, opened by whoever has its address (링크결제 API)."""

from __future__ import annotations

import secrets
import sqlite3
from dataclasses import replace

from shop.simulator import ledger, links, payments
from shop.simulator.acts.admitting import admit
from shop.simulator.acts.opening import generated_oid, opened
from shop.simulator.acts.telling import tell, tell_refusal
from shop.simulator.answer import Answer
from shop.simulator.ledger import Effect, Entry
from shop.simulator.links import Link
from shop.simulator.payment import Payment
from shop.simulator.purposes import LINK
from shop.simulator.rules import linking
from shop.simulator.rules.repaying import SECRETS
from shop.simulator.runs import Run

DONE = "링크생성이 완료되었습니다."


def register_link(db: sqlite3.Connection, origin: str, asked: dict[str, str], run: Run) -> Answer:
    """Make an address under which the order can be paid."""
    admission = admit(db, run, asked, LINK)
    broken = admission.broken or linking.broken_by_link(asked, run.policy, run.now())
    if broken:
        answered = {"PCD_LINK_RST": "error", "PCD_LINK_MSG": f"[{broken.code}] {broken.message_for('')}"}
        tell_refusal(db, run, "link", broken, asked=asked, answered=answered, follows=admission.follows)
        return Answer(answered)
    kept = {name: value for name, value in asked.items() if name not in SECRETS}
    link = Link(secrets.token_hex(16), run.id, kept)
    links.save(db, link)
    answered = _answer(link, origin)
    entry = Entry(run.id, run.now(), "link", asked=asked, answered=answered, follows=admission.follows)
    ledger.write(db, entry)
    return Answer(answered)


def open_link(db: sqlite3.Connection, run: Run, link: Link, method: str) -> Payment:
    """A payer opens the window of a link: a payment of its own every time."""
    asked = linking.call(link.asked, method) | {"PCD_PAY_OID": generated_oid(run)}
    payment = replace(opened(asked, run, "", None), link=link.key)
    payments.save(db, payment)
    tell(db, run, payment, "window", Effect.OPENED, asked=asked, note=f"link {link.key}")
    return payment


def _answer(link: Link, origin: str) -> dict[str, str]:
    echo = {name: value for name, value in link.asked.items() if name.startswith(("PCD_PAY_", "PCD_CARD_"))}
    return {
        "PCD_LINK_RST": "success",
        "PCD_LINK_MSG": DONE,
        **echo,
        "PCD_TAXSAVE_FLAG": link.asked.get("PCD_TAXSAVE_FLAG", ""),
        "PCD_LINK_EXPIREDATE": link.asked.get("PCD_LINK_EXPIREDATE", ""),
        "PCD_LINK_KEY": link.key,
        "PCD_LINK_URL": f"{origin}/php/link/?SID={link.key}",
        "PCD_LINK_MEMO": link.asked.get("PCD_LINK_MEMO", ""),
    }
