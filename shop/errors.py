"""The errors of the shop. ``views.error_pages`` turns them into HTTP. The gateway's are in ``payple.errors``."""

from datetime import timedelta
from enum import StrEnum


class ShopError(Exception):
    """A rule of the shop said no."""


class NotFound(ShopError):
    """No such product or order, or it is somebody else's: the same neutral page for all."""


class Refusal(ShopError):
    """The shop said no, for one of several reasons. Nothing was changed."""

    def __init__(self, reason: StrEnum) -> None:
        super().__init__(reason.value)
        self.reason = reason


class OutOfStock(ShopError):
    """Fewer are left than the buyer wants."""

    def __init__(self, slug: str) -> None:
        super().__init__(slug)
        self.slug = slug


class CartProblem(Refusal):
    """The cart cannot become an order."""

    class Reason(StrEnum):
        EMPTY = "empty"
        CHANGED = "changed"
        TOO_LARGE = "too_large"
        TOO_MANY = "too_many"
        BELOW_MINIMUM = "below_minimum"
        NOT_ALONE = "not_alone"
        SUBSCRIBED = "subscribed"

    reason: Reason


class CannotPay(Refusal):
    """No attempt may start for this order now."""

    class Reason(StrEnum):
        PAID = "paid"
        CHECKING = "checking"
        EXPIRED = "expired"
        ATTENTION = "attention"
        TOO_MANY = "too_many"
        SUBSCRIBED = "subscribed"

    reason: Reason


class CannotCancel(CannotPay):
    """This order cannot be cancelled now, because it is paid or may be."""


class RefundRefused(Refusal):
    """Nothing was sent. ``refundable`` is what is left, in won."""

    class Reason(StrEnum):
        NOT_PAID = "not_paid"
        STALE_BALANCE = "stale_balance"
        TOO_LARGE = "too_large"
        IN_FLIGHT = "in_flight"
        WRONG_STATE = "wrong_state"
        OTHER_ORDER = "other_order"

    reason: Reason

    def __init__(self, reason: Reason, refundable: int = 0) -> None:
        super().__init__(reason)
        self.refundable = refundable


class ReceiptRefused(Refusal):
    """Nothing was sent."""

    class Reason(StrEnum):
        NOT_PAID = "not_paid"
        NOT_A_TRANSFER = "not_a_transfer"
        ALREADY_ISSUED = "already_issued"
        NOTHING_ACTIVE = "nothing_active"
        NOTHING_LEFT = "nothing_left"
        IN_FLIGHT = "in_flight"

    reason: Reason


class TooManyUnpaid(ShopError):
    """Unpaid orders of this visitor or address hold too many pieces; after ``wait`` the oldest of them expires."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__("too_many_unpaid")
        self.wait = wait


class SignInRefused(ShopError):
    """Wrong name or password; the message does not say which."""


class StaffProblem(Refusal):
    """An account cannot be made or changed like this."""

    class Reason(StrEnum):
        NAME = "name"
        PASSWORD = "password"  # noqa: S105 - the reason, not one
        TAKEN = "taken"
        UNKNOWN = "unknown"

    reason: Reason
