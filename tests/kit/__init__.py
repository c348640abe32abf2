"""A kit for browser tests against the shop: a shop of one's own, orders in any state, page objects. Copy the folder."""

from .pages import Choices, OrderPage, PaymentWindow, StaffArea, Store
from .shop import Order, Shop, ShopFailed, running

__all__ = ["Choices", "Order", "OrderPage", "PaymentWindow", "Shop", "ShopFailed", "StaffArea", "Store", "running"]
