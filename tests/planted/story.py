"""A world of tests, and what the oracle asks about it: the simulator's books, the shop's, and what orders showed."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field

from sqlalchemy import select

from shop.db import db
from shop.errors import RefundRefused
from shop.extensions import client
from shop.models import Order, Product
from shop.services import desk, refunds, reports
from tests.oracle import DeskRow, Evidence, Placed, Violation, violations
from tests.world import Purchase, World

DRAIN = (45, 30, 60, 240, 1_080, 180, 1_440, 1_440, 1_440)
"""Minutes between the last sweeps: through every schedule of the shop, and past the tax office's next days."""


@dataclass
class Story:
    """``noted`` are violations that stand in no book."""

    world: World
    noted: list[Violation] = field(default_factory=list)
    orders: dict[str, Placed] = field(default_factory=dict)
    stock: dict[str, list[int]] = field(default_factory=dict)
    refund_forms: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.look()

    def note(self, invariant: str, text: str) -> None:
        self.noted.append(Violation(invariant, text))

    def refund(self, purchase: Purchase, amount: int, *, seen: int | None = None, by: str = "kim") -> None:
        """Send a refund form. What is refused changes nothing."""
        wish = purchase.wish(amount, seen=seen)
        self.refund_forms.add((purchase.order_no, wish.refund_no))
        with suppress(RefundRefused):
            refunds.request(purchase.order_no, wish, by=by, client=client())

    def look(self) -> None:
        """Remember the state of every order and how many pieces are left."""
        db.session.rollback()
        for order in db.session.scalars(select(Order).order_by(Order.id)):
            lines = {line.slug: line.quantity for line in order.lines}
            prices = {line.slug: line.unit_price for line in order.lines}
            placed = self.orders.setdefault(order.order_no, Placed(order.order_no, lines, prices, may_be_on_desk=True))
            placed.attempts = [attempt.attempt_no for attempt in order.attempts]
            placed.note_state(order.state.value)
        for product in db.session.scalars(select(Product).where(Product.stock.is_not(None))):
            self.stock.setdefault(product.slug, []).append(product.stock or 0)

    def end(self) -> set[str]:
        """End all faults, let time pass and sweep; answers the invariants that do not hold."""
        self.world.control("DELETE", "faults")
        self.world.control("DELETE", "scenarios")
        self.world.policy(inquiry_lag_seconds=0)
        for minutes in DRAIN:
            self.world.sweep(minutes=minutes)
        self.look()
        return {found.invariant for found in (*self.noted, *violations(self._evidence(), at_rest=True))}

    def _evidence(self) -> Evidence:
        months = db.session.scalars(select(Order).where(Order.subscription_id.is_not(None)))
        rows = [row.subject for row in desk.load().rows]
        return Evidence(
            entries=self.world.control("GET", "ledger"),
            payments=self.world.control("GET", "payments"),
            lines=list(reports.ledger()),
            orders=list(self.orders.values()),
            refund_forms=frozenset(self.refund_forms),
            desk=[DeskRow(type(row).__name__, row.state.value, row.order.order_no) for row in rows],
            stock=self.stock,
            month_of={order.order_no: f"{order.subscription_id} {order.month}" for order in months},
        )
