"""Reading the gateway's answers: JSON to fields, fields to values, and the rule for yes, no and unknown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NoReturn

from . import codes
from .errors import OutcomeUnknown, Refused
from .masking import Mask
from .values import plain, whole_won


def read_object(body: bytes) -> dict[str, object]:
    """The one JSON object that an answer must be. Raises OutcomeUnknown for everything else.

    The header's content type is not looked at: an old back-end says text/html and sends JSON.
    """
    try:
        answer = json.loads(body.decode("utf-8-sig"), object_pairs_hook=read_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise OutcomeUnknown("the gateway's answer is not readable JSON") from error
    if not isinstance(answer, dict):
        raise OutcomeUnknown("the gateway's answer is not a JSON object")
    return answer


def read_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object whose keys all differ: with a repeated one, two readers would see two different answers."""
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a field is repeated")
    return fields


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


class Answer:
    """One answer, read field by field. Strings and whole numbers mean the same; nothing else is tolerated."""

    def __init__(self, fields: Mapping[str, object], mask: Mask) -> None:
        self._fields = fields
        self._mask = mask

    def text(self, *names: str) -> str:
        """The first of these fields that is not blank. Raises OutcomeUnknown for neither text nor number."""
        for name in names:
            value = self._fields.get(name)
            if value is None or value == "":
                continue
            if isinstance(value, bool) or not isinstance(value, (str, int)):
                raise OutcomeUnknown("a field of the gateway's answer has the wrong type")
            return plain(str(value), limit=2000)
        return ""

    def won(self, name: str) -> int | None:
        """An amount in won, None if absent. Raises OutcomeUnknown if something else stands there."""
        text = self.text(name)
        amount = whole_won(text)
        if text and amount is None:
            raise OutcomeUnknown("an amount in the gateway's answer is not whole won")
        return amount

    def code(self, name: str) -> str:
        """A response code, without a key that a confused answer may have put in its place."""
        return self._mask.without_secrets(self.text(name))[:20]

    def message(self, name: str) -> str:
        """The gateway's sentence, without keys or personal data that it may have echoed."""
        return self._mask.text(self.text(name))


def insist_on_success(answer: Answer) -> None:
    """Return for a yes; raise Refused for a definite no, OutcomeUnknown for everything between.

    A yes is "success" with a blank code or one of letters and zeros only. A no is "error" with a code that is
    documented to mean that no money moved. The quick guide puts the code of some refusals into the message.
    """
    result, message = answer.text("PCD_PAY_RST"), answer.message("PCD_PAY_MSG")
    code = answer.code("PCD_PAY_CODE")
    if result == "success" and codes.is_success(code):
        return
    code = code or codes.code_in(message)
    known = codes.lookup(code)
    if result == "error" and known and known.outcome is codes.Outcome.DECLINED:
        raise Refused(code, message, answer.text("PCD_PAY_OID"))
    raise OutcomeUnknown(message or "the gateway's answer is neither a yes nor a definite no", code)


def insist_on_attempt(answer: Answer, attempt_no: str) -> None:
    """Return if a yes is about this attempt. Raises OutcomeUnknown for another one, or none."""
    if answer.text("PCD_PAY_OID") != attempt_no:
        raise OutcomeUnknown("the gateway's yes names another payment, or none")
