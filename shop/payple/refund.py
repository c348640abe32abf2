"""A refund: part or all of a payment goes back to the payer (quick guide 4-3).

The gateway knows no number for a refund. Asked twice for the same part, it may refund twice: only a cancel of
everything that is left is safe to repeat, because a second one is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from .answers import Answer, insist_on_attempt, insist_on_success
from .authentication import Authentication
from .endpoints import Gateway
from .errors import OutcomeUnknown
from .values import korea_time, whole_won
from .vocabulary import PayType

RECEIPT_ADJUSTED = "0000"


@dataclass(frozen=True)
class RefundRequest:
    """What goes back. `tax` is the VAT within `amount`, both in won: name it for a mixed order.

    Less than was paid is a partial refund. Raises ValueError for amounts that cannot be.
    """

    attempt_no: str
    payment_date: date  # the payment's, in Korea: PaymentFound.payment_date
    amount: int
    tax: int | None = None

    def __post_init__(self) -> None:
        if self.amount < 1 or not 0 <= (self.tax or 0) <= self.amount:
            raise ValueError("a refund is at least 1 won, and its tax a part of it")

    def to_wire(self, partner: Authentication, refund_key: str) -> dict[str, str]:
        """The tokens of this one authentication, the refund key, and what goes back."""
        tax = {} if self.tax is None else {"PCD_REFUND_TAXTOTAL": str(self.tax)}
        return {
            **partner.to_wire(),
            "PCD_REFUND_KEY": refund_key,
            "PCD_PAYCANCEL_FLAG": "Y",
            "PCD_PAY_OID": self.attempt_no,
            "PCD_PAY_DATE": f"{self.payment_date:%Y%m%d}",
            "PCD_REFUND_TOTAL": str(self.amount),
            **tax,
        }


@dataclass(frozen=True)
class ReceiptAnswer:
    """What a refund did to the transfer's cash receipt. Whatever it says, the refund is done."""

    code: str
    message: str

    @property
    def is_adjusted(self) -> bool:
        """Whether the gateway has cancelled or reduced the receipt; otherwise cancel it by itself, next day."""
        return self.code == RECEIPT_ADJUSTED

    @classmethod
    def from_wire(cls, answer: Answer) -> ReceiptAnswer | None:
        """Read it; None if the answer does not speak of a receipt."""
        code, message = answer.code("PCD_TAXSAVE_RST"), answer.message("PCD_TAXSAVE_MSG")
        return cls(code, message) if code or message else None


@dataclass(frozen=True)
class RefundDone:
    """Money that went back, in the gateway's own words. All amounts in won."""

    attempt_no: str
    pay_type: PayType | None
    amount: int
    tax: int | None  # the VAT in it, where the answer names one: compare it with what you asked
    refunded_at: datetime | None  # UTC
    trade_key: str  # of the refund, not of the payment; cards only
    slip_url: str  # blank unless it is a link that may be shown
    code: str
    message: str
    receipt: ReceiptAnswer | None

    @classmethod
    def from_wire(cls, answer: Answer, request: RefundRequest, gateway: Gateway) -> RefundDone:
        """Read the answer. Raises Refused, or OutcomeUnknown, also for a yes to something not asked."""
        insist_on_success(answer)
        insist_on_attempt(answer, request.attempt_no)
        if answer.won("PCD_REFUND_TOTAL") != request.amount:
            raise OutcomeUnknown("the gateway's yes names another amount, or none")
        pay_type = answer.text("PCD_PAY_TYPE")
        return cls(
            attempt_no=request.attempt_no,
            pay_type=PayType(pay_type) if pay_type in set(PayType) else None,
            amount=request.amount,
            tax=whole_won(answer.text("PCD_REFUND_TAXTOTAL")),
            refunded_at=korea_time(answer.text("PCD_PAY_TIME")),
            trade_key=answer.text("PCD_PAY_CARDTRADENUM"),
            slip_url=gateway.safe_slip_url(answer.text("PCD_PAY_CARDRECEIPT")),
            code=answer.code("PCD_PAY_CODE"),
            message=answer.message("PCD_PAY_MSG"),
            receipt=ReceiptAnswer.from_wire(answer),
        )
