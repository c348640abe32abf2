"""What both directions of the wire share: the words, the values, and how an answer is read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Final

from . import codes
from .code_table import Outcome
from .errors import OutcomeUnknown, Refused
from .masking import mask_text, one_line

KOREA: Final = timezone(timedelta(hours=9), "KST")  # no daylight saving: needs no time-zone database

_WON = re.compile(r"[0-9]{1,10}")  # N(10) in the quick guide's tables


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
    try:
        return datetime.strptime(re.sub("[^0-9]", "", text), "%Y%m%d%H%M%S").replace(tzinfo=KOREA).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


class Answer:
    """An answer of the gateway, read field by field. Its numbers may be strings or integers."""

    def __init__(self, fields: Mapping[str, object]) -> None:
        self._fields = fields

    def text(self, *names: str) -> str:
        """Return the first of these fields that is not blank."""
        values = (self._fields.get(name) for name in names)
        return next((one_line(str(value), limit=2000) for value in values if value not in (None, "")), "")

    def won(self, name: str) -> int | None:
        """Return an amount in won, None if absent. Raises OutcomeUnknown if it is something else."""
        text = self.text(name)
        amount = whole_won(text)
        if text and amount is None:
            raise OutcomeUnknown("an amount in the gateway's answer is not whole won")
        return amount

    def message(self, *names: str) -> str:
        """Return the gateway's sentence, without personal data."""
        return mask_text(self.text(*names))

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
    code = answer.text("PCD_PAY_CODE")
    if result == "success" and codes.is_success(code):
        return
    code = code or codes.code_in(message)
    known = codes.TABLE.get(code)
    if result == "error" and known and known.outcome is Outcome.DECLINED:
        raise Refused(message, code)
    raise OutcomeUnknown(message or "the gateway's answer is neither a success nor a definite no", code)


def require_attempt(answer: Answer, attempt_no: str) -> None:
    """Raise OutcomeUnknown unless a success names this attempt."""
    if answer.text("PCD_PAY_OID") != attempt_no:
        raise OutcomeUnknown("the gateway's success names another payment, or none")
