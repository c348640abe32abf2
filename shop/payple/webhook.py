"""A webhook: what the gateway, or anybody who pretends to be it, posts to the shop's own address.

It is not signed, so it proves no more than a result post. Ask the gateway.
"""

from __future__ import annotations

import json
from urllib.parse import parse_qsl

from .answers import read_once
from .errors import MalformedResult
from .result import UnverifiedResult, checked_fields

_FIELD_LIMIT = 100
_PREFIX = "PCD_"


def read_webhook(body: bytes) -> UnverifiedResult:
    """Read JSON or a form, whichever it is: the content type may say anything. Raises MalformedResult."""
    fields = checked_fields(_pairs(body))
    if not any(name.startswith(_PREFIX) for name in fields):
        raise MalformedResult("no field of a webhook is in it")
    return UnverifiedResult.from_wire(fields.items())


def _pairs(body: bytes) -> list[tuple[str, str]]:
    """Names and values. Raises MalformedResult for what is neither an object of texts and numbers nor a form."""
    try:
        text = body.decode("utf-8-sig")
        if text.lstrip()[:1] in ("{", "["):
            return [(name, _text(value)) for name, value in _object(text).items()]
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_FIELD_LIMIT)
    except (ValueError, RecursionError) as error:
        if isinstance(error, MalformedResult):
            raise
        raise MalformedResult("it is neither readable JSON nor a readable form") from error


def _object(text: str) -> dict[str, object]:
    message = json.loads(text, object_pairs_hook=read_once)
    if not isinstance(message, dict):
        raise MalformedResult("it is not a JSON object")
    return message


def _text(value: object) -> str:
    """Strings and whole numbers mean the same, and null means blank; nothing else is tolerated."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise MalformedResult("a field is neither text nor a whole number")
    return str(value)
