"""The staff area. One module per noun; importing the package attaches all of them to its one blueprint."""

from shop.views.admin import desk, login, orders, receipts, refunds, reports
from shop.views.admin.area import bp

__all__ = ["bp", "desk", "login", "orders", "receipts", "refunds", "reports"]
