"""Rows and constraints. A model holds facts and what follows from them; the verbs are in ``shop.services``."""

from shop.models.attempt import Attempt, TriedClaim
from shop.models.journal import JournalEntry
from shop.models.order import Order, OrderLine
from shop.models.product import Product

__all__ = ["Attempt", "JournalEntry", "Order", "OrderLine", "Product", "TriedClaim"]
