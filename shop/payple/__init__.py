"""A client for Payple's domestic payments, and the safe payment flow. Start with README.md."""

from __future__ import annotations

from . import codes
from .attempts import Attempt, AttemptState, Ending, current_attempt
from .cash_receipt import CashReceiptRequest
from .client import Inquiries, PaypleClient
from .codes import explain
from .errors import GatewayError, MalformedResult, NotSent, OutcomeUnknown, Refused, UnknownEndpoint
from .flow import Flow
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
from .refund import RECEIPT_ADJUSTED, RefundDone, RefundRequest
from .refund_rules import Refund, RefundRejected, RefundState
from .result import UnverifiedResult, read_webhook
from .store import LockedOrder, Store
from .transport import Exchange, Observer, Timeouts

__version__ = "1.0.0"

__all__ = [
    "KOREA",
    "RECEIPT_ADJUSTED",
    "Attempt",
    "AttemptState",
    "Authentication",
    "CardApp",
    "CardPayment",
    "CashReceiptRequest",
    "ChargeMode",
    "ChargeRequest",
    "Credentials",
    "Ending",
    "Exchange",
    "Flow",
    "Gateway",
    "GatewayError",
    "Inquiries",
    "LinkRequest",
    "LockedOrder",
    "MalformedResult",
    "NotSent",
    "Observer",
    "OutcomeUnknown",
    "PayType",
    "PayerCheck",
    "PaymentFound",
    "PaypleClient",
    "Purpose",
    "ReceiptPurpose",
    "Refund",
    "RefundDone",
    "RefundRejected",
    "RefundRequest",
    "RefundState",
    "Refused",
    "Registration",
    "RegistrationRequest",
    "Store",
    "Timeouts",
    "TransferPayment",
    "UnknownEndpoint",
    "UnverifiedResult",
    "WindowRequest",
    "WindowScript",
    "codes",
    "current_attempt",
    "explain",
    "new_attempt_no",
    "read_webhook",
    "window_fields",
]
