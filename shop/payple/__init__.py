"""A client for Payple's domestic payments, and the safe payment flow. Start with README.md."""

from __future__ import annotations

from . import codes
from .cash_receipt import CashReceiptDone, CashReceiptRequest
from .client import Inquiries, PaypleClient
from .codes import explain
from .errors import GatewayError, MalformedResult, NotSent, OutcomeUnknown, Refused, UnknownEndpoint
from .gateway import Authentication, Credentials, Gateway, Purpose, WindowScript
from .messages import KOREA, ChargeMode, PayType, ReceiptPurpose
from .payment import CardPayment, PaymentFound, Registration, TransferPayment
from .payment_requests import (
    CardApp,
    ChargeRequest,
    LinkRequest,
    PayerCheck,
    RegistrationRequest,
    WindowRequest,
    new_attempt_no,
    window_fields,
)
from .refund import ReceiptAnswer, RefundDone, RefundRequest
from .result import UnverifiedResult, read_webhook
from .transport import Exchange, Observer, Timeouts

__version__ = "1.0.0"

__all__ = [
    "KOREA",
    "Authentication",
    "CardApp",
    "CardPayment",
    "CashReceiptDone",
    "CashReceiptRequest",
    "ChargeMode",
    "ChargeRequest",
    "Credentials",
    "Exchange",
    "Gateway",
    "GatewayError",
    "Inquiries",
    "LinkRequest",
    "MalformedResult",
    "NotSent",
    "Observer",
    "OutcomeUnknown",
    "PayType",
    "PayerCheck",
    "PaymentFound",
    "PaypleClient",
    "Purpose",
    "ReceiptAnswer",
    "ReceiptPurpose",
    "RefundDone",
    "RefundRequest",
    "Refused",
    "Registration",
    "RegistrationRequest",
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
