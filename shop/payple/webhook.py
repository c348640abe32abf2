"""A webhook: what the gateway, or anybody who pretends to be it, posts to the shop's own address.

It is not signed, so like a result post it is a claim. It may come before, after, instead of, or many times beside the
browser's result. Ask the gateway; believe none of it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qsl

from .answers import read_once
from .claim import Claim, checked_fields
from .errors import MalformedClaim
from .masking import Mask
from .values import whole_won

_FIELD_LIMIT = 100
_REGISTRATION = frozenset({"AUTH", "PUSERDEL"})
_PREFIX = "PCD_"


class WebhookKind(StrEnum):
    """What it says has happened."""

    PAYMENT = "payment"
    REFUND = "refund"
    REGISTRATION = "registration"  # of a card or an account, or the end of one
    OTHER = "other"


@dataclass(frozen=True)
class WebhookMessage:
    """What was said: the claim in it, the won that it says went back, and what of it may be kept."""

    kind: WebhookKind
    claim: Claim
    refunded_amount: int | None
    masked: dict[str, object]
    digest: str  # of everything that was said, however it was written: two that differ in nothing are one

    @classmethod
    def from_body(cls, body: bytes) -> WebhookMessage:
        """Read JSON or a form, whichever it is: the content type may say anything. Raises MalformedClaim."""
        fields = checked_fields(_pairs(body))
        if not any(name.startswith(_PREFIX) for name in fields):
            raise MalformedClaim("no field of a webhook is in it")
        return cls(
            kind=_kind(fields),
            claim=Claim.from_wire(fields.items()),
            refunded_amount=whole_won(fields.get("PCD_REFUND_TOTAL", "")),
            masked=Mask(fields).fields(fields),
            digest=hashlib.sha256(json.dumps(sorted(fields.items())).encode()).hexdigest(),
        )


def _kind(fields: dict[str, str]) -> WebhookKind:
    """A cancel is marked by a flag, an amount, or a code; the documents name the first two."""
    if fields.get("PCD_PAY_WORK") in _REGISTRATION:
        return WebhookKind.REGISTRATION
    if fields.get("PCD_PAYCANCEL_FLAG") == "Y" or fields.get("PCD_REFUND_TOTAL"):
        return WebhookKind.REFUND
    if fields.get("PCD_PAY_CODE", "").startswith("PAYC"):
        return WebhookKind.REFUND
    return WebhookKind.PAYMENT if fields.get("PCD_PAY_OID") else WebhookKind.OTHER


def _pairs(body: bytes) -> list[tuple[str, str]]:
    """Names and values. Raises MalformedClaim for what is neither an object of texts and numbers nor a form."""
    try:
        text = body.decode("utf-8-sig")
        if text.lstrip()[:1] in ("{", "["):
            return [(name, _text(value)) for name, value in _object(text).items()]
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_FIELD_LIMIT)
    except (ValueError, RecursionError) as error:
        if isinstance(error, MalformedClaim):
            raise
        raise MalformedClaim("it is neither readable JSON nor a readable form") from error


def _object(text: str) -> dict[str, object]:
    message = json.loads(text, object_pairs_hook=read_once)
    if not isinstance(message, dict):
        raise MalformedClaim("it is not a JSON object")
    return message


def _text(value: object) -> str:
    """Strings and whole numbers mean the same, and null means blank; nothing else is tolerated."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise MalformedClaim("a field is neither text nor a whole number")
    return str(value)
