"""A billing key: a registered card or account that our server can charge again.

It is a secret. Take it from `PaymentFound.billing_key`, keep it encrypted, and give it to its owner's window only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from .endpoints import Purpose
from .errors import OutcomeUnknown
from .messages import Answer, ChargeMode, PayType, require_success
from .payment_request import PaymentRequest

NOT_REGISTERED = frozenset({"SPCD0001", "SPCD0011", "SPCD0012", "SPAY0005"})
"""What a lookup or a deregistration answers about a key that is none, or none any more."""


@dataclass(frozen=True)
class ChargeRequest(PaymentRequest):
    """A payment that our server makes with a billing key. Raises ValueError for what the gateway refuses."""

    billing_key: str = field(repr=False)

    charge_mode: ClassVar = ChargeMode.ON_CONFIRM
    """Our call charges, as a confirm does."""

    @property
    def purpose(self) -> Purpose:
        """What its authentication is for."""
        if self.pay_type is PayType.CARD:
            return Purpose.MONTHLY_CARD if self.month else Purpose.CHARGE_CARD
        return Purpose.MONTHLY_TRANSFER if self.month else Purpose.CHARGE_TRANSFER

    def to_wire(self) -> dict[str, str]:
        """The fields without the keys of the authentication, whose flags they repeat."""
        return {**super().to_wire(), **self.purpose.value, "PCD_PAYER_ID": self.billing_key}


@dataclass(frozen=True)
class Registration:
    """A registered card or account."""

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
