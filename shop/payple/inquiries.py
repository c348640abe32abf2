"""Many inquiries in a row: one partner authentication for all of them, asked one after the other and not too fast.

The inquiry is the one operation whose keys may be used again, for thirty minutes (결제결과 조회 API). Every other
operation wants an authentication of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from .authentication import Authentication
from .errors import Refused
from .payment import PaymentFound
from .vocabulary import PayType

PER_SECOND = 2
"""Inquiries, unless you say otherwise. No document names a limit; merchants report that more are refused."""
KEYS_LAST = 25 * 60.0
"""Seconds, well within the thirty minutes."""
KEYS_ARE_OVER = frozenset({"CBIL0002", "SPAY0001"})  # expired or unknown, card and transfer

Authenticate = Callable[[str], Authentication]
Ask = Callable[[Authentication, str, date, PayType, str], PaymentFound | None]


@dataclass(frozen=True)
class Timer:
    """How time passes: a clock that never goes back, and a pause. Tests bring their own."""

    seconds: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep


REAL_TIME = Timer()


class Inquiries:
    """A batch of inquiries for one thread. It asks like `PaypleClient.inquire`, which authenticates each time."""

    def __init__(self, authenticate: Authenticate, ask: Ask, timer: Timer, per_second: int = PER_SECOND) -> None:
        self._authenticate = authenticate
        self._ask = ask
        self._timer = timer
        self._pause = 1 / per_second
        self._keys: Authentication | None = None
        self._keys_since = 0.0
        self._free_at = float("-inf")

    def inquire(
        self, attempt_no: str, payment_date: date, pay_type: PayType, *, about: str = ""
    ) -> PaymentFound | None:
        """Ask what became of an attempt; None if the gateway knows no such payment.

        Waits until it is its turn. Raises NotSent, OutcomeUnknown, Refused.
        """
        known = self._present_keys()
        keys = known or self._fresh_keys(about)
        self._wait_for_turn()
        try:
            return self._ask(keys, attempt_no, payment_date, pay_type, about)
        except Refused as refused:
            if known is None or refused.code not in KEYS_ARE_OVER:
                raise
        keys = self._fresh_keys(about)
        self._wait_for_turn()
        return self._ask(keys, attempt_no, payment_date, pay_type, about)

    def _present_keys(self) -> Authentication | None:
        is_old = self._timer.seconds() - self._keys_since > KEYS_LAST
        return None if is_old else self._keys

    def _fresh_keys(self, about: str) -> Authentication:
        """Keys for the next half hour; those that failed are not tried again."""
        self._keys = None
        self._keys_since = self._timer.seconds()
        self._keys = self._authenticate(about)
        return self._keys

    def _wait_for_turn(self) -> None:
        wait = self._free_at - self._timer.seconds()
        if wait > 0:
            self._timer.pause(wait)
        self._free_at = self._timer.seconds() + self._pause
