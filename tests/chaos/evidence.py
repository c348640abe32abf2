"""What a run has seen, from outside: the gateway's books, the shop's books, its pages, and what the driver did itself.

Everything is as the public surface tells it; rows stay the mappings that JSON gave. Whoever collects while things still
move reads the shop's ledger first and the gateway's afterwards: the gateway only ever knows more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Row = Mapping[str, Any]


@dataclass
class Placed:
    """An order as its driver knows it.

    `lines` are pieces and `prices` won by product, as the catalogue said when it was placed; `attempts` the numbers
    that the shop answered; `seen` the states that its page showed, in order. `is_for_desk`: the driver did something
    that nobody can resolve, so a person has to be told; `may_be_on_desk`: chance decides. `receipt_given_up`: the staff
    has cancelled the cash receipt on purpose.
    """

    order_no: str
    shop: str = ""
    lines: Mapping[str, int] = field(default_factory=dict)
    prices: Mapping[str, int] = field(default_factory=dict)
    phone: str = ""
    attempts: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    is_for_desk: bool = False
    may_be_on_desk: bool = False
    receipt_given_up: bool = False

    @property
    def total(self) -> int:
        """What it costs, in won."""
        return sum(self.prices[slug] * pieces for slug, pieces in self.lines.items())

    def note_state(self, state: str) -> None:
        """One more look at its page; blank is none."""
        if state and self.seen[-1:] != [state]:
            self.seen.append(state)


@dataclass(frozen=True)
class Intent:
    """A refund that somebody of the staff asked for; sent many times, it is still one."""

    order_no: str
    intent: str
    amount: int


@dataclass(frozen=True)
class DeskRow:
    """One thing that waits for a person: an attempt, a refund or a cash receipt."""

    kind: str
    state: str
    order_no: str


@dataclass(frozen=True)
class Evidence:
    """Everything together.

    `stock` holds every look at a product, the first one before any order of the run, the last one now; only of
    products whose every order is in `orders`. `canary` says what reached an address of an attacker. `beyond_reach`
    are payment numbers that a browser invented: no shop can know of them.
    """

    entries: Sequence[Row] = ()
    payments: Sequence[Row] = ()
    lines: Sequence[Row] = ()
    orders: Sequence[Placed] = ()
    intents: Sequence[Intent] = ()
    desk: Sequence[DeskRow] = ()
    stock: Mapping[str, Sequence[int]] = field(default_factory=dict)
    canary: Sequence[str] = ()
    beyond_reach: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Breach:
    """A broken invariant: its name, what is wrong in one sentence, and the order or number it is about."""

    invariant: str
    text: str
    order_no: str = ""
