"""A refund of part or all of a payment (quick guide 4-3).

A refund has no number: sent twice, a partial one may be refunded twice. Only a cancel of everything that is left is
safe to repeat, because a second one is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from .errors import OutcomeUnknown
from .gateway import Gateway
from .messages import Answer, require_attempt, require_success

RECEIPT_ADJUSTED = "0000"
"""The gateway has cancelled or reduced the cash receipt with the refund."""


@dataclass(frozen=True)
class RefundRequest:
    """What is refunded, in won. `vat` is contained in `amount`: name it for a partly taxable order.

    Raises ValueError for impossible amounts.
    """

    attempt_no: str
    payment_date: date  # the payment's, in Korea: PaymentFound.payment_date
    amount: int
    vat: int | None = None

    def __post_init__(self) -> None:
        if self.amount < 1 or not 0 <= (self.vat or 0) <= self.amount:
            raise ValueError("a refund is at least 1 won, and its VAT a part of it")

    def to_wire(self, refund_key: str) -> dict[str, str]:
        vat = {} if self.vat is None else {"PCD_REFUND_TAXTOTAL": str(self.vat)}
        return {
            "PCD_REFUND_KEY": refund_key,
            "PCD_PAYCANCEL_FLAG": "Y",
            "PCD_PAY_OID": self.attempt_no,
            "PCD_PAY_DATE": f"{self.payment_date:%Y%m%d}",
            "PCD_REFUND_TOTAL": str(self.amount),
            **vat,
        }


@dataclass(frozen=True)
class RefundDone:
    """A refund that the gateway has made.

    `receipt_code` says what it did to the transfer's cash receipt, blank if there is none. If it is not
    RECEIPT_ADJUSTED, cancel the receipt separately from the next day on.
    """

    trade_key: str  # of the refund, not of the payment; cards only
    slip_url: str  # blank unless it is a link that may be shown
    code: str
    message: str
    receipt_code: str
    receipt_message: str

    @classmethod
    def from_wire(cls, answer: Answer, request: RefundRequest, gateway: Gateway) -> RefundDone:
        """Read the answer. Raises Refused, or OutcomeUnknown, also for a success that names something else."""
        require_success(answer)
        require_attempt(answer, request.attempt_no)
        if answer.won("PCD_REFUND_TOTAL") != request.amount:
            raise OutcomeUnknown("the gateway's success names another amount, or none")
        return cls(
            trade_key=answer.text("PCD_PAY_CARDTRADENUM"),
            slip_url=gateway.safe_url(answer.text("PCD_PAY_CARDRECEIPT")),
            code=answer.text("PCD_PAY_CODE"),
            message=answer.message("PCD_PAY_MSG"),
            receipt_code=answer.text("PCD_TAXSAVE_RST"),
            receipt_message=answer.message("PCD_TAXSAVE_MSG"),
        )
