"""What each way to pay asks for: a window, a charge of a billing key, a registration, a link. Amounts are in won.

Each raises ValueError for what the gateway refuses.
"""

from __future__ import annotations

import html
import re
import secrets
import unicodedata
from collections.abc import Collection
from dataclasses import KW_ONLY, dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import ClassVar

from .gateway import Authentication, Purpose
from .messages import KOREA, ChargeMode, PayType

_GOODS_LIMIT = 50  # the quick guide says 255; the newer window refuses more than 50
_NAME_LIMIT = 20  # the quick guide says 80; the newer window refuses more than 20
_PHONE_LIMIT = 15
_EMAIL_LIMIT = 100
_UNNAMED_GOODS = "상품"
_ATTEMPT_NO = re.compile(r"[A-Za-z0-9_-]{1,30}")
_NO_LETTERS = re.compile(r"[^A-Za-z가-힣]+")
_NO_DIGITS = re.compile(r"[^0-9]+")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_MOST_WON = 9_999_999_999


def new_attempt_no(now: datetime | None = None) -> str:
    """Return a number for an attempt: the day in Korea, and a hundred random bits against guessing.

    A number of your own has at most 30 letters, digits, hyphens and underscores. Use each number for one window.
    """
    tail = "".join(secrets.choice(_LETTERS) for _ in range(20))
    return f"{(now or datetime.now(UTC)).astimezone(KOREA):%Y%m%d}_{tail}"


class CardApp(StrEnum):
    """An app that pays by card: the card company's own, or an easy pay. It has instalments but no billing key."""

    APP_CARD = "appCard"
    NAVER_PAY = "naverPay"
    KAKAO_PAY = "kakaoPay"


class PayerCheck(StrEnum):
    """How the window checks a payer who pays again with a billing key."""

    PASSWORD = "pwd"  # noqa: S105 - the word of the wire
    SMS = "sms"


@dataclass(frozen=True, kw_only=True)
class PayerFields:
    """Who pays, and two texts of your own that the result repeats."""

    payer_name: str = field(default="", repr=False)
    payer_phone: str = field(default="", repr=False)
    payer_email: str = field(default="", repr=False)
    user_define1: str = field(default="", repr=False)
    user_define2: str = field(default="", repr=False)

    def to_wire(self) -> dict[str, str]:
        """Return the fields without the keys. Blank optional ones are left out."""
        return _without_blanks(
            {
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
        if not _ATTEMPT_NO.fullmatch(self.attempt_no):
            raise ValueError("attempt_no has 1 to 30 letters, digits, hyphens and underscores")
        _check_amount(self.amount, self.vat)

    def to_wire(self) -> dict[str, str]:
        fields = {"PCD_PAY_TYPE": self.pay_type.value, "PCD_PAY_OID": self.attempt_no}
        fields |= _sale_fields(self.amount, self.goods, taxable=self.taxable, vat=self.vat)
        if self.cash_receipt and self.pay_type is PayType.TRANSFER:
            fields["PCD_TAXSAVE_FLAG"] = "Y"
        if self.month:
            year, month = f"{self.month:%Y %m}".split()
            fields |= {"PCD_REGULER_FLAG": "Y", "PCD_PAY_YEAR": year, "PCD_PAY_MONTH": month}
        return fields | super().to_wire()


@dataclass(frozen=True)
class WindowRequest(PaymentRequest):
    """What the payer is asked to pay, and where the browser brings the result.

    A relative `result_url` opens a popup on a PC, an absolute one replaces the page. With `payer_check` the payer of a
    first payment chooses a password. With `billing_key` as well a later window asks for that password only.
    """

    charge_mode: ChargeMode
    result_url: str
    _: KW_ONLY
    card_app: CardApp | None = None
    payer_check: PayerCheck | None = None
    billing_key: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_result_url(self.result_url)
        if self.card_app and (self.pay_type is not PayType.CARD or self.payer_check):
            raise ValueError("an app pays by card, and without a billing key")
        if self.billing_key and not self.payer_check:
            raise ValueError("a window with a billing key names payer_check")

    def to_wire(self) -> dict[str, str]:
        card_version = "02" if self.card_app else "01"
        optional = {
            "PCD_CARD_VER": card_version if self.pay_type is PayType.CARD else "",
            "PCD_PAY_METHOD": self.card_app or "",
            "PCD_SIMPLE_FLAG": "Y" if self.payer_check else "",
            "PCD_PAYER_AUTHTYPE": self.payer_check or "",
            "PCD_PAYER_ID": self.billing_key,
        }
        fields = {"PCD_PAY_WORK": self.charge_mode.value, "PCD_RST_URL": self.result_url}
        return super().to_wire() | fields | _without_blanks(optional)


@dataclass(frozen=True)
class ChargeRequest(PaymentRequest):
    """A payment that our server makes with a billing key."""

    billing_key: str = field(repr=False)

    charge_mode: ClassVar = ChargeMode.ON_CONFIRM
    """Our call charges, as a confirm does."""

    @property
    def purpose(self) -> Purpose:
        if self.pay_type is PayType.CARD:
            return Purpose.MONTHLY_CARD if self.month else Purpose.CHARGE_CARD
        return Purpose.MONTHLY_TRANSFER if self.month else Purpose.CHARGE_TRANSFER

    def to_wire(self) -> dict[str, str]:
        """The fields without the keys of the authentication, whose flags they repeat."""
        return {**super().to_wire(), **self.purpose.value, "PCD_PAYER_ID": self.billing_key}


@dataclass(frozen=True)
class RegistrationRequest(PayerFields):
    """A card or an account that the payer registers in the window without paying.

    The result brings its billing key, unverified: look it up with `find_billing_key`.
    """

    pay_type: PayType
    result_url: str

    def __post_init__(self) -> None:
        _check_result_url(self.result_url)

    def to_wire(self) -> dict[str, str]:
        fields = {"PCD_PAY_TYPE": self.pay_type.value, "PCD_PAY_WORK": "AUTH", "PCD_RST_URL": self.result_url}
        card = {"PCD_CARD_VER": "01"} if self.pay_type is PayType.CARD else {}
        return super().to_wire() | fields | card


@dataclass(frozen=True)
class LinkRequest:
    """What is to be paid. A payment by link has a number of Payple's: put yours into `goods`, which inquiries repeat.

    The link ends when the hour of `expires_at` begins in Korea, and may be paid more than once. `with_card_app` also
    offers the card companies' apps.
    """

    amount: int  # won
    goods: str
    expires_at: datetime
    _: KW_ONLY
    pay_types: Collection[PayType] = tuple(PayType)
    with_card_app: bool = False
    taxable: bool = True
    vat: int | None = None
    cash_receipt: bool = False

    def __post_init__(self) -> None:
        _check_amount(self.amount, self.vat)

    def to_wire(self) -> dict[str, str]:
        return {
            "PCD_PAY_WORK": "LINKREG",
            "PCD_PAY_TYPE": "|".join(self.pay_types),
            "PCD_CARD_VER": "01+02" if self.with_card_app else "01",
            **_sale_fields(self.amount, self.goods, taxable=self.taxable, vat=self.vat),
            "PCD_TAXSAVE_FLAG": "Y" if self.cash_receipt else "N",
            "PCD_LINK_EXPIREDATE": f"{self.expires_at.astimezone(KOREA):%Y%m%d%H}",
        }


def window_fields(request: WindowRequest | RegistrationRequest, key: Authentication | str) -> dict[str, str]:
    """Return the object for `PaypleCpayAuthCheck`.

    `key` is a fresh authentication for the script WITH_AUTHENTICATION, or the client key for WITH_CLIENT_KEY.
    """
    fields = request.to_wire()
    for name in ("PCD_USER_DEFINE1", "PCD_USER_DEFINE2"):
        if name in fields:
            fields[name] = html.escape(fields[name])  # the script writes it into an HTML attribute as it is
    if isinstance(key, str):
        return fields | {"clientKey": key}
    return fields | {"PCD_AUTH_KEY": key.auth_key, "PCD_PAY_URL": key.return_url}


def _check_amount(amount: int, vat: int | None) -> None:
    if not 0 < amount <= _MOST_WON:
        raise ValueError("amount is a positive number of won")
    if vat is not None and not 0 <= vat < amount:
        raise ValueError("vat is a part of the amount")


def _sale_fields(amount: int, goods: str, *, taxable: bool, vat: int | None) -> dict[str, str]:
    fields = {
        "PCD_PAY_GOODS": _goods(goods),
        "PCD_PAY_TOTAL": str(amount),
        "PCD_PAY_ISTAX": "Y" if taxable else "N",
    }
    return fields if vat is None else fields | {"PCD_PAY_TAXTOTAL": str(vat)}


def _without_blanks(fields: dict[str, str]) -> dict[str, str]:
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
    return _NO_LETTERS.sub(" ", unicodedata.normalize("NFC", text)).strip()[:_NAME_LIMIT].rstrip()


def _phone(text: str) -> str:
    return _NO_DIGITS.sub("", text)[:_PHONE_LIMIT]


def _email(text: str) -> str:
    """The address as it is, or nothing: half an address would be someone else's."""
    printable = text.isascii() and text.isprintable() and " " not in text
    return text if printable and len(text) <= _EMAIL_LIMIT else ""


def _check_result_url(url: str) -> None:
    if not url.startswith(("/", "https://", "http://")):
        raise ValueError("result_url is a path such as /result, or an absolute address")
