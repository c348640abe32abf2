"""What may be shown or kept of a message. An allow-list: a field that is not on it is hidden."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

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
_SECRETS = frozenset({
    "cst_id", "custKey", "AuthKey", "PCD_CST_ID", "PCD_CUST_KEY", "PCD_AUTH_KEY", "PCD_PAY_REQKEY",
    "PCD_PAYER_ID", "PCD_REFUND_KEY", "clientKey",
    "PCD_TAXSAVE_IDENTINUM",  # somebody's, and as long as a key: hidden just as strictly
})
_PERSONAL = frozenset({
    "PCD_PAYER_NAME", "PCD_PAYER_HP", "PCD_PAYER_EMAIL", "PCD_PAY_CARDNUM", "PCD_PAY_BANKNUM",
})
# fmt: on
_SHORTEST_SECRET = 8  # a raw cst_id such as "test" is no secret and would blot out half a message
_SHORTEST_PERSONAL = 2
_LOOKS_PERSONAL = re.compile(r"[^\s@]+@[^\s@]+|[0-9](?:[ -]?[0-9*]){7,}")
_FIELD_LIMIT = 100


def one_line(text: str, limit: int = 500) -> str:
    """Return a text without line breaks and control characters, at most `limit` characters long."""
    kept = "".join(" " if char in "\t\r\n" else char for char in text)
    return "".join(char for char in kept if unicodedata.category(char) not in {"Cc", "Cs"}).strip()[:limit]


class Mask:
    """Hides secrets and personal data: by their field's name, and where their values turn up elsewhere."""

    def __init__(self, *messages: Mapping[str, object]) -> None:
        self._secrets = _values(messages, _SECRETS, _SHORTEST_SECRET)
        self._personal = _values(messages, _PERSONAL, _SHORTEST_PERSONAL)

    def fields(self, message: Mapping[str, object]) -> dict[str, object]:
        """The message as it may be kept: blank stays blank, everything not on the list becomes ***."""
        entries = list(message.items())[:_FIELD_LIMIT]
        return {self.without_secrets(one_line(name, 60)): self._value(name, value) for name, value in entries}

    def text(self, text: str) -> str:
        """A message for people without secrets, names, or anything that looks like a number of someone."""
        return _LOOKS_PERSONAL.sub(HIDDEN, _without(self.without_secrets(one_line(text)), self._personal))

    def _value(self, name: str, value: object) -> object:
        if value is None or value == "":
            return value
        shown = str(value) if isinstance(value, (str, int)) else ""
        if shown and name in _KEPT:
            return self.without_secrets(one_line(shown))
        return self.text(shown) if shown and name in _FREE_TEXT else HIDDEN

    def without_secrets(self, text: str) -> str:
        """The text without the keys and identity numbers of these messages."""
        return _without(text, self._secrets)


def _values(messages: Iterable[Mapping[str, object]], names: frozenset[str], shortest: int) -> list[str]:
    """The values under these names, longest first so that no part of a longer one stays behind."""
    found = {str(message[name]) for message in messages for name in names & message.keys()}
    return sorted((value for value in found if len(value) >= shortest), key=len, reverse=True)


def _without(text: str, hidden: Iterable[str]) -> str:
    for value in hidden:
        text = text.replace(value, HIDDEN)
    return text
