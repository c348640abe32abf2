"""The gateway's addresses, and which received addresses may be called or shown.

A result's confirm URL only selects one of our own constants, a return_url is rebuilt on our own origin, and what is
shown is only an https link.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qsl, urlsplit

from .errors import UnknownEndpoint


class WindowScript(StrEnum):
    """Which of the gateway's scripts opens the window, by what the page gives it."""

    WITH_AUTHENTICATION = "authkey"
    WITH_CLIENT_KEY = "clientkey"


class Purpose(Enum):
    """What a partner authentication is for: the flags that ask for it, and the paths to which it may lead."""

    WINDOW = dict[str, str](), "/index.php", "/php/", "/php/index.php"
    INQUIRY = {"PCD_PAYCHK_FLAG": "Y"}, "/php/PayChkAct.php"
    REFUND = {"PCD_PAYCANCEL_FLAG": "Y"}, "/php/account/api/cPayCAct.php"
    RECEIPT_ISSUE = {"PCD_PAY_WORK": "TSREG"}, "/php/taxsave/api/tsAct.php?ACT_=TSREG"
    RECEIPT_CANCEL = {"PCD_PAY_WORK": "TSCANCEL"}, "/php/taxsave/api/tsAct.php?ACT_=TSCANCEL"

    CHARGE_CARD = {"PCD_PAY_TYPE": "card", "PCD_SIMPLE_FLAG": "Y"}, "/php/SimplePayCardAct.php"
    CHARGE_TRANSFER = {"PCD_PAY_TYPE": "transfer", "PCD_SIMPLE_FLAG": "Y"}, "/php/SimplePayAct.php"
    MONTHLY_CARD = {"PCD_PAY_TYPE": "card", "PCD_REGULER_FLAG": "Y"}, "/php/RePayCardAct.php"
    MONTHLY_TRANSFER = {"PCD_PAY_TYPE": "transfer", "PCD_REGULER_FLAG": "Y"}, "/php/RePayAct.php"
    KEY_LOOKUP = {"PCD_PAY_WORK": "PUSERINFO"}, "/php/cPayUser/api/cPayUserAct.php?ACT_=PUSERINFO"
    KEY_DELETION = {"PCD_PAY_WORK": "PUSERDEL"}, "/php/cPayUser/api/cPayUserAct.php?ACT_=PUSERDEL"
    LINK = {"PCD_PAY_WORK": "LINKREG"}, "/php/link/api/LinkRegAct.php"

    def __init__(self, flags: Mapping[str, str], *paths: str) -> None:
        self.flags = flags
        self.paths = paths


AUTHENTICATION_PATH = "/php/auth.php"
SCRIPT_PATHS: Mapping[WindowScript, str] = {
    WindowScript.WITH_AUTHENTICATION: "/js/cpay.payple.1.0.1.js",
    WindowScript.WITH_CLIENT_KEY: "/js/v1/payment.js",
}
CONFIRM_PATHS = ("/php/PayCardConfirmAct.php?ACT_=PAYM", "/php/PayConfirmAct.php?ACT_=PAYM")
APP_CARD_CONFIRM_PATH = "/api/v1/payments/cards/approval/confirm"

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[!#$%&'()*+,./0-9:;=?@A-Z\[\]_a-z~-]{1,2000}")
_QUERY = re.compile(r"[A-Za-z0-9_=&.%-]{0,500}")
_DEFAULT_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True)
class Gateway:
    """One gateway: Payple's test or live servers, or a stand-in that speaks the same protocol."""

    origin: str
    confirm_urls: tuple[str, ...]

    @classmethod
    def test(cls) -> Gateway:
        """Payple's test servers: cards are checked but nothing is kept, transfers never withdraw."""
        return cls._payple("https://democpay.payple.kr", "https://demo-api-v2.payple.kr")

    @classmethod
    def live(cls) -> Gateway:
        """Payple's live servers: real money."""
        return cls._payple("https://cpay.payple.kr", "https://api-v2.payple.kr")

    @classmethod
    def at(cls, address: str) -> Gateway:
        """A stand-in such as the simulator. Raises ValueError for http outside this machine."""
        place = _place(address)
        bare = place and not (place.parts.path.strip("/") or place.parts.query or place.parts.fragment)
        if not place or not bare or place.scheme not in _DEFAULT_PORTS:
            raise ValueError("a gateway's address is scheme://host[:port] and nothing more")
        if place.scheme == "http" and not _is_loopback(place.host):
            raise ValueError("keys travel in the request: outside this machine the gateway must be https")
        return cls._payple(place.origin, place.origin)

    @classmethod
    def _payple(cls, origin: str, app_card_origin: str) -> Gateway:
        pages = tuple(origin + path for path in CONFIRM_PATHS)
        return cls(origin, (*pages, app_card_origin + APP_CARD_CONFIRM_PATH))

    @property
    def authentication_url(self) -> str:
        """The address of every partner authentication (quick guide 3-2)."""
        return self.origin + AUTHENTICATION_PATH

    @property
    def is_payple(self) -> bool:
        """Whether it is one of Payple's servers and no stand-in."""
        return self.origin.endswith(".payple.kr")

    @property
    def page_origins(self) -> tuple[str, ...]:
        """Every origin the payment page's Content-Security-Policy must admit."""
        return (self.origin,)

    def script_url(self, script: WindowScript) -> str:
        """The script that the payment page loads; it defines `PaypleCpayAuthCheck`."""
        return self.origin + SCRIPT_PATHS[script]

    def select_confirm(self, received: str) -> str:
        """Return our own constant for the confirm address that a result names. Raises UnknownEndpoint."""
        wanted = _endpoint(received)
        for url in self.confirm_urls:
            if wanted is not None and wanted == _endpoint(url):
                return url
        raise UnknownEndpoint("the result names a confirm address that is not the gateway's")

    def return_url(self, purpose: Purpose, received: str) -> str:
        """Rebuild the address of an authentication's answer on our origin. Raises UnknownEndpoint."""
        place = _place(received)
        if not place or place.origin != self.origin or not _leads_to(place, purpose.paths):
            raise UnknownEndpoint("the authentication names an address that is not the gateway's")
        query = place.parts.query
        if place.parts.fragment or not _QUERY.fullmatch(query):
            raise UnknownEndpoint("the authentication names an address that cannot be read safely")
        return self.origin + place.parts.path + (f"?{query}" if query else "")

    def safe_url(self, url: str) -> str:
        """Return the address of a sales slip or a link if it is https or the stand-in's own, else blank."""
        place = _place(url)
        return url if place and (place.scheme == "https" or place.origin == self.origin) else ""


class _Place(NamedTuple):
    """An address in pieces, with nothing in it that two programs could read differently."""

    scheme: str
    host: str
    origin: str
    parts: SplitResult


def _place(url: str) -> _Place | None:
    """Take an absolute address apart; None for blanks, user names, bad ports, odd characters."""
    if not _URL.fullmatch(url):
        return None
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    if not host or "@" in parts.netloc:
        return None
    shown_host = f"[{host}]" if ":" in host else host
    shown_port = "" if port in (None, _DEFAULT_PORTS.get(parts.scheme)) else f":{port}"
    return _Place(parts.scheme, host, f"{parts.scheme}://{shown_host}{shown_port}", parts)


def _endpoint(url: str) -> tuple[str, str, tuple[str, ...]] | None:
    """What makes two confirm addresses the same: origin, path and the `ACT_` of the query."""
    place = _place(url)
    if not place or place.parts.fragment:
        return None
    return place.origin, place.parts.path, _acts(place)


def _leads_to(place: _Place, known: tuple[str, ...]) -> bool:
    """Whether an address has one of these paths, and its `ACT_` where the path alone does not say what it does."""
    paths = (path.partition("?ACT_=") for path in known)
    return any(place.parts.path == path and (not act or _acts(place) == (act,)) for path, _, act in paths)


def _acts(place: _Place) -> tuple[str, ...]:
    """What the address asks to be done: every `ACT_` of its query."""
    query = parse_qsl(place.parts.query, keep_blank_values=True)
    return tuple(value for name, value in query if name == "ACT_")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
