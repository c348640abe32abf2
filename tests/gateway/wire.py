"""The real client and a payer, with the simulator between them, in process."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import requests

from shop.payple import (
    KOREA,
    ChargeMode,
    Credentials,
    Exchange,
    Gateway,
    PaymentFound,
    PaypleClient,
    PayType,
    UnverifiedResult,
    WindowRequest,
    window_fields,
)
from tests.gateway.merchant import SHOP, SIMULATOR
from tests.payer import Payer

WISH = WindowRequest(
    attempt_no="T20261123ABCDEFGHJK",
    amount=1000,
    goods="테스트 상품",
    pay_type=PayType.CARD,
    charge_mode=ChargeMode.ON_CONFIRM,
    result_url="/payments/result",
    payer_name="홍길동",
    payer_phone="01012345678",
    payer_email="test@payple.kr",
)


@dataclass
class Wire:
    """A client, a payer and the simulator between them."""

    session: requests.Session
    exchanges: list[Exchange]

    def client(self, credentials: Credentials | None = None, referer: str = SHOP) -> PaypleClient:
        return PaypleClient(
            Gateway.at(SIMULATOR),
            credentials or Credentials.public_test(),
            referer=referer,
            http=self.session,
            observer=self.exchanges.append,
        )

    def pay(self, wish: WindowRequest, scenario: str = "approved", **choices: Any) -> UnverifiedResult:
        """Open the window for this wish and bring back what the browser would deliver."""
        payer = Payer(self.session, page_url=f"{SHOP}/orders/1", simulator=SIMULATOR)
        return UnverifiedResult.from_form(
            payer.pay(window_fields(wish, self.client().authenticate()), scenario, **choices)
        )

    def inquire(self, wish: WindowRequest, day: date | None = None) -> PaymentFound | None:
        return self.client().inquire(wish.attempt_no, day or self.opening_day(wish), wish.pay_type)

    def opening_day(self, wish: WindowRequest) -> date:
        """The day in Korea on which this wish was paid, or today while it was not."""
        paid_at = self.booked(wish)["paid_at"]
        return datetime.fromisoformat(paid_at).astimezone(KOREA).date() if paid_at else datetime.now(KOREA).date()

    def booked(self, wish: WindowRequest) -> dict[str, Any]:
        """What the simulator's own books say."""
        booked: dict[str, Any] = self.session.get(f"{SIMULATOR}/_sim/payments/{wish.attempt_no}").json()
        return booked

    def charged(self, wish: WindowRequest) -> bool:
        return bool(self.booked(wish)["state"] == "approved")

    def break_next(self, op: str, kind: str, phase: str) -> None:
        self.steer("faults", op=op, kind=kind, phase=phase)

    def steer(self, what: str, **order: str | int) -> None:
        self.session.post(f"{SIMULATOR}/_sim/{what}", json=order).raise_for_status()
