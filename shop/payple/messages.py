"""What both directions of the wire share: the words, the values, and how an answer is read."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Final

from . import codes
from .errors import OutcomeUnknown, Refused
from .masking import Mask, one_line

KOREA: Final = timezone(timedelta(hours=9), "KST")  # no daylight saving: needs no time-zone database

_WON = re.compile(r"[0-9]{1,10}")  # N(10) in the quick guide's tables
_TIME = re.compile(r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})[ T]?([0-9]{2}):?([0-9]{2}):?([0-9]{2})")
_FIRST_YEAR = 2000  # anything before is a misprint


class PayType(StrEnum):
    """The wire's type of a payment."""

    CARD = "card"
    TRANSFER = "transfer"


class ChargeMode(StrEnum):
    """When the payer is charged: by our server's confirm, or by the payment window itself."""

    ON_CONFIRM = "CERT"
    IN_WINDOW = "PAY"


class ReceiptPurpose(StrEnum):
    """What the payer uses a cash receipt for: a person's income deduction, or a company's proof of expense."""

    PERSONAL = "personal"
    COMPANY = "company"


def whole_won(text: str) -> int | None:
    """Read an amount in won. None for anything but one to ten ASCII digits."""
    return int(text) if _WON.fullmatch(text) else None


def korea_time(text: str) -> datetime | None:
    """Read `20231219134223` or `2023-12-19 13:42:23` (Korea) as an aware UTC time. None for anything else."""
    match = _TIME.fullmatch(text.strip())
    if match is None or int(match[1]) < _FIRST_YEAR:
        return None
    year, month, day, hour, minute, second = (int(part) for part in match.groups())
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=KOREA).astimezone(UTC)
    except ValueError:
        return None


def read_object(body: bytes) -> dict[str, object]:
    """Return the JSON object of an answer, whatever its content type says. Raises OutcomeUnknown."""
    try:
        answer = json.loads(body.decode("utf-8-sig"), object_pairs_hook=unique_fields)
    except (ValueError, RecursionError) as error:
        raise OutcomeUnknown("the gateway's answer is not readable JSON") from error
    if not isinstance(answer, dict):
        raise OutcomeUnknown("the gateway's answer is not a JSON object")
    return answer


def unique_fields(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return the pairs as an object. Raises ValueError for a repeated name."""
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a field is repeated")
    return fields


class Answer:
    """An answer of the gateway, read field by field. Its numbers may be strings or integers."""

    def __init__(self, fields: Mapping[str, object], mask: Mask) -> None:
        self._fields = fields
        self._mask = mask

    def text(self, *names: str) -> str:
        """Return the first of these fields that is not blank. Raises OutcomeUnknown for neither text nor integer."""
        for name in names:
            value = self._fields.get(name)
            if value is None or value == "":
                continue
            if isinstance(value, bool) or not isinstance(value, (str, int)):
                raise OutcomeUnknown("a field of the gateway's answer has the wrong type")
            return one_line(str(value), limit=2000)
        return ""

    def won(self, name: str) -> int | None:
        """Return an amount in won, None if absent. Raises OutcomeUnknown if it is something else."""
        text = self.text(name)
        amount = whole_won(text)
        if text and amount is None:
            raise OutcomeUnknown("an amount in the gateway's answer is not whole won")
        return amount

    def code(self, name: str) -> str:
        """Return a response code, without a key that stands in its place."""
        return self._mask.without_secrets(self.text(name))[:20]

    def message(self, *names: str) -> str:
        """Return the gateway's sentence, without the keys and personal data that it repeats."""
        return self._mask.text(self.text(*names))

    def pay_type(self) -> PayType | None:
        """Return the type of the payment, if the answer names a known one."""
        text = self.text("PCD_PAY_TYPE")
        return PayType(text) if text in set(PayType) else None


def require_success(answer: Answer) -> None:
    """Return for a success. Raises Refused for a definite no, OutcomeUnknown for anything else.

    A success has a blank code or one of letters and zeros only. A no has a code that means that no money moved; some
    refusals carry it in the message.
    """
    result, message = answer.text("PCD_PAY_RST", "PCD_LINK_RST"), answer.message("PCD_PAY_MSG", "PCD_LINK_MSG")
    code = answer.code("PCD_PAY_CODE")
    if result == "success" and codes.is_success(code):
        return
    code = code or codes.code_in(message)
    known = codes.lookup(code)
    if result == "error" and known and known.outcome is codes.Outcome.DECLINED:
        raise Refused(code, message, answer.text("PCD_PAY_OID"))
    raise OutcomeUnknown(message or "the gateway's answer is neither a success nor a definite no", code)


def require_attempt(answer: Answer, attempt_no: str) -> None:
    """Raise OutcomeUnknown unless a success names this attempt."""
    if answer.text("PCD_PAY_OID") != attempt_no:
        raise OutcomeUnknown("the gateway's success names another payment, or none")
