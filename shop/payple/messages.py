"""What our server sends to take money or to ask about it: `to_wire()` holds the gateway's field names.

What it sends to give money back stands in `refund.py`, and for cash receipts in `cash_receipt.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from .authentication import Authentication
from .credentials import Credentials
from .result import UnverifiedResult
from .vocabulary import PayType, Purpose

_PURPOSE_FIELDS: Mapping[Purpose, dict[str, str]] = {
    Purpose.WINDOW: {},
    Purpose.INQUIRY: {"PCD_PAYCHK_FLAG": "Y"},
    Purpose.REFUND: {"PCD_PAYCANCEL_FLAG": "Y"},
    Purpose.RECEIPT_ISSUE: {"PCD_PAY_WORK": "TSREG"},
    Purpose.RECEIPT_CANCEL: {"PCD_PAY_WORK": "TSCANCEL"},
}


@dataclass(frozen=True)
class AuthenticationRequest:
    """Asks for the keys of one request (quick guide 3-2)."""

    purpose: Purpose

    def to_wire(self, credentials: Credentials) -> dict[str, str]:
        """The partner's raw keys, and what they are wanted for."""
        keys = {"cst_id": credentials.cst_id, "custKey": credentials.cust_key}
        return keys | _PURPOSE_FIELDS[self.purpose]


@dataclass(frozen=True)
class Confirmation:
    """Takes the money for a result, the CERT way's second step. It carries no amount: compare the answer's."""

    result: UnverifiedResult

    def to_wire(self, credentials: Credentials) -> dict[str, str]:
        """The partner's raw keys, and the keys of the result."""
        return {
            "PCD_CST_ID": credentials.cst_id,
            "PCD_CUST_KEY": credentials.cust_key,
            "PCD_AUTH_KEY": self.result.auth_key,
            "PCD_PAY_REQKEY": self.result.request_key,
            "PCD_PAYER_ID": self.result.payer_id,
        }


@dataclass(frozen=True)
class Inquiry:
    """Asks what became of an attempt."""

    attempt_no: str
    payment_date: date  # in Korea
    pay_type: PayType

    def to_wire(self, partner: Authentication) -> dict[str, str]:
        """The tokens of this one authentication, and the attempt."""
        return {
            **partner.to_wire(),
            "PCD_PAYCHK_FLAG": "Y",
            "PCD_PAY_TYPE": self.pay_type.value,
            "PCD_PAY_OID": self.attempt_no,
            "PCD_PAY_DATE": f"{self.payment_date:%Y%m%d}",
        }
