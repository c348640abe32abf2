"""Who may ask: keys, Referers and tokens (quick guide 3-2)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlsplit

from shop.simulator.purposes import Purpose
from shop.simulator.rulebook import RULES, Rule
from shop.simulator.runs import Run
from shop.simulator.tokens import LIFETIME, Token


def host_of(address: str) -> str:
    """The host of a Referer or a page address, in lower case; blank for none."""
    try:
        return urlsplit(address if "//" in address else f"//{address}").hostname or ""
    except ValueError:
        return ""


def origin_of(address: str) -> str:
    """Scheme, host and port of a page; blank for anything that is no web page."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") and parts.netloc else ""


def is_registered(host: str, domains: tuple[str, ...]) -> bool:
    """Whether a host is a registered domain or below one; without domains every host is, as on the test server."""
    return not domains or any(host == domain or host.endswith(f".{domain}") for domain in domains)


def admitted(
    asked: Mapping[str, str], run: Run | None, purpose: Purpose | None, host: str
) -> tuple[Run, Purpose] | Rule:
    """Who asks and what for, or the first rule that the authentication request breaks."""
    if not asked.get("cst_id"):
        return RULES["cst_id_missing"]
    if run is None:
        return RULES["partner_unknown"]
    if asked.get("custKey") != run.cust_key:
        return RULES["cust_key_wrong"]
    if not is_registered(host, run.domains):
        return RULES["domain_unregistered"]
    return (run, purpose) if purpose else RULES["purpose_unknown"]


def broken_by_token(token: Token | None, purpose: Purpose, now: datetime) -> Rule | None:
    """Whether a token may be used for this request now."""
    if token is None:
        return RULES["token_unknown"]
    if token.purpose != purpose.id:
        return RULES["token_purpose"]
    if now - token.issued_at > LIFETIME:
        return RULES["token_expired"]
    if token.used_at is not None and not purpose.reusable:
        return RULES["token_used"]
    return None


def belongs_together(token: Token | None, cst_id: str, cust_key: str) -> Token | None:
    """The token, if all three values come from the same authentication."""
    return token if token and (token.cst_id, token.cust_key) == (cst_id, cust_key) else None
