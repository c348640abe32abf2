"""Evidence, opened at the page that a rule wants to read: by payment number, by order, by what really stands."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from tests.chaos.evidence import Evidence, Placed, Row

PAID_STATES = ("paid", "partially_refunded", "refunded")
BEHIND = "done behind the shop's back"
"""The simulator's note of money that somebody returned in the gateway's own administration: no shop can know of it."""


@dataclass(frozen=True)
class Books:
    """The gateway's books and the shop's, side by side."""

    seen: Evidence

    @cached_property
    def charged(self) -> dict[str, Row]:
        """The payments that moved money, by number."""
        return {row["oid"]: row for row in self.seen.payments if row["paid_at"]}

    @cached_property
    def line_of(self) -> dict[str, Row]:
        """The shop's line of each attempt."""
        return {line["attempt_no"]: line for line in self.seen.lines}

    @cached_property
    def paid_lines(self) -> dict[str, list[Row]]:
        """The lines of each order that the shop calls paid."""
        return grouped((line for line in self.seen.lines if line["state"] == "paid"), "order_no")

    @cached_property
    def story(self) -> dict[str, list[Row]]:
        """What the gateway wrote about each payment number, oldest first."""
        return grouped(self.seen.entries, "oid")

    @cached_property
    def on_desk(self) -> frozenset[str]:
        """The orders that a person is told to look at."""
        return frozenset(row.order_no for row in self.seen.desk)

    @cached_property
    def behind(self) -> Counter[str]:
        """Won that went back behind the shop's back, by number."""
        sums: Counter[str] = Counter()
        for entry in self.seen.entries:
            if entry["effect"] == "cancelled" and entry["note"] == BEHIND:
                sums[entry["oid"]] += entry["amount"]
        return sums

    @cached_property
    def cancels(self) -> Counter[str]:
        """How many cancels of the shop were accepted, by number."""
        return Counter(
            entry["oid"] for entry in self.seen.entries if entry["effect"] == "cancelled" and entry["note"] != BEHIND
        )

    def order_of(self, oid: str) -> str:
        """The order that the shop started this attempt for; blank for a number that it never gave."""
        line = self.line_of.get(oid)
        return str(line["order_no"]) if line else ""

    def returned(self, oid: str) -> int:
        """Won that went back at the shop's own request."""
        row = self.charged.get(oid)
        return int(row["refunded_total"]) - self.behind[oid] if row else 0

    def standing(self, oid: str) -> int:
        """Won of a payment that have not gone back, those behind the shop's back counted as still there."""
        return int(self.charged[oid]["total"]) - self.returned(oid)

    def is_attached(self, oid: str) -> bool:
        """Whether the shop says that this payment paid its order."""
        line = self.line_of.get(oid)
        return line is not None and line["state"] == "paid"

    def is_on_desk(self, oid: str) -> bool:
        """Whether a person is told about the order of this payment."""
        return self.order_of(oid) in self.on_desk

    def is_known(self, oid: str) -> bool:
        """Whether a shop can know of this number at all: one that a browser invented is beyond its reach."""
        return oid not in self.seen.beyond_reach


def state_of(order: Placed) -> str:
    """As its page showed it last; blank if nobody looked."""
    return order.seen[-1] if order.seen else ""


def grouped(rows: Iterable[Row], name: str) -> dict[str, list[Row]]:
    """Rows by one of their members, the order kept."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row[name]].append(row)
    return groups
