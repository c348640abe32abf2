"""A webhook. It is not signed, so it proves no more than a result post: inquire."""

from __future__ import annotations

from urllib.parse import parse_qsl

from .errors import MalformedResult, OutcomeUnknown
from .messages import read_object
from .result import UnverifiedResult, checked_fields

_FIELD_LIMIT = 100
_PREFIX = "PCD_"


def read_webhook(body: bytes) -> UnverifiedResult:
    """Read JSON or a form, whatever the content type says. Raises MalformedResult."""
    fields = checked_fields(_pairs(body))
    if not any(name.startswith(_PREFIX) for name in fields):
        raise MalformedResult("not a webhook")
    return UnverifiedResult.from_form(fields.items())


def _pairs(body: bytes) -> list[tuple[str, str]]:
    try:
        text = body.decode("utf-8-sig")
        if text.lstrip()[:1] in ("{", "["):
            return [(name, _text(value)) for name, value in read_object(body).items()]
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_FIELD_LIMIT)
    except MalformedResult:
        raise
    except (ValueError, OutcomeUnknown) as error:
        raise MalformedResult("neither readable JSON nor a readable form") from error


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise MalformedResult("a field is neither text nor a whole number")
    return str(value)
