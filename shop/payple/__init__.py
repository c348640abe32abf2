"""A client for Payple's domestic payments, and the safe payment flow. Start with README.md."""

from __future__ import annotations

from . import codes
from .cash_receipt import CashReceiptCancel, CashReceiptCancelled, CashReceiptIssued, CashReceiptRequest
from .client import Inquiries, PaypleClient
from .codes import explain
from .credentials import Authentication, Credentials
from .endpoints import Gateway, Purpose, WindowScript
from .errors import GatewayError, MalformedResult, NotSent, OutcomeUnknown, Refused, UnknownEndpoint
from .messages import KOREA, ChargeMode, PayType, ReceiptPurpose
from .payment import CardPayment, PaymentFound, TransferPayment
from .refund import ReceiptAnswer, RefundDone, RefundRequest
from .result import UnverifiedResult
from .transport import Exchange, Observer, Timeouts
from .webhook import read_webhook
from .window import WindowRequest, new_attempt_no, window_fields

__version__ = "1.0.0"

__all__ = [
    "KOREA",
    "Authentication",
    "CardPayment",
    "CashReceiptCancel",
    "CashReceiptCancelled",
    "CashReceiptIssued",
    "CashReceiptRequest",
    "ChargeMode",
    "Credentials",
    "Exchange",
    "Gateway",
    "GatewayError",
    "Inquiries",
    "MalformedResult",
    "NotSent",
    "Observer",
    "OutcomeUnknown",
    "PayType",
    "PaymentFound",
    "PaypleClient",
    "Purpose",
    "ReceiptAnswer",
    "ReceiptPurpose",
    "RefundDone",
    "RefundRequest",
    "Refused",
    "Timeouts",
    "TransferPayment",
    "UnknownEndpoint",
    "UnverifiedResult",
    "WindowRequest",
    "WindowScript",
    "codes",
    "explain",
    "new_attempt_no",
    "read_webhook",
    "window_fields",
]
