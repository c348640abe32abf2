"""Partner tokens: three values from one authentication, bound to one purpose and one host, good for thirty minutes."""

from __future__ import annotations

import base64
import secrets
import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta

LIFETIME = timedelta(minutes=30)


@dataclass(frozen=True)
class Token:
    """`host` is the host of the authentication's Referer, blank if there was none."""

    auth_key: str
    run: str
    cst_id: str
    cust_key: str
    purpose: str
    host: str
    issued_at: datetime
    used_at: datetime | None = None
    seq: int = 0


def fresh(run: str, purpose: str, host: str, now: datetime) -> Token:
    """A set in the shapes of Payple's: 32, 32 and 376 characters."""
    return Token(new_auth_key(), run, _short_token(), _short_token(), purpose, host, now)


def keep(db: sqlite3.Connection, token: Token, seq: int) -> None:
    """Keep a set with the number of the ledger line that tells of its authentication."""
    db.execute(
        "INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?, ?, NULL, ?)",
        (
            token.auth_key,
            token.run,
            token.cst_id,
            token.cust_key,
            token.purpose,
            token.host,
            token.issued_at.isoformat(),
            seq,
        ),
    )


def by_auth_key(db: sqlite3.Connection, auth_key: str) -> Token | None:
    """The token set of an AuthKey."""
    row = db.execute("SELECT * FROM tokens WHERE auth_key = ?", (auth_key,)).fetchone()
    if row is None:
        return None
    times = {name: datetime.fromisoformat(row[name]) if row[name] else None for name in ("issued_at", "used_at")}
    return Token(**{**dict(row), **times})


def spend(db: sqlite3.Connection, token: Token, now: datetime) -> None:
    """Mark a token set as used."""
    db.execute("UPDATE tokens SET used_at = ? WHERE auth_key = ?", (now.isoformat(), token.auth_key))


def new_auth_key() -> str:
    """376 characters, as AuthKeys have been for years: more than the 255 of the documents, with + and / in them."""
    return "K0Vn" + _base64(secrets.token_bytes(279))


def opaque(length: int) -> str:
    """A value that only the simulator can read, in the alphabet of Payple's keys."""
    return _base64(secrets.token_bytes(length))


def _short_token() -> str:
    return _base64(_base64(secrets.token_bytes(16)).encode())


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
