"""The gateway's addresses, the partner's keys, and the authentication that every call needs first.

An address that a browser brings is never called as it came.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, StrEnum
from urllib.parse import urlsplit

from . import codes
from .errors import NotSent, UnknownEndpoint
from .messages import Answer


class WindowScript(StrEnum):
    """Which of the gateway's scripts opens the window, by what the page gives it."""

    WITH_AUTHENTICATION = "authkey"
    WITH_CLIENT_KEY = "clientkey"


class Purpose(Enum):
    """What a partner authentication is for. Its value: the fields that ask for it."""

    WINDOW = dict[str, str]()
    INQUIRY = {"PCD_PAYCHK_FLAG": "Y"}
    REFUND = {"PCD_PAYCANCEL_FLAG": "Y"}
    RECEIPT_ISSUE = {"PCD_PAY_WORK": "TSREG"}
    RECEIPT_CANCEL = {"PCD_PAY_WORK": "TSCANCEL"}

    CHARGE_CARD = {"PCD_PAY_TYPE": "card", "PCD_SIMPLE_FLAG": "Y"}
    CHARGE_TRANSFER = {"PCD_PAY_TYPE": "transfer", "PCD_SIMPLE_FLAG": "Y"}
    MONTHLY_CARD = {"PCD_PAY_TYPE": "card", "PCD_REGULER_FLAG": "Y"}
    MONTHLY_TRANSFER = {"PCD_PAY_TYPE": "transfer", "PCD_REGULER_FLAG": "Y"}
    KEY_LOOKUP = {"PCD_PAY_WORK": "PUSERINFO"}
    KEY_DELETION = {"PCD_PAY_WORK": "PUSERDEL"}
    LINK = {"PCD_PAY_WORK": "LINKREG"}


@dataclass(frozen=True)
class Gateway:
    """One gateway: Payple's test or live servers, or a stand-in that speaks the same protocol."""

    origin: str
    app_card_origin: str

    @classmethod
    def test(cls) -> Gateway:
        """Payple's test servers: cards are checked but nothing is kept, transfers never withdraw."""
        return cls("https://democpay.payple.kr", "https://demo-api-v2.payple.kr")

    @classmethod
    def live(cls) -> Gateway:
        """Payple's live servers: real money."""
        return cls("https://cpay.payple.kr", "https://api-v2.payple.kr")

    @classmethod
    def at(cls, address: str) -> Gateway:
        """A stand-in such as the simulator. Raises ValueError for http outside this machine."""
        parts = urlsplit(address)
        origin = f"{parts.scheme}://{parts.netloc}"
        if parts.scheme not in ("http", "https") or not parts.netloc or address.rstrip("/") != origin:
            raise ValueError("a gateway's address is scheme://host[:port] and nothing more")
        if parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
            raise ValueError("keys travel in the request: outside this machine the gateway must be https")
        return cls(origin, origin)

    @property
    def authentication_url(self) -> str:
        """The address of every partner authentication (quick guide 3-2)."""
        return f"{self.origin}/php/auth.php"

    @property
    def confirm_urls(self) -> tuple[str, ...]:
        """The addresses of a confirm: for a card, a transfer and a card company's app."""
        return (
            f"{self.origin}/php/PayCardConfirmAct.php?ACT_=PAYM",
            f"{self.origin}/php/PayConfirmAct.php?ACT_=PAYM",
            f"{self.app_card_origin}/api/v1/payments/cards/approval/confirm",
        )

    def script_url(self, script: WindowScript) -> str:
        """The script that the payment page loads; it defines `PaypleCpayAuthCheck`."""
        is_newer = script is WindowScript.WITH_CLIENT_KEY
        return self.origin + ("/js/v1/payment.js" if is_newer else "/js/cpay.payple.1.0.1.js")

    def select_confirm(self, received: str) -> str:
        """Return our own constant for the confirm address that a browser brings. Raises UnknownEndpoint."""
        for url in self.confirm_urls:
            if received.partition("?")[0] == url.partition("?")[0]:
                return url
        raise UnknownEndpoint("the result names a confirm address that is not the gateway's")

    def safe_url(self, url: str) -> str:
        """Return the address of a sales slip or a link if it is https or the stand-in's own, else blank."""
        return url if url.startswith(("https://", f"{self.origin}/")) else ""


@dataclass(frozen=True)
class Credentials:
    """What Payple gave the partner. Only `client_key` may ever reach a browser."""

    cst_id: str
    cust_key: str = field(repr=False)
    client_key: str = field(repr=False)
    refund_key: str = field(repr=False)

    @classmethod
    def public_test(cls) -> Credentials:
        """The test account that Payple publishes and everybody shares."""
        return cls(
            cst_id="test",
            cust_key="abcd1234567890",
            client_key="test_DF55F29DA654A8CBC0F0A9DD4B556486",
            refund_key="a41ce010ede9fcbfb3be86b24858806596a9db68b79d138b147c3e563e1829a0",
        )

    def to_wire(self, purpose: Purpose) -> dict[str, str]:
        """The request of an authentication (quick guide 3-2)."""
        return {"cst_id": self.cst_id, "custKey": self.cust_key, **purpose.value}


@dataclass(frozen=True)
class Authentication:
    """Tokens for one request of its purpose within 30 minutes. Only inquiries may share one."""

    cst_id: str = field(repr=False)
    cust_key: str = field(repr=False)
    auth_key: str = field(repr=False)
    return_url: str  # on the gateway's own list of addresses

    @classmethod
    def from_wire(cls, answer: Answer, gateway: Gateway) -> Authentication:
        """Read the answer. Raises NotSent with the code that the answer names, or UnknownEndpoint."""
        cst_id, cust_key, auth_key = (answer.text(name) for name in ("cst_id", "custKey", "AuthKey"))
        if answer.text("result") != "success" or not (cst_id and cust_key and auth_key):
            message = answer.message("result_msg")  # it has no field for the code
            raise NotSent(message or "the authentication is incomplete", codes.code_in(message))
        return_url = answer.text("return_url")
        if not return_url.startswith(f"{gateway.origin}/"):
            raise UnknownEndpoint("the authentication names an address that is not the gateway's")
        return cls(cst_id, cust_key, auth_key, return_url)

    def to_wire(self) -> dict[str, str]:
        """The tokens, as the one request carries them."""
        return {"PCD_CST_ID": self.cst_id, "PCD_CUST_KEY": self.cust_key, "PCD_AUTH_KEY": self.auth_key}
