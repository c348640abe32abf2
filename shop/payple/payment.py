"""A payment in the gateway's answer to our confirm, charge or inquiry, and a registered card or account.

The caller still compares its number, amount and type with the attempt: `flow.judge` does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from .errors import OutcomeUnknown
from .gateway import Gateway
from .messages import KOREA, Answer, PayType, korea_time, require_success, whole_won


@dataclass(frozen=True)
class CardPayment:
    """The card side of a payment."""

    issuer: str
    number: str  # masked by the gateway
    instalment_months: int  # 0 = paid at once
    trade_key: str
    approval_no: str
    slip_url: str  # blank unless it is a link that may be shown

    @classmethod
    def from_wire(cls, answer: Answer, gateway: Gateway) -> CardPayment:
        """Read the card fields. The inquiry's older page spells some of them without PAY."""
        return cls(
            issuer=answer.text("PCD_PAY_CARDNAME", "PCD_CARDNAME"),
            number=answer.text("PCD_PAY_CARDNUM", "PCD_CARDNUM"),
            instalment_months=whole_won(answer.text("PCD_PAY_CARDQUOTA")) or 0,
            trade_key=answer.text("PCD_PAY_CARDTRADENUM", "PCD_CARDTRADENUM"),
            approval_no=answer.text("PCD_PAY_CARDAUTHNO", "PCD_CARDAUTHNO"),
            slip_url=gateway.safe_url(answer.text("PCD_PAY_CARDRECEIPT", "PCD_CARDRECEIPT")),
        )


@dataclass(frozen=True)
class TransferPayment:
    """The bank side of a payment, with its cash receipt."""

    bank_name: str
    account: str  # masked by the gateway
    cash_receipt_requested: bool
    cash_receipt_issued: bool
    cash_receipt_number: str  # given by the National Tax Service

    @classmethod
    def from_wire(cls, answer: Answer) -> TransferPayment:
        """Read the bank fields. Some answers give a receipt number without saying that it was issued."""
        issued, number = answer.text("PCD_TAXSAVE_RST"), answer.text("PCD_TAXSAVE_MGTNUM")
        return cls(
            bank_name=answer.text("PCD_PAY_BANKNAME"),
            account=answer.text("PCD_PAY_BANKNUM"),
            cash_receipt_requested=answer.text("PCD_TAXSAVE_FLAG") == "Y",
            cash_receipt_issued=issued == "Y" or (not issued and bool(number)),
            cash_receipt_number=number,
        )


@dataclass(frozen=True)
class PaymentFound:
    """A payment that the gateway has charged. All amounts in won."""

    attempt_no: str
    pay_type: PayType
    amount: int  # the total, to be compared with the order
    charged_amount: int  # the total less the gateway's own discount: all refunds together are at most this
    paid_at: datetime  # UTC
    requested_amount: int | None = None  # equals `amount`, where the answer names it
    vat: int | None = None
    refunded_amount: int | None = None  # only some answers tell
    state: str = ""  # "1" is approved; only some answers tell
    goods: str = ""
    billing_key: str = field(default="", repr=False)  # a secret: keep it encrypted, give it to its owner's window only
    code: str = ""
    message: str = ""
    card: CardPayment | None = None
    transfer: TransferPayment | None = None

    @property
    def payment_date(self) -> date:
        """The day of the payment in Korea, which an inquiry or a refund must name."""
        return self.paid_at.astimezone(KOREA).date()

    @property
    def is_refunded(self) -> bool:
        """Whether the answer says that some of it was refunded, or that it is not approved any more."""
        return bool(self.refunded_amount) or self.state not in ("", "1")

    @classmethod
    def from_wire(cls, answer: Answer, gateway: Gateway) -> PaymentFound:
        """Read the answer. Raises Refused, or OutcomeUnknown, also for an incomplete success."""
        require_success(answer)
        attempt_no, pay_type = answer.text("PCD_PAY_OID"), answer.pay_type()
        amount, charged = answer.won("PCD_PAY_TOTAL"), answer.won("PCD_PAY_AMOUNT_REAL")
        paid_at = korea_time(answer.text("PCD_PAY_TIME"))
        if not attempt_no or pay_type is None or amount is None or paid_at is None:
            raise OutcomeUnknown("the gateway's success lacks the payment's number, type, amount or time")
        return cls(
            attempt_no=attempt_no,
            pay_type=pay_type,
            amount=amount,
            charged_amount=amount if charged is None else charged,
            paid_at=paid_at,
            requested_amount=answer.won("PCD_PAY_AMOUNT"),
            vat=whole_won(answer.text("PCD_PAY_TAXTOTAL")),
            refunded_amount=whole_won(answer.text("PCD_REFUND_TOTAL")),
            state=answer.text("PCD_PAY_STATE"),
            goods=answer.text("PCD_PAY_GOODS"),
            billing_key=answer.text("PCD_PAYER_ID"),
            code=answer.text("PCD_PAY_CODE"),
            message=answer.message("PCD_PAY_MSG"),
            card=CardPayment.from_wire(answer, gateway) if pay_type is PayType.CARD else None,
            transfer=TransferPayment.from_wire(answer) if pay_type is PayType.TRANSFER else None,
        )


@dataclass(frozen=True)
class Registration:
    """A registered card or account, which our server can charge again."""

    billing_key: str = field(repr=False)
    pay_type: PayType
    issuer: str  # the card company or the bank
    number: str  # masked by the gateway

    @classmethod
    def from_wire(cls, answer: Answer) -> Registration:
        """Read the answer. Raises Refused, or OutcomeUnknown, also for an incomplete success."""
        require_success(answer)
        billing_key, pay_type = answer.text("PCD_PAYER_ID"), answer.pay_type()
        if not billing_key or pay_type is None:
            raise OutcomeUnknown("the gateway's success names no registered card or account")
        issuer = answer.text("PCD_PAY_CARDNAME", "PCD_PAY_BANKNAME")
        number = answer.text("PCD_PAY_CARDNUM", "PCD_PAY_BANKNUM")
        return cls(billing_key, pay_type, issuer, number)
