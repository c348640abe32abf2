"""Rebuild the state of an order from its journal, and compare. Pure: entries in, differences out.

The journal is enough: each entry about a row repeats the row's figures, and each change of state names the edge that
was walked and its proof. So the fold sees three kinds of trouble: a row that is not what its journal says, a journal
from which an entry is missing (the edges do not join), and a way that the graph does not have.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shop import policy
from shop.graph import GRAPHS, Graph, Proof
from shop.states import AttemptState, OrderState, RefundState

KEPT: dict[str, tuple[str, tuple[str, ...]]] = {
    "orders": ("order_no", ("state", "amount", "released")),
    "attempts": ("attempt_no", ("state", "amount", "method", "work", "charged_amount", "trade_date")),
    "refunds": ("id", ("state", "attempt_id", "amount", "vat", "is_full", "requested_by", "decided_by")),
    "cash_receipts": ("id", ("state", "attempt_id", "amount", "reissue_amount", "number")),
}
"""What the journal repeats of each table's rows: the column that names a row, and the columns that replay compares."""
RECORDED = "state_recorded"
"""The entry that a migration writes for rows older than this journal: replay starts from it."""

Figures = Mapping[str, Any]
Key = tuple[str, str | int]


@dataclass(frozen=True)
class Entry:
    """One row of the journal."""

    event: str
    evidence: Mapping[str, Any]


@dataclass(frozen=True)
class Difference:
    """One contradiction between journal and rows, or inside the journal. ``key`` is the number or id of the row."""

    order_no: str
    table: str
    key: str | int
    about: str
    journal: Any
    stored: Any


@dataclass
class Book:
    """What the journal says about one order: the figures of each row, and what did not join."""

    order_no: str
    rows: dict[Key, Figures] = field(default_factory=dict)
    trouble: list[Difference] = field(default_factory=list)
    entries: int = 0

    def read(self, entries: Iterable[Entry]) -> "Book":
        """Fold the entries, oldest first."""
        for entry in entries:
            self.entries += 1
            row = entry.evidence.get("row", {})
            if row.get("table") != "orders":
                self._follow_order(entry)
            if row:
                self._follow_row(entry, row, entry.evidence.get("step"))
        return self

    def _follow_order(self, entry: Entry) -> None:
        """Each entry says what the order was when it was written."""
        order = entry.evidence.get("order")
        if not isinstance(order, str):
            return
        key: Key = ("orders", self.order_no)
        before = self.rows.get(key, {}).get("state")
        if entry.event == RECORDED or before in (None, order):
            return
        if not any(_walks(GRAPHS["orders"], before, order, proof) for proof in Proof):
            self._complain(key, "edge", f"{before} to {order}", None)
        self.rows[key] = {**self.rows[key], "state": order}

    def _follow_row(self, entry: Entry, row: Figures, step: Mapping[str, str] | None) -> None:
        table, key = row["table"], (row["table"], row["key"])
        figures = {name: row.get(name) for name in KEPT[table][1]}
        if entry.event == RECORDED:
            self._start_from(key)
        elif step is None:
            self._insist_on_same(key, figures)
        else:
            self._insist_on_edge(key, step)
        self.rows[key] = figures
        if table == "attempts" and figures["state"] == AttemptState.PAID:
            self._sell()

    def _sell(self) -> None:
        """Whoever pays holds the goods: they were never given back, or have been taken again."""
        key: Key = ("orders", self.order_no)
        if key in self.rows:
            self.rows[key] = {**self.rows[key], "released": False}

    def _start_from(self, key: Key) -> None:
        """What was written before this is older than the rules of this journal."""
        if key[0] == "orders":
            self.rows.clear()
            self.trouble.clear()

    def _insist_on_same(self, key: Key, figures: Figures) -> None:
        """An entry that moves nothing finds the row in the state that the last one left."""
        before = self.rows.get(key, {}).get("state")
        if before != figures["state"]:
            self._complain(key, "gap", f"{before} before {figures['state']}", None)

    def _insist_on_edge(self, key: Key, step: Mapping[str, str]) -> None:
        """The edge begins where the last one ended, and the graph has it."""
        graph, before, known = GRAPHS[key[0]], step["before"], self.rows.get(key, {}).get("state", "")
        if before != known:
            self._complain(key, "gap", f"{known or 'nothing'} before {before or 'nothing'}", None)
        is_birth = not before and step["after"] == graph.start
        if not is_birth and not _walks(graph, before or graph.start, step["after"], step["proof"]):
            self._complain(key, "edge", f"{before} to {step['after']} by {step['proof']}", None)

    def _complain(self, key: Key, about: str, journal: object, stored: object) -> None:
        self.trouble.append(Difference(self.order_no, *key, about, journal, stored))


def compare(book: Book, stored: Mapping[Key, Figures]) -> list[Difference]:
    """Where the rows are not what the journal says. A row that only one side has differs as a whole."""
    found = list(book.trouble)
    for key in sorted({*book.rows, *stored}, key=str):
        if key not in stored:
            found.append(Difference(book.order_no, *key, "row", book.rows[key]["state"], None))
        elif key not in book.rows:
            found.append(Difference(book.order_no, *key, "row", None, stored[key]["state"]))
        else:
            found += [
                Difference(book.order_no, *key, name, book.rows[key][name], stored[key][name])
                for name in stored[key]
                if book.rows[key][name] != stored[key][name]
            ]
    return found + _underived(book)


def _underived(book: Book) -> list[Difference]:
    """The order's state follows from its attempts and refunds alone: it must also be what they make of it."""
    key: Key = ("orders", book.order_no)
    order = book.rows.get(key)
    if order is None:
        return []
    derived = _order_of(book, order)
    if order["state"] == derived:
        return []
    return [Difference(book.order_no, *key, "derived", derived.value, order["state"])]


def _order_of(book: Book, order: Figures) -> OrderState:
    """What the attempts and refunds in the journal make of their order."""
    attempts = [row for (table, _key), row in book.rows.items() if table == "attempts"]
    states = [AttemptState(row["state"]) for row in attempts if row["state"] in set(AttemptState)]
    state = policy.order_state(states, expired=bool(order["released"]))
    if state is not OrderState.PAID:
        return state
    charged = sum(row["charged_amount"] or row["amount"] for row in attempts if row["state"] == AttemptState.PAID)
    return policy.refunded_state(charged, _refunded(book))


def _refunded(book: Book) -> int:
    """Won that went back to the payer; what the shop returns of itself belongs to no order."""
    refunds = [row for (table, _key), row in book.rows.items() if table == "refunds"]
    return sum(row["amount"] for row in refunds if row["state"] == RefundState.DONE and row["requested_by"])


def _walks(graph: Graph[Any], before: str, after: str, proof: str) -> bool:
    """The journal's words are compared as words: it may name states that the program no longer knows."""
    return any(
        (before, after) == (edge[0].value, edge[1].value) and proof in {known.value for known in proofs}
        for edge, proofs in graph.edges.items()
    )
