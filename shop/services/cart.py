"""The cart: slugs and quantities that the browser keeps, priced at each reading."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shop.models import Product
from shop.models.product import LARGEST_QUANTITY
from shop.rules.money import TaxBreakdown, Won, tax_breakdown
from shop.services import catalogue

MOST_LINES = 30


@dataclass(frozen=True)
class CartLine:
    product: Product
    quantity: int
    most: int = LARGEST_QUANTITY  # of one product in one order

    @property
    def amount(self) -> Won:
        return Won(self.product.price * self.quantity)

    @property
    def maximum(self) -> int:
        return self.product.maximum(self.most)

    @property
    def is_short(self) -> bool:
        return self.quantity > self.maximum


@dataclass(frozen=True)
class Cart:
    lines: tuple[CartLine, ...]

    @property
    def count(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def breakdown(self) -> TaxBreakdown:
        return tax_breakdown((line.amount, line.product.tax) for line in self.lines)

    @property
    def total(self) -> Won:
        return self.breakdown.total

    @property
    def is_subscription(self) -> bool:
        return any(line.product.is_subscription for line in self.lines)

    @property
    def has_shortage(self) -> bool:
        return any(line.is_short for line in self.lines)


def load(items: Mapping[str, int], most: int = LARGEST_QUANTITY) -> Cart:
    """Price the cart. Products that are gone drop out."""
    products = catalogue.products_by_slug(items.keys())
    return Cart(tuple(CartLine(product, items[slug], most) for slug, product in products.items()))


def add(items: Mapping[str, int], product: Product, quantity: int) -> dict[str, int]:
    return put(items, product.slug, items.get(product.slug, 0) + quantity)


def fill(items: Mapping[str, int], lines: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Put the lines of an order back."""
    changed = dict(items)
    for slug, quantity in lines:
        changed = put(changed, slug, max(quantity, changed.get(slug, 0)))
    return changed


def put(items: Mapping[str, int], slug: str, quantity: int) -> dict[str, int]:
    """Set the quantity of one line; zero removes it. A full cart takes no further product."""
    changed = dict(items)
    if quantity <= 0:
        changed.pop(slug, None)
    elif slug in changed or len(changed) < MOST_LINES:
        changed[slug] = min(quantity, LARGEST_QUANTITY)
    return changed
