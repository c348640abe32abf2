"""The cart: product slugs and quantities that the browser keeps, priced by us each time they are read."""

from collections.abc import Mapping
from dataclasses import dataclass

from shop.models import Product
from shop.models.product import LARGEST_QUANTITY
from shop.rules.money import LARGEST_TOTAL, TaxBreakdown, Won, tax_breakdown
from shop.services import catalogue

MOST_LINES = 30


@dataclass(frozen=True)
class CartLine:
    """One product in the cart at its present price."""

    product: Product
    quantity: int

    @property
    def amount(self) -> Won:
        """Price times quantity, in won."""
        return Won(self.product.price * self.quantity)

    @property
    def is_short(self) -> bool:
        """Whether fewer are left than this, so that the order would be refused."""
        return self.quantity > self.product.maximum


@dataclass(frozen=True)
class Cart:
    """What the buyer is about to order."""

    lines: tuple[CartLine, ...]

    @property
    def count(self) -> int:
        """Pieces in all lines together."""
        return sum(line.quantity for line in self.lines)

    @property
    def breakdown(self) -> TaxBreakdown:
        """The total, split by tax."""
        return tax_breakdown((line.amount, line.product.tax) for line in self.lines)

    @property
    def total(self) -> Won:
        """What the buyer would pay, in won."""
        return self.breakdown.total

    @property
    def has_shortage(self) -> bool:
        """Whether a line asks for more than is left."""
        return any(line.is_short for line in self.lines)

    @property
    def is_too_large(self) -> bool:
        """More than the gateway can collect at once."""
        return self.total > LARGEST_TOTAL


def load(items: Mapping[str, int]) -> Cart:
    """Price the cart. Products that are gone from the catalogue drop out silently."""
    products = catalogue.products_by_slug(items.keys())
    return Cart(tuple(CartLine(product, items[slug]) for slug, product in products.items()))


def add(items: Mapping[str, int], product: Product, quantity: int) -> dict[str, int]:
    """Put pieces of a product into the cart, at most as many as one line holds."""
    return put(items, product.slug, items.get(product.slug, 0) + quantity)


def put(items: Mapping[str, int], slug: str, quantity: int) -> dict[str, int]:
    """Set the quantity of one line; zero takes it out. A full cart takes no further product."""
    changed = dict(items)
    if quantity <= 0:
        changed.pop(slug, None)
    elif slug in changed or len(changed) < MOST_LINES:
        changed[slug] = min(quantity, LARGEST_QUANTITY)
    return changed
