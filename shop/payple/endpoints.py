"""The gateway's addresses. A received address is never called as it came, unless the gateway itself has sent it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from urllib.parse import urlsplit

from .errors import UnknownEndpoint


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


SCRIPT_PATHS: Mapping[WindowScript, str] = {
    WindowScript.WITH_AUTHENTICATION: "/js/cpay.payple.1.0.1.js",
    WindowScript.WITH_CLIENT_KEY: "/js/v1/payment.js",
}


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

    @property
    def is_payple(self) -> bool:
        """Whether it is one of Payple's servers and no stand-in."""
        return self.origin.endswith(".payple.kr")

    def script_url(self, script: WindowScript) -> str:
        """The script that the payment page loads; it defines `PaypleCpayAuthCheck`."""
        return self.origin + SCRIPT_PATHS[script]

    def select_confirm(self, received: str) -> str:
        """Return our own constant for the confirm address that a browser brings. Raises UnknownEndpoint."""
        for url in self.confirm_urls:
            if _without_query(received) == _without_query(url):
                return url
        raise UnknownEndpoint("the result names a confirm address that is not the gateway's")

    def return_url(self, received: str) -> str:
        """Return the address that an authentication names for the next call. Raises UnknownEndpoint."""
        if not received.startswith(f"{self.origin}/"):
            raise UnknownEndpoint("the authentication names an address that is not the gateway's")
        return received

    def safe_url(self, url: str) -> str:
        """Return the address of a sales slip or a link if it is https or the stand-in's own, else blank."""
        return url if url.startswith(("https://", f"{self.origin}/")) else ""


def _without_query(url: str) -> str:
    return url.partition("?")[0]
