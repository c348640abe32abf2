"""Rows and constraints. A model holds facts and what follows from them; the verbs are in ``shop.services``."""

from shop.models.attempt import Attempt
from shop.models.cash_receipt import CashReceipt
from shop.models.journal import JournalEntry
from shop.models.order import Order, OrderLine
from shop.models.payment_link import PaymentLink, UnknownPayment
from shop.models.product import Product
from shop.models.refund import Refund
from shop.models.saved_method import SavedMethod
from shop.models.staff import StaffMember, StaffSession
from shop.models.subscription import Subscription

__all__ = [
    "Attempt",
    "CashReceipt",
    "JournalEntry",
    "Order",
    "OrderLine",
    "PaymentLink",
    "Product",
    "Refund",
    "SavedMethod",
    "StaffMember",
    "StaffSession",
    "Subscription",
    "UnknownPayment",
]
