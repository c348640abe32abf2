"""The staff area. One module per noun; importing the package attaches all of them to its one blueprint."""

from shop.views.admin import (
    cash_receipts,
    desk,
    doctor,
    inquiries,
    links,
    login,
    orders,
    refunds,
    reports,
    subscriptions,
)
from shop.views.admin.login import bp

__all__ = [
    "bp",
    "cash_receipts",
    "desk",
    "doctor",
    "inquiries",
    "links",
    "login",
    "orders",
    "refunds",
    "reports",
    "subscriptions",
]
