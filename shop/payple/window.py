"""The fields with which the page opens the payment window (quick guide 3-3)."""

from __future__ import annotations

import html
from dataclasses import KW_ONLY, dataclass, field
from enum import StrEnum

from .credentials import Authentication
from .messages import ChargeMode, PayType
from .payment_request import PayerFields, PaymentRequest, without_blanks


class CardApp(StrEnum):
    """An app that pays by card: the card company's own, or an easy pay. It has instalments but no billing key."""

    APP_CARD = "appCard"
    NAVER_PAY = "naverPay"
    KAKAO_PAY = "kakaoPay"


class PayerCheck(StrEnum):
    """How the window checks a payer who pays again with a billing key."""

    PASSWORD = "pwd"  # noqa: S105 - the word of the wire
    SMS = "sms"


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
        """The fields without the keys. Blank optional fields are left out."""
        card_version = "02" if self.card_app else "01"
        optional = {
            "PCD_CARD_VER": card_version if self.pay_type is PayType.CARD else "",
            "PCD_PAY_METHOD": self.card_app or "",
            "PCD_SIMPLE_FLAG": "Y" if self.payer_check else "",
            "PCD_PAYER_AUTHTYPE": self.payer_check or "",
            "PCD_PAYER_ID": self.billing_key,
        }
        fields = {"PCD_PAY_WORK": self.charge_mode.value, "PCD_RST_URL": self.result_url}
        return super().to_wire() | fields | without_blanks(optional)


@dataclass(frozen=True)
class RegistrationRequest(PayerFields):
    """A card or an account that the payer registers in the window without paying.

    The result brings its billing key, unverified: look it up with `find_billing_key`.
    """

    pay_type: PayType
    result_url: str

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_result_url(self.result_url)

    def to_wire(self) -> dict[str, str]:
        """The fields without the keys. Blank optional fields are left out."""
        fields = {"PCD_PAY_TYPE": self.pay_type.value, "PCD_PAY_WORK": "AUTH", "PCD_RST_URL": self.result_url}
        card = {"PCD_CARD_VER": "01"} if self.pay_type is PayType.CARD else {}
        return super().to_wire() | fields | card


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


def _check_result_url(url: str) -> None:
    if not url.startswith(("/", "https://", "http://")):
        raise ValueError("result_url is a path such as /result, or an absolute address")
