"""The real client and a payer, with the simulator between them, in process."""

from dataclasses import dataclass, field
from typing import Any

import requests

from shop.payple import (
    ChargeMode,
    Credentials,
    Exchange,
    Gateway,
    PaymentFound,
    PaypleClient,
    PayType,
    RegistrationRequest,
    UnverifiedResult,
    WindowRequest,
    window_fields,
)
from tests.gateway.merchant import PAGE, SHOP, SIMULATOR
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
    session: requests.Session
    exchanges: list[Exchange] = field(default_factory=list)

    def client(self) -> PaypleClient:
        keys = Credentials.public_test()
        gateway = Gateway.at(SIMULATOR)
        return PaypleClient(
            gateway,
            keys,
            referer=SHOP,
            http=self.session,
            observer=self.exchanges.append,
            inquiries_per_second=1000,
        )

    def pay(
        self, wish: WindowRequest | RegistrationRequest, scenario: str = "approved", **typed: Any
    ) -> UnverifiedResult:
        """Open the window for this wish and bring back what the browser would deliver."""
        payer, fields = Payer(self.session, PAGE, SIMULATOR), window_fields(wish, self.client().authenticate())
        return UnverifiedResult.from_form(payer.pay(fields, scenario, **typed))

    def confirm(self, wish: WindowRequest) -> PaymentFound:
        return self.client().confirm(self.pay(wish))

    def booked(self, wish: WindowRequest) -> dict[str, Any]:
        booked: dict[str, Any] = self.session.get(f"{SIMULATOR}/_sim/payments/{wish.attempt_no}").json()
        return booked

    def break_next(self, op: str, kind: str, phase: str) -> None:
        self.steer("faults", op=op, kind=kind, phase=phase)

    def steer(self, what: str, **order: str | int) -> None:
        self.session.post(f"{SIMULATOR}/_sim/{what}", json=order).raise_for_status()
