"""What asking for a payment says, whether the payer pays in the window or our server charges a billing key."""

from __future__ import annotations

import re
import secrets
import unicodedata
from dataclasses import KW_ONLY, dataclass, field
from datetime import UTC, date, datetime

from .messages import KOREA, PayType

_GOODS_LIMIT = 50  # the quick guide says 255; the newer window refuses more than 50
_NAME_LIMIT = 20  # the quick guide says 80; the newer window refuses more than 20
_PHONE_LIMIT = 15
_EMAIL_LIMIT = 100
_USER_DEFINE_LIMIT = 2048
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


@dataclass(frozen=True, kw_only=True)
class PayerFields:
    """Who pays, and two texts of your own that the result repeats."""

    payer_name: str = field(default="", repr=False)
    payer_phone: str = field(default="", repr=False)
    payer_email: str = field(default="", repr=False)
    payer_no: str = ""
    user_define1: str = field(default="", repr=False)
    user_define2: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if max(len(self.user_define1), len(self.user_define2)) > _USER_DEFINE_LIMIT:
            raise ValueError("a text of your own has at most 2,048 characters")

    def to_wire(self) -> dict[str, str]:
        """The fields. Blank ones are left out."""
        return without_blanks(
            {
                "PCD_PAYER_NO": self.payer_no,
                "PCD_PAYER_NAME": _name(self.payer_name),
                "PCD_PAYER_HP": _phone(self.payer_phone),
                "PCD_PAYER_EMAIL": _email(self.payer_email),
                "PCD_USER_DEFINE1": self.user_define1,
                "PCD_USER_DEFINE2": self.user_define2,
            }
        )


@dataclass(frozen=True)
class PaymentRequest(PayerFields):
    """What is to be paid. `vat` in won is only for a partly taxable order; else the gateway computes it.

    With `month`, of which the day does not count, a billing key pays only once for that month.
    Raises ValueError for what the gateway refuses.
    """

    attempt_no: str
    amount: int  # won
    goods: str
    pay_type: PayType
    _: KW_ONLY
    taxable: bool = True
    vat: int | None = None
    cash_receipt: bool = False
    month: date | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if not _ATTEMPT_NO.fullmatch(self.attempt_no):
            raise ValueError("attempt_no has 1 to 30 letters, digits, hyphens and underscores")
        check_amount(self.amount, self.vat)

    def to_wire(self) -> dict[str, str]:
        """The fields without the keys. Blank optional fields are left out."""
        fields = {"PCD_PAY_TYPE": self.pay_type.value, "PCD_PAY_OID": self.attempt_no}
        fields |= sale_fields(self.amount, self.goods, taxable=self.taxable, vat=self.vat)
        if self.cash_receipt and self.pay_type is PayType.TRANSFER:
            fields["PCD_TAXSAVE_FLAG"] = "Y"
        if self.month:
            year, month = f"{self.month:%Y %m}".split()
            fields |= {"PCD_REGULER_FLAG": "Y", "PCD_PAY_YEAR": year, "PCD_PAY_MONTH": month}
        return fields | super().to_wire()


def check_amount(amount: int, vat: int | None) -> None:
    """Raise ValueError for an impossible amount."""
    if not 0 < amount <= _MOST_WON:
        raise ValueError("amount is a positive number of won")
    if vat is not None and not 0 <= vat < amount:
        raise ValueError("vat is a part of the amount")


def sale_fields(amount: int, goods: str, *, taxable: bool, vat: int | None) -> dict[str, str]:
    """Return the fields that name goods, amount and VAT."""
    fields = {
        "PCD_PAY_GOODS": _goods(goods),
        "PCD_PAY_TOTAL": str(amount),
        "PCD_PAY_ISTAX": "Y" if taxable else "N",
    }
    return fields if vat is None else fields | {"PCD_PAY_TAXTOTAL": str(vat)}


def without_blanks(fields: dict[str, str]) -> dict[str, str]:
    """Return the fields that have a value."""
    return {name: value for name, value in fields.items() if value}


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
