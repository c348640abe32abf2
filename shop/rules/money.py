"""Money is whole won. Value-added tax is contained in the price: a tenth on top is an eleventh of the sum."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

Won = NewType("Won", int)
"""Whole Korean won. There is no smaller unit, so no float and no Decimal ever appears."""

LARGEST_TOTAL = Won(9_999_999_999)
"""The gateway's amount field holds ten digits."""


class Tax(StrEnum):
    """How a product is taxed. In Korea books are exempt, stationery is not."""

    TAXABLE = "taxable"
    EXEMPT = "exempt"


@dataclass(frozen=True)
class TaxBreakdown:
    """What a total is made of, in won: ``total = supply + vat + exempt``."""

    taxable: Won
    exempt: Won
    vat: Won

    @property
    def total(self) -> Won:
        return Won(self.taxable + self.exempt)

    @property
    def supply(self) -> Won:
        """The supply value (공급가액) of the taxable part, without its tax."""
        return Won(self.taxable - self.vat)

    @property
    def is_mixed(self) -> bool:
        """Taxable and exempt goods together: only then must we tell the gateway the tax."""
        return bool(self.taxable and self.exempt)


def contained_vat(taxable: Won) -> Won:
    """The tax inside a taxable amount, rounded half up to a whole won: 1,000 contains 91."""
    return Won((2 * taxable + 11) // 22)


def tax_breakdown(parts: Iterable[tuple[Won, Tax]]) -> TaxBreakdown:
    """Add up line amounts by their tax. The tax is taken once from the sum, so lines never drift from the total."""
    sums = {Tax.TAXABLE: 0, Tax.EXEMPT: 0}
    for amount, tax in parts:
        sums[tax] += amount
    taxable = Won(sums[Tax.TAXABLE])
    return TaxBreakdown(taxable, Won(sums[Tax.EXEMPT]), contained_vat(taxable))
