"""A payment link: an address of Payple's under which anybody can pay (URL링크결제)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import KW_ONLY, dataclass
from datetime import datetime

from .endpoints import Gateway
from .errors import OutcomeUnknown
from .messages import KOREA, Answer, PayType, require_success
from .payment_request import check_amount, sale_fields


@dataclass(frozen=True)
class LinkRequest:
    """What is to be paid. A payment by link has a number of Payple's: put yours into `goods`, which inquiries repeat.

    The link ends when the hour of `expires_at` begins in Korea, and may be paid more than once. `with_card_app` also
    offers the card companies' apps. Raises ValueError for what the gateway refuses.
    """

    amount: int  # won
    goods: str
    expires_at: datetime
    _: KW_ONLY
    pay_types: Collection[PayType] = tuple(PayType)
    with_card_app: bool = False
    taxable: bool = True
    vat: int | None = None
    cash_receipt: bool = False

    def __post_init__(self) -> None:
        check_amount(self.amount, self.vat)

    def to_wire(self) -> dict[str, str]:
        """The fields without the keys."""
        return {
            "PCD_PAY_WORK": "LINKREG",
            "PCD_PAY_TYPE": "|".join(self.pay_types),
            "PCD_CARD_VER": "01+02" if self.with_card_app else "01",
            **sale_fields(self.amount, self.goods, taxable=self.taxable, vat=self.vat),
            "PCD_TAXSAVE_FLAG": "Y" if self.cash_receipt else "N",
            "PCD_LINK_EXPIREDATE": f"{self.expires_at.astimezone(KOREA):%Y%m%d%H}",
        }


def link_address(answer: Answer, gateway: Gateway) -> str:
    """Read the answer. Raises Refused, or OutcomeUnknown, also for a success without an address to be shown."""
    require_success(answer)
    address = gateway.safe_url(answer.text("PCD_LINK_URL"))
    if not address:
        raise OutcomeUnknown("the gateway's success names no address that may be shown")
    return address
