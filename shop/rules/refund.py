"""The rules about refunds. Pure: facts in, plans out; no database, no web, no network.

A plan can be shown before the button is pressed, and is the same when it is carried out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from shop.rules.money import Tax, TaxBreakdown, Won, contained_vat


@dataclass(frozen=True)
class PaidFacts:
    """A paid attempt and what has been returned. Refunds in flight count as returned."""

    paid: TaxBreakdown
    charged: Won
    gone: Won
    gone_vat: Won
    receipt: Won | None

    @property
    def refundable(self) -> Won:
        """What is left: never more than was charged, even if the gateway gave a discount on the total."""
        return Won(max(0, min(self.paid.total, self.charged) - self.gone))

    @property
    def vat_left(self) -> Won:
        return Won(max(0, self.paid.vat - self.gone_vat))


@dataclass(frozen=True)
class RefundPlan:
    """What a refund does: money, tax, cash receipt. ``receipt_after`` None: there is no receipt to change."""

    amount: Won
    vat: Won
    remainder: Won
    receipt_after: Won | None

    @property
    def is_full(self) -> bool:
        """Everything that was left goes back: only such a call may be repeated when its answer is lost."""
        return self.remainder == 0


def plan_refund(facts: PaidFacts, amount: Won, vat: Won | None = None) -> RefundPlan:
    """Work out a refund of at most what is left. ``vat`` is its tax part, by default in proportion to the amount."""
    remainder = Won(facts.refundable - amount)
    whole = facts.paid.total
    part = Won((2 * amount * facts.paid.vat + whole) // (2 * whole)) if vat is None else vat  # rounded half up
    after = None if facts.receipt is None else Won(max(0, facts.receipt - amount))
    return RefundPlan(amount, _bounded(part, amount, remainder, facts.vat_left), remainder, after)


def vat_of_goods(parts: Iterable[tuple[Won, Tax]]) -> Won:
    """The tax inside refunded goods: contained in the taxable ones, none in the exempt ones."""
    return contained_vat(Won(sum(amount for amount, tax in parts if tax is Tax.TAXABLE)))


def _bounded(vat: Won, amount: Won, remainder: Won, vat_left: Won) -> Won:
    """Never more tax than is left or than the amount; and never so little that what remains holds more tax than money.

    The last part takes all that is left.
    """
    least = max(0, vat_left - remainder)
    return Won(max(least, min(vat, amount, vat_left)))
