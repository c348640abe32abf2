"""What may be kept of a message. An allow-list: the value of any other field is hidden."""

from __future__ import annotations

import re
from collections.abc import Mapping

HIDDEN = "***"

# fmt: off
_KEPT = frozenset({
    "server_name", "result", "PCD_PAY_HOST", "PCD_PAY_URL", "return_url",
    "PCD_PAYCHK_FLAG", "PCD_PAYCANCEL_FLAG", "PCD_SIMPLE_FLAG", "PCD_CARD_VER",
    "PCD_PAY_RST", "PCD_PAY_CODE", "PCD_PAY_STATE", "PCD_PAY_OID", "PCD_PAY_DATE", "PCD_PAY_TIME",
    "PCD_REGULER_FLAG", "PCD_PAY_YEAR", "PCD_PAY_MONTH", "PCD_LINK_RST", "PCD_LINK_EXPIREDATE",
    "PCD_PAYER_NO", "PCD_PAY_TYPE", "PCD_PAY_WORK", "PCD_PAY_METHOD", "PCD_EASY_PAY_METHOD",
    "PCD_PAY_TOTAL", "PCD_PAY_AMOUNT", "PCD_PAY_AMOUNT_REAL", "PCD_PAY_DISCOUNT",
    "PCD_PAY_TAXTOTAL", "PCD_PAY_ISTAX",
    "PCD_REFUND_TOTAL", "PCD_REFUND_TAXTOTAL", "PCD_REFUND_TIME",
    "PCD_PAY_CARDNAME", "PCD_PAY_CARDQUOTA", "PCD_PAY_CARDTRADENUM", "PCD_PAY_CARDAUTHNO",
    "PCD_PAY_BANK", "PCD_PAY_BANKNAME", "PCD_PAY_BANKACCTYPE",
    "PCD_TAXSAVE_FLAG", "PCD_TAXSAVE_RST", "PCD_TAXSAVE_MGTNUM", "PCD_TAXSAVE_AMOUNT",
    "PCD_TAXSAVE_TRADEUSE",
})
_FREE_TEXT = frozenset({"result_msg", "PCD_PAY_MSG", "PCD_PAY_GOODS", "PCD_TAXSAVE_MSG", "PCD_LINK_MSG"})
# fmt: on
_BREAK = re.compile(r"[\t\r\n]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_LOOKS_PERSONAL = re.compile(r"[^\s@]+@[^\s@]+|[0-9](?:[ -]?[0-9*]){7,}")


def one_line(text: str, limit: int = 500) -> str:
    """Return a text without line breaks and control characters, at most `limit` characters long."""
    return _CONTROL.sub("", _BREAK.sub(" ", text)).strip()[:limit]


def mask_text(text: str) -> str:
    """Return a sentence of the gateway without e-mail addresses and long numbers."""
    return _LOOKS_PERSONAL.sub(HIDDEN, one_line(text))


def mask(message: Mapping[str, object]) -> dict[str, object]:
    """Return a message as it may be kept. Blank stays blank."""
    return {name: _masked(name, value) for name, value in message.items()}


def _masked(name: str, value: object) -> object:
    if value is None or value == "":
        return value
    if name in _KEPT:
        return one_line(str(value))
    return mask_text(str(value)) if name in _FREE_TEXT else HIDDEN
