"""The fields with which the page opens the payment window (quick guide 3-3)."""

from __future__ import annotations

import re
import secrets
import unicodedata
from dataclasses import dataclass, field
from datetime import UTC, datetime

from .credentials import Authentication
from .messages import KOREA, ChargeMode, PayType

_GOODS_LIMIT = 50  # the quick guide says 255; the newer window refuses more than 50
_NAME_LIMIT = 20  # the quick guide says 80; the newer window refuses more than 20
_PHONE_LIMIT = 15
_EMAIL_LIMIT = 100
_UNNAMED_GOODS = "상품"
_ATTEMPT_NO = re.compile(r"[A-Za-z0-9_-]{1,30}")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_MOST_WON = 9_999_999_999


def new_attempt_no(now: datetime | None = None) -> str:
    """Return a number for an attempt: the day in Korea, and a hundred random bits against guessing.

    A number of your own has at most 30 letters, digits, hyphens and underscores. Use each number for one window.
    """
    tail = "".join(secrets.choice(_LETTERS) for _ in range(20))
    return f"{(now or datetime.now(UTC)).astimezone(KOREA):%Y%m%d}_{tail}"


@dataclass(frozen=True)
class WindowRequest:
    """What the payer is asked to pay, and where the browser brings the result.

    A relative `result_url` opens a popup on a PC, an absolute one replaces the page. `vat` in won is only for a partly
    taxable order; for a wholly taxable one the gateway computes it. Raises ValueError for what the window refuses.
    """

    attempt_no: str
    amount: int  # won
    goods: str
    pay_type: PayType
    charge_mode: ChargeMode
    result_url: str
    payer_name: str = field(default="", repr=False)
    payer_phone: str = field(default="", repr=False)
    payer_email: str = field(default="", repr=False)
    taxable: bool = True
    vat: int | None = None
    cash_receipt: bool = False
    payer_no: str = ""

    def __post_init__(self) -> None:
        if not _ATTEMPT_NO.fullmatch(self.attempt_no):
            raise ValueError("attempt_no has 1 to 30 letters, digits, hyphens and underscores")
        if not 0 < self.amount <= _MOST_WON:
            raise ValueError("amount is a positive number of won")
        if self.vat is not None and not 0 <= self.vat < self.amount:
            raise ValueError("vat is a part of the amount")
        if not self.result_url.startswith(("/", "https://", "http://")):
            raise ValueError("result_url is a path such as /result, or an absolute address")

    def to_wire(self) -> dict[str, str]:
        """The fields without the keys. Blank optional fields are left out."""
        fields = {
            "PCD_PAY_TYPE": self.pay_type.value,
            "PCD_PAY_WORK": self.charge_mode.value,
            "PCD_PAY_OID": self.attempt_no,
            "PCD_PAY_GOODS": _goods(self.goods),
            "PCD_PAY_TOTAL": str(self.amount),
            "PCD_PAY_ISTAX": "Y" if self.taxable else "N",
            "PCD_RST_URL": self.result_url,
        }
        optional = {
            "PCD_CARD_VER": "01" if self.pay_type is PayType.CARD else "",
            "PCD_PAY_TAXTOTAL": "" if self.vat is None else str(self.vat),
            "PCD_TAXSAVE_FLAG": "Y" if self.cash_receipt and self.pay_type is PayType.TRANSFER else "",
            "PCD_PAYER_NO": self.payer_no,
            "PCD_PAYER_NAME": _name(self.payer_name),
            "PCD_PAYER_HP": _phone(self.payer_phone),
            "PCD_PAYER_EMAIL": _email(self.payer_email),
        }
        return fields | {name: value for name, value in optional.items() if value}


def window_fields(request: WindowRequest, key: Authentication | str) -> dict[str, str]:
    """Return the object for `PaypleCpayAuthCheck`.

    `key` is a fresh authentication for the script WITH_AUTHENTICATION, or the client key for WITH_CLIENT_KEY.
    """
    if isinstance(key, str):
        return request.to_wire() | {"clientKey": key}
    return request.to_wire() | {"PCD_AUTH_KEY": key.auth_key, "PCD_PAY_URL": key.return_url}


def _goods(text: str) -> str:
    """A product name as the gateway takes it: one line, no emoji, at most 50 characters."""
    kept = "".join(char if _may_be_in_goods(char) else " " for char in unicodedata.normalize("NFC", text))
    return " ".join(kept.split())[:_GOODS_LIMIT].rstrip() or _UNNAMED_GOODS


def _may_be_in_goods(char: str) -> bool:
    if char > "\uffff" or "\ufe00" <= char <= "\ufe0f" or char == "\u20e3":
        return False  # emoji and what modifies them
    if "\u3200" <= char <= "\u33ff":
        return char not in "㊗㊙"  # ㈜ and ㎖ are symbols, but no emoji
    return char in " \t" or unicodedata.category(char) not in {"Cc", "Cf", "Cn", "Co", "Cs", "So"}


def _name(text: str) -> str:
    """Latin and Hangul letters and single spaces, at most 20."""
    kept = "".join(char if _is_letter(char) else " " for char in unicodedata.normalize("NFC", text))
    return " ".join(kept.split())[:_NAME_LIMIT].rstrip()


def _is_letter(char: str) -> bool:
    return (char.isascii() and char.isalpha()) or "가" <= char <= "힣"


def _phone(text: str) -> str:
    """ASCII digits only."""
    return "".join(char for char in text if char in "0123456789")[:_PHONE_LIMIT]


def _email(text: str) -> str:
    """The address as it is, or nothing: half an address would be someone else's."""
    printable = text.isascii() and text.isprintable() and " " not in text
    return text if printable and len(text) <= _EMAIL_LIMIT else ""
