"""The state graph as data: every state, every edge that may be walked, and the proof that each edge needs.

Pure, and meant to be read as a table. Services change states only along these edges (``shop.services.moving``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, TypeVar

from shop.states import AttemptState, CashReceiptState, OrderState, RefundState


class Proof(StrEnum):
    """What a change of state rests on. A browser's or a webhook's word is none of these.

    intent         our own decision, committed before the call leaves
    confirm        the gateway's answer to our confirm
    inquiry        the gateway's answer to our inquiry
    cancel         the gateway's answer to our cancel
    receipt        the gateway's answer to our cash receipt call
    no_answer      our call had no definite answer
    not_sent       nothing that could move money left this machine
    nothing_found  an inquiry found no such payment, and the rules say what that means now
    staff          a named person decided, by evidence from outside
    deadline       the time is over, and the gateway was asked about every window
    attempt        for an order: what one of its attempts has become
    refund         for an order: a refund of it is done
    """

    INTENT = "intent"
    CONFIRM = "confirm"
    INQUIRY = "inquiry"
    CANCEL = "cancel"
    RECEIPT = "receipt"
    NO_ANSWER = "no_answer"
    NOT_SENT = "not_sent"
    NOTHING_FOUND = "nothing_found"
    STAFF = "staff"
    DEADLINE = "deadline"
    ATTEMPT = "attempt"
    REFUND = "refund"


class IllegalMove(Exception):
    """An edge that is not in the graph, or one that this proof does not open: a mistake of the program."""


State = TypeVar("State", bound=StrEnum)


@dataclass(frozen=True)
class Graph(Generic[State]):
    """One machine. ``needs`` are the columns without which no row may show a state."""

    start: State
    edges: Mapping[tuple[State, State], frozenset[Proof]]
    needs: Mapping[State, str] = field(default_factory=dict)

    def allows(self, before: State, after: State, proof: Proof) -> bool:
        """Whether this proof opens this edge."""
        return proof in self.edges.get((before, after), frozenset())

    def insist(self, before: State, after: State, proof: Proof) -> None:
        """Stop a program that is about to walk where there is no way.

        :raises IllegalMove: no such edge, or the wrong proof
        """
        if not self.allows(before, after, proof):
            raise IllegalMove(f"{type(before).__name__}: {before} to {after} by {proof}")

    def sources_of(self, state: State) -> list[State]:
        """The states from which this one may be reached."""
        return [before for before, after in self.edges if after is state]

    def is_terminal(self, state: State) -> bool:
        """Whether nothing leads away from here."""
        return all(before is not state for before, _after in self.edges)


def _by(*proofs: Proof) -> frozenset[Proof]:
    return frozenset(proofs)


_A, _R, _C, _O = AttemptState, RefundState, CashReceiptState, OrderState

ATTEMPT = Graph(
    start=_A.PREPARED,
    edges={
        (_A.PREPARED, _A.CONFIRMING): _by(Proof.INTENT),
        (_A.PREPARED, _A.UNKNOWN): _by(Proof.NO_ANSWER),
        (_A.PREPARED, _A.PAID): _by(Proof.INQUIRY),
        (_A.PREPARED, _A.ORPHANED): _by(Proof.INQUIRY),
        (_A.PREPARED, _A.ATTENTION): _by(Proof.INQUIRY, Proof.NO_ANSWER),
        (_A.PREPARED, _A.EXPIRED): _by(Proof.NOTHING_FOUND, Proof.NOT_SENT),
        (_A.CONFIRMING, _A.PREPARED): _by(Proof.CONFIRM, Proof.NOT_SENT),
        (_A.CONFIRMING, _A.UNKNOWN): _by(Proof.NO_ANSWER),
        (_A.CONFIRMING, _A.PAID): _by(Proof.CONFIRM, Proof.INQUIRY),
        (_A.CONFIRMING, _A.ORPHANED): _by(Proof.CONFIRM, Proof.INQUIRY),
        (_A.CONFIRMING, _A.ATTENTION): _by(Proof.CONFIRM, Proof.INQUIRY, Proof.NO_ANSWER),
        (_A.CONFIRMING, _A.DECLINED): _by(Proof.CONFIRM, Proof.NOTHING_FOUND),
        (_A.UNKNOWN, _A.PREPARED): _by(Proof.NOTHING_FOUND),
        (_A.UNKNOWN, _A.PAID): _by(Proof.INQUIRY),
        (_A.UNKNOWN, _A.ORPHANED): _by(Proof.INQUIRY),
        (_A.UNKNOWN, _A.ATTENTION): _by(Proof.INQUIRY, Proof.NO_ANSWER),
        (_A.UNKNOWN, _A.DECLINED): _by(Proof.NOTHING_FOUND),
        (_A.UNKNOWN, _A.EXPIRED): _by(Proof.NOTHING_FOUND),
        (_A.DECLINED, _A.PAID): _by(Proof.CONFIRM, Proof.INQUIRY),
        (_A.DECLINED, _A.ORPHANED): _by(Proof.CONFIRM, Proof.INQUIRY),
        (_A.DECLINED, _A.ATTENTION): _by(Proof.CONFIRM, Proof.INQUIRY),
        (_A.EXPIRED, _A.PAID): _by(Proof.INQUIRY),
        (_A.EXPIRED, _A.ORPHANED): _by(Proof.INQUIRY),
        (_A.EXPIRED, _A.ATTENTION): _by(Proof.INQUIRY),
        (_A.ATTENTION, _A.ORPHANED): _by(Proof.STAFF),
    },
    needs={_A.CONFIRMING: "confirming_at", _A.PAID: "trade_date"},
)
"""Money that arrives late is still money: declined and expired can become paid, and nothing leads back from paid."""

REFUND = Graph(
    start=_R.RESERVED,
    edges={
        (_R.RESERVED, _R.SUBMITTED): _by(Proof.INTENT),
        (_R.RESERVED, _R.REFUSED): _by(Proof.NOT_SENT),
        (_R.SUBMITTED, _R.DONE): _by(Proof.CANCEL, Proof.INQUIRY),
        (_R.SUBMITTED, _R.REFUSED): _by(Proof.CANCEL, Proof.NOT_SENT),
        (_R.SUBMITTED, _R.UNKNOWN): _by(Proof.NO_ANSWER, Proof.NOT_SENT, Proof.CANCEL),
        (_R.SUBMITTED, _R.RESERVED): _by(Proof.NOT_SENT),
        (_R.UNKNOWN, _R.SUBMITTED): _by(Proof.INTENT),
        (_R.UNKNOWN, _R.DONE): _by(Proof.STAFF, Proof.CANCEL),
        (_R.UNKNOWN, _R.REFUSED): _by(Proof.CANCEL, Proof.NOT_SENT, Proof.STAFF),
        (_R.REFUSED, _R.DONE): _by(Proof.CANCEL),
    },
    needs={_R.SUBMITTED: "submitted_at", _R.DONE: "settled_at", _R.REFUSED: "settled_at"},
)
"""Unknown is left by a repeat of the same full cancel, by an answer that was given up too early, or by a person; never
by time. A person who says that nothing went back may be wrong: the gateway's own yes, however late, is stronger."""

CASH_RECEIPT = Graph(
    start=_C.NONE,
    edges={
        (_C.NONE, _C.REQUESTED): _by(Proof.INTENT),
        (_C.NONE, _C.ISSUED): _by(Proof.CONFIRM, Proof.INQUIRY, Proof.CANCEL),
        (_C.REQUESTED, _C.ISSUED): _by(Proof.RECEIPT, Proof.INQUIRY),
        (_C.REQUESTED, _C.FAILED): _by(Proof.RECEIPT, Proof.NOT_SENT),
        (_C.ISSUED, _C.CANCEL_DUE): _by(Proof.CANCEL, Proof.STAFF),
        (_C.ISSUED, _C.CANCELLED): _by(Proof.CANCEL),
        (_C.CANCEL_DUE, _C.CANCELLED): _by(Proof.RECEIPT),
    },
    needs={_C.ISSUED: "issued_at", _C.CANCELLED: "cancelled_at", _C.CANCEL_DUE: "due_at"},
)
"""``none`` means that there is no row yet. A cancel that is due stays due until the tax office has taken it."""

ORDER = Graph(
    start=_O.AWAITING_PAYMENT,
    edges={
        (_O.AWAITING_PAYMENT, _O.CHECKING): _by(Proof.ATTEMPT),
        (_O.AWAITING_PAYMENT, _O.PAID): _by(Proof.ATTEMPT),
        (_O.AWAITING_PAYMENT, _O.ATTENTION): _by(Proof.ATTEMPT),
        (_O.AWAITING_PAYMENT, _O.EXPIRED): _by(Proof.DEADLINE),
        (_O.CHECKING, _O.AWAITING_PAYMENT): _by(Proof.ATTEMPT),
        (_O.CHECKING, _O.PAID): _by(Proof.ATTEMPT),
        (_O.CHECKING, _O.ATTENTION): _by(Proof.ATTEMPT),
        (_O.CHECKING, _O.EXPIRED): _by(Proof.ATTEMPT),
        (_O.ATTENTION, _O.AWAITING_PAYMENT): _by(Proof.ATTEMPT),
        (_O.ATTENTION, _O.CHECKING): _by(Proof.ATTEMPT),
        (_O.ATTENTION, _O.PAID): _by(Proof.ATTEMPT),
        (_O.ATTENTION, _O.EXPIRED): _by(Proof.ATTEMPT),
        (_O.EXPIRED, _O.PAID): _by(Proof.ATTEMPT),
        (_O.EXPIRED, _O.ATTENTION): _by(Proof.ATTEMPT),
        (_O.PAID, _O.PARTIALLY_REFUNDED): _by(Proof.REFUND),
        (_O.PAID, _O.REFUNDED): _by(Proof.REFUND),
        (_O.PARTIALLY_REFUNDED, _O.REFUNDED): _by(Proof.REFUND),
    },
    needs={_O.EXPIRED: "released_at"},
)
"""An order decides nothing by itself: it shows what its attempts and refunds have become."""

GRAPHS: dict[str, Graph[Any]] = {
    "orders": ORDER,
    "attempts": ATTEMPT,
    "refunds": REFUND,
    "cash_receipts": CASH_RECEIPT,
}
"""By the table whose column ``state`` walks it."""
