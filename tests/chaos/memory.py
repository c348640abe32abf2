"""What the driver remembers: the orders it has placed and the refunds it has asked for, and where a campaign began."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

from tests.chaos.evidence import Intent, Placed
from tests.chaos.schedule import Step


@dataclass(frozen=True)
class Mark:
    """A moment in a stage's life: what comes after it belongs to the next campaign."""

    seq: int = 0
    payments: int = 0
    orders: int = 0
    intents: int = 0
    canary: int = 0


class Memory:
    """Any thread may write."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.orders: list[Placed] = []
        self.intents: list[Intent] = []
        self.beyond_reach: set[str] = set()
        self._by_number: dict[str, Placed] = {}
        self._steps: dict[str, Step] = {}
        self._cookies: dict[str, dict[str, str]] = {}

    def add(self, order: Placed, step: Step | None = None, cookies: dict[str, str] | None = None) -> Placed:
        """A new order, the step it belongs to, and what its owner's browser carries.

        The same number again is the same order.
        """
        with self._lock:
            known = self._by_number.setdefault(order.order_no, order)
            if known is order:
                self.orders.append(order)
                self._cookies[order.order_no] = cookies or {}
                if step:
                    self._steps[order.order_no] = step
        return known

    def step_of(self, order_no: str) -> Step | None:
        """The step of the schedule that placed an order."""
        return self._steps.get(order_no)

    def cookies_of(self, order_no: str) -> dict[str, str]:
        """By which its owner may see it."""
        return self._cookies.get(order_no, {})

    def find(self, order_no: str) -> Placed | None:
        """An order by its number."""
        return self._by_number.get(order_no)

    def intend(self, intent: Intent) -> None:
        """A refund is about to be sent; the same mark twice is one intent."""
        with self._lock:
            if intent not in self.intents:
                self.intents.append(intent)
