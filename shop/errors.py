"""What can go wrong in the shop, in its own words.

ShopError
 |- NotFound            no such product or order, or it is somebody else's: the same neutral page for all
 |- OutOfStock          fewer left than wanted
 |- CartProblem         empty, changed in another tab, or larger than we sell at once
 |- CannotPay           this order cannot be paid now; ``reason`` says why

They become HTTP once, in ``views.problems``; what the gateway answers has its own tree in ``payple.errors``.
"""

from enum import StrEnum


class ShopError(Exception):
    """A rule of the shop said no."""


class NotFound(ShopError):
    """There is nothing here for this visitor."""


class OutOfStock(ShopError):
    """Fewer are left than the buyer wants."""

    def __init__(self, slug: str) -> None:
        super().__init__(slug)
        self.slug = slug


class CartProblem(ShopError):
    """The cart cannot become an order; nothing was changed."""

    class Reason(StrEnum):
        """Why not."""

        EMPTY = "empty"
        CHANGED = "changed"
        TOO_LARGE = "too_large"
        BELOW_MINIMUM = "below_minimum"

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class CannotPay(ShopError):
    """No attempt may start for this order now."""

    class Reason(StrEnum):
        """Why not."""

        PAID = "paid"
        CHECKING = "checking"
        EXPIRED = "expired"
        ATTENTION = "attention"
        TOO_MANY = "too_many"

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason
