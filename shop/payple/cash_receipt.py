"""Cash receipts of transfers: issued after the payment, or cancelled separately (quick guide 5-2).

A payment has at most one receipt, so a request whose answer was lost may be repeated.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from .errors import OutcomeUnknown
from .messages import Answer, ReceiptPurpose, require_attempt, require_success

_IDENTITY = re.compile(r"[0-9]{10,19}")  # a phone, a business number, a cash-receipt card
_BUSINESS_NUMBER = re.compile(r"[0-9]{10}")


@dataclass(frozen=True)
class CashReceiptRequest:
    """A receipt to be issued for at most what was paid and not refunded, or to be cancelled. `amount` in won.

    Without purpose and identity the gateway uses those that the payer gave in the window. Raises ValueError, whose
    message names no number.
    """

    attempt_no: str
    billing_key: str = field(repr=False)  # PaymentFound.billing_key
    amount: int
    purpose: ReceiptPurpose | None = None
    identity: str = field(default="", repr=False)  # hyphens are allowed

    def __post_init__(self) -> None:
        if self.amount < 1:
            raise ValueError("a cash receipt is for at least 1 won")
        if bool(self.purpose) != bool(self.identity):
            raise ValueError("a cash receipt names both its purpose and an identity number, or neither")
        shape = _BUSINESS_NUMBER if self.purpose is ReceiptPurpose.COMPANY else _IDENTITY
        if self.purpose and not shape.fullmatch(self._digits):
            raise ValueError("the identity number does not fit the purpose of the cash receipt")

    @property
    def _digits(self) -> str:
        return self.identity.replace("-", "")

    def to_wire(self) -> dict[str, str]:
        fields = {
            "PCD_PAYER_ID": self.billing_key,
            "PCD_PAY_OID": self.attempt_no,
            "PCD_TAXSAVE_AMOUNT": str(self.amount),
        }
        if self.purpose:
            fields |= {"PCD_TAXSAVE_TRADEUSE": self.purpose.value, "PCD_TAXSAVE_IDENTINUM": self._digits}
        return fields

    def read_number(self, answer: Answer) -> str:
        """Return the number that the National Tax Service gave. A cancel's answer may leave it out.

        Raises Refused, or OutcomeUnknown, also for a success that names something else.
        """
        require_success(answer)
        require_attempt(answer, self.attempt_no)
        if answer.won("PCD_TAXSAVE_AMOUNT") not in (None, self.amount):  # older answers name none
            raise OutcomeUnknown("the gateway's success names another amount")
        return answer.text("PCD_TAXSAVE_MGTNUM")
