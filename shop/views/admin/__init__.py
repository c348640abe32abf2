"""The staff area. One module per noun; importing the package attaches all of them to its one blueprint."""

from shop.views.admin import cash_receipts, desk, doctor, inquiries, links, orders, refunds, reports, subscriptions  # noqa: F401
from shop.views.admin.login import bp

__all__ = ["bp"]
