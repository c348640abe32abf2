"""Response codes: what they mean in Korean and English, whose fault they are, whether money may have moved.

>>> lookup("3112").fault
<Fault.ISSUER: 'issuer'>
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from .code_table import ROWS, Row
from .meanings import ALREADY_REFUNDED, NOTHING_LEFT, REFUND_AMOUNT, Fault, Outcome

__all__ = [
    "TABLE",
    "Fault",
    "Outcome",
    "ResponseCode",
    "code_in",
    "is_success",
    "lookup",
    "says_already_cancelled",
    "says_amount_differs",
    "says_unknown_or_cancelled",
]

# PCCF0000, PAYC0000, 0000 and the inquiry's PCHK000. "Contains 0000" would also admit X00001.
_SUCCESS = re.compile(r"[A-Z]{0,6}0{3,4}")
_CODE_IN_TEXT = re.compile(r"(?<![A-Za-z0-9])[A-Z]{4}[A-Z0-9]{3}[0-9](?![A-Za-z0-9])")


@dataclass(frozen=True)
class ResponseCode:
    """One documented code. `message` is Payple's, `ko` and `en` are our sentence for the person reading."""

    code: str
    message: str
    ko: str
    en: str
    fault: Fault
    outcome: Outcome
    retry: bool

    @classmethod
    def of(cls, row: Row) -> ResponseCode:
        """Join a table row with its meaning."""
        code, message, meaning = row
        return cls(code, message, meaning.ko, meaning.en, meaning.fault, meaning.outcome, meaning.retry)


TABLE: Mapping[str, ResponseCode] = MappingProxyType({row[0]: ResponseCode.of(row) for row in ROWS})

_AMOUNT_DIFFERS = frozenset(code for code, _, meaning in ROWS if meaning is REFUND_AMOUNT)
_UNKNOWN_OR_CANCELLED = frozenset(code for code, _, meaning in ROWS if meaning is NOTHING_LEFT)
_ALREADY_CANCELLED = frozenset(code for code, _, meaning in ROWS if meaning in {ALREADY_REFUNDED, NOTHING_LEFT})


def lookup(code: str) -> ResponseCode | None:
    """What Payple documents for this code; None for a code that nobody has published."""
    return TABLE.get(code)


def is_success(code: str) -> bool:
    """Whether a code may stand beside "success": blank (old answers have none) or letters and only zeros."""
    return not code or _SUCCESS.fullmatch(code) is not None


def says_already_cancelled(code: str) -> bool:
    """Whether a refused cancel may be one that was done before: nothing is left to cancel, says the gateway.

    It ends only a cancel of everything that is left, which may have been sent before: to the first try of any other
    refund it is a plain no. See also ``says_unknown_or_cancelled``.
    """
    return code in _ALREADY_CANCELLED


def says_unknown_or_cancelled(code: str) -> bool:
    """Whether the code stands for "cancelled already" and for "no payment with this number and date" alike (PAYC0007).

    It says that nothing is left only where the date is beyond doubt: of a payment around midnight it may be the other.
    """
    return code in _UNKNOWN_OR_CANCELLED


def says_amount_differs(code: str) -> bool:
    """Whether a refused cancel named another amount than the gateway has on file."""
    return code in _AMOUNT_DIFFERS


def code_in(text: str) -> str:
    """The code inside a message, where authentication and some refusals put it; blank if there is none."""
    found = _CODE_IN_TEXT.search(text)
    return found[0] if found else ""
