"""One exchange with the gateway as an observer may keep it: masked, timed, and with how it went."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from .errors import GatewayError, NotSent
from .masking import Mask

log = logging.getLogger(__name__)

Ending = Literal["answered", "not_sent", "unknown"]


@dataclass(frozen=True)
class Exchange:
    """What was asked and answered, without keys, tokens, names, phone, card or account numbers."""

    operation: str  # authenticate, confirm, inquire, refund, issue_cash_receipt, cancel_cash_receipt
    about: str  # the caller's own note, such as the attempt_no
    url: str  # the path only
    request: dict[str, object]
    response: dict[str, object] | str  # the answer's fields, or in a sentence why there are none
    outcome: Ending  # "answered" may still be a no
    seconds: float
    at: datetime  # UTC, when it began


Observer = Callable[[Exchange], None]


@dataclass(frozen=True)
class Asking:
    """An exchange under way."""

    operation: str
    about: str
    path: str
    request: Mapping[str, str]
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    ticks: float = field(default_factory=time.monotonic)

    def answered(self, answer: Mapping[str, object]) -> Exchange:
        """It ended with an answer, yes or no."""
        mask = Mask(self.request, answer)
        return self._ended(mask, mask.fields(answer), "answered")

    def failed(self, error: GatewayError) -> Exchange:
        """It ended without an answer that can be read."""
        ending: Ending = "not_sent" if isinstance(error, NotSent) else "unknown"
        return self._ended(Mask(self.request), error.message, ending)

    def _ended(self, mask: Mask, response: dict[str, object] | str, ending: Ending) -> Exchange:
        seconds = time.monotonic() - self.ticks
        request = mask.fields(self.request)
        return Exchange(self.operation, self.about, self.path, request, response, ending, seconds, self.began)


def tell(observer: Observer | None, exchange: Exchange) -> None:
    """Tell the observer. Its own trouble is logged and never changes what became of the payment."""
    if observer is None:
        return
    try:
        observer(exchange)
    except Exception:
        log.exception("the observer of gateway exchanges failed")
