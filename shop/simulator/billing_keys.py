"""Billing keys (PCD_PAYER_ID): a registered card or account that can pay again."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict, dataclass
from datetime import datetime

from shop.simulator.payment import Instrument


@dataclass(frozen=True)
class BillingKey:
    """`id` is what the merchant keeps; one instrument has one key in a run, however often it is registered."""

    id: str
    run: str
    method: str
    instrument: Instrument
    registered_at: datetime
    payer_no: str = ""
    payer_name: str = ""
    payer_phone: str = ""


def keep(db: sqlite3.Connection, key: BillingKey) -> None:
    """Insert a key, or give it another instrument; an older key of that instrument is forgotten."""
    db.execute(
        "INSERT OR REPLACE INTO billing_keys VALUES (?, ?, ?, ?)",
        (
            key.id,
            key.run,
            key.instrument.likeness or key.id,
            json.dumps(asdict(key), ensure_ascii=False, default=datetime.isoformat),
        ),
    )


def by_id(db: sqlite3.Connection, run: str, key_id: str) -> BillingKey | None:
    """The key of a PCD_PAYER_ID, while it is registered."""
    return _key(db.execute("SELECT body FROM billing_keys WHERE run = ? AND id = ?", (run, key_id)).fetchone())


def of_instrument(db: sqlite3.Connection, run: str, instrument: Instrument) -> BillingKey | None:
    """The key that this card or account has already."""
    query = "SELECT body FROM billing_keys WHERE run = ? AND likeness = ?"
    return _key(db.execute(query, (run, instrument.likeness)).fetchone()) if instrument.likeness else None


def delete(db: sqlite3.Connection, key: BillingKey) -> None:
    """Deregister a card or an account."""
    db.execute("DELETE FROM billing_keys WHERE run = ? AND id = ?", (key.run, key.id))


def _key(row: sqlite3.Row | None) -> BillingKey | None:
    if row is None:
        return None
    kept = json.loads(row["body"])
    kept["instrument"] = Instrument(**kept["instrument"])
    kept["registered_at"] = datetime.fromisoformat(kept["registered_at"])
    return BillingKey(**kept)
