"""The few words that both sides of the wire use."""

from __future__ import annotations

from enum import Enum, StrEnum


class PayType(StrEnum):
    """The wire's type of a payment."""

    CARD = "card"
    TRANSFER = "transfer"


class ChargeMode(StrEnum):
    """When the payer is charged: by our server's confirm, or by the payment window itself."""

    ON_CONFIRM = "CERT"
    IN_WINDOW = "PAY"


class WindowScript(StrEnum):
    """Which of the gateway's scripts opens the window, named by what it wants to be given."""

    WITH_AUTHENTICATION = "authkey"
    WITH_CLIENT_KEY = "clientkey"


class ReceiptPurpose(StrEnum):
    """What the payer uses a cash receipt for: a person's income deduction, or a company's proof of expense."""

    PERSONAL = "personal"
    COMPANY = "company"


class Purpose(Enum):
    """What a partner authentication is for. One authentication serves one request within 30 minutes."""

    WINDOW = "window"
    INQUIRY = "inquiry"
    REFUND = "refund"
    RECEIPT_ISSUE = "receipt_issue"
    RECEIPT_CANCEL = "receipt_cancel"
