"""A billing key is taken back at Payple or at the bank, not by the merchant, who hears of it by webhook only."""

from __future__ import annotations

import sqlite3

from shop.simulator import billing_keys, ledger
from shop.simulator.acts.announce import announce_deregistration
from shop.simulator.billing_keys import BillingKey
from shop.simulator.ledger import Effect, Entry
from shop.simulator.runs import Run


def deregister_behind(db: sqlite3.Connection, run: Run, key: BillingKey) -> None:
    """From now on this key pays no more."""
    billing_keys.delete(db, key)
    asked, note = {"PCD_PAYER_ID": key.id}, "done behind the shop's back"
    ledger.write(db, Entry(run.id, run.now(), "key_deletion", effect=Effect.DEREGISTERED, note=note, asked=asked))
    announce_deregistration(db, run, key)
