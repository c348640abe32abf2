"""Response codes: what they mean in Korean and English, who can correct it, and whether money may have moved.

>>> explain("3112").fault
<Fault.ISSUER: 'issuer'>
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from .code_table import GROUPS, Fault, Outcome
from .errors import GatewayError, NotSent

# PCCF0000, PAYC0000, 0000 and the inquiry's PCHK000. "Contains 0000" would also admit X00001.
_SUCCESS = re.compile(r"[A-Z]{0,6}0{3,4}")
_CODE_IN_TEXT = re.compile(r"(?<![A-Za-z0-9])[A-Z]{4}[A-Z0-9]{3}[0-9](?![A-Za-z0-9])")
ALREADY_CANCELLED = frozenset({"PAYC0007", "1115", "3121"})
"""A refused cancel: nothing is left. It confirms an earlier cancel only where this one repeats a full one.

PAYC0007 also means that the gateway has no payment of this number and date.
"""
AMOUNT_DIFFERS = frozenset({"1126", "3212"})
"""A refused cancel: it named another amount than the gateway has."""
MONTH_IS_PAID = frozenset({"RPCD0015", "CPAY0202"})
"""No charge was made: another number has paid the month, or this number has paid before. An inquiry tells."""


@dataclass(frozen=True)
class ResponseCode:
    """What a code means. `ko` and `en` are our sentences for the reader; `retry`: the payer may pay again."""

    code: str
    ko: str
    en: str
    fault: Fault
    outcome: Outcome
    retry: bool


TABLE: Mapping[str, ResponseCode] = MappingProxyType(
    {
        code: ResponseCode(code, ko, en, group.fault, group.outcome, group.retry)
        for group in GROUPS
        for codes, (ko, en) in group.texts.items()
        for code in codes.split()
    }
)
UNKNOWN = ResponseCode(
    code="",
    ko="결제사에서 알 수 없는 답을 받았어요. 결제 여부를 확인하고 있으니 다시 결제하지 마세요.",
    en="The payment service gave an unknown answer; we are checking, please do not pay again.",
    fault=Fault.GATEWAY,
    outcome=Outcome.UNKNOWN,
    retry=False,
)
NOT_SENT = ResponseCode(
    code="",
    ko="결제를 시작하지 못했어요. 돈은 빠져나가지 않았어요. 잠시 뒤에 다시 결제해 주세요.",
    en="The payment could not be started, and nothing was charged; please pay again in a moment.",
    fault=Fault.GATEWAY,
    outcome=Outcome.DECLINED,
    retry=True,
)


def explain(error: GatewayError | str) -> ResponseCode:
    """Return what an error or a code means. The outcome of an undocumented code is unknown, unless nothing was sent."""
    code = error if isinstance(error, str) else error.code
    return TABLE.get(code) or replace(NOT_SENT if isinstance(error, NotSent) else UNKNOWN, code=code)


def is_success(code: str) -> bool:
    """Return whether a code may stand beside "success": blank (old answers have none) or letters and only zeros."""
    return not code or _SUCCESS.fullmatch(code) is not None


def code_in(text: str) -> str:
    """Return the code inside a message, where authentication and some refusals put it, or blank."""
    found = _CODE_IN_TEXT.search(text)
    return found[0] if found else ""
