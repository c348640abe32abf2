"""Payment links: an order that a merchant registers and a payer opens without any page of the merchant."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from shop.simulator import clock

METHODS = {"card": ("card",), "transfer": ("transfer",), "transfer+card": ("transfer", "card")}


@dataclass(frozen=True)
class Link:
    """`asked` is the registration without its keys; its PCD_LINK_EXPIREDATE is a Korea hour, blank for never."""

    key: str
    run: str
    asked: Mapping[str, str]

    @property
    def methods(self) -> tuple[str, ...]:
        """What the payer may choose from."""
        return METHODS[self.asked["PCD_PAY_TYPE"]]

    def is_over(self, now: datetime) -> bool:
        """Whether its hour has come."""
        expires = self.asked.get("PCD_LINK_EXPIREDATE", "")
        return bool(expires) and clock.stamp(now)[:10] >= expires


def save(db: sqlite3.Connection, link: Link) -> None:
    """Keep a link."""
    db.execute("INSERT INTO links VALUES (?, ?, ?)", (link.key, link.run, json.dumps(asdict(link))))


def by_key(db: sqlite3.Connection, key: str) -> Link | None:
    """The link of a SID."""
    row = db.execute("SELECT body FROM links WHERE key = ?", (key,)).fetchone()
    return Link(**json.loads(row["body"])) if row else None
