"""The payment flow charges a billing key: the store in SQLite, the real client and the simulator."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from shop.payple import ChargeRequest
from shop.payple.attempts import Attempt, AttemptState, Ending
from shop.payple.examples.sqlite_store import SqliteStore
from shop.payple.flow import Flow
from tests.gateway.wire import WISH, Wire

NUMBER = "SUBSCRIPTION-1-2026-12"
DECEMBER = date(2026, 12, 1)


@dataclass
class Subscription:
    """A billing key, and attempts to charge it. Its clock moves only when a test says so."""

    wire: Wire
    store: SqliteStore
    billing_key: str
    time: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        self.flow = Flow(self.wire.client(), self.store, lambda: self.time)

    def request(self, number: str = NUMBER) -> ChargeRequest:
        request = ChargeRequest(number, 15_000, "매달 책 한 권", WISH.pay_type, self.billing_key, month=DECEMBER)
        if self.store.find(number) is None:
            self.store.open_attempt(Attempt.of(request, number, now=self.time))
        return request

    def charge(self, number: str = NUMBER) -> Attempt:
        attempt = self.flow.charge(self.request(number))
        assert attempt
        return attempt

    def charged(self) -> list[int]:
        payments = self.wire.session.get("http://127.0.0.1:8001/_sim/payments").json()
        return [one["total"] for one in payments if one["state"] == "approved" and one["oid"] != WISH.attempt_no]


@pytest.fixture
def subscription(wire: Wire, tmp_path: Path) -> Subscription:
    return Subscription(wire, SqliteStore(tmp_path / "shop.sqlite"), wire.confirm(WISH).billing_key)


def test_a_charge_is_paid_however_often_it_is_asked_for(subscription: Subscription) -> None:
    attempts = [subscription.charge() for _ in range(2)]

    assert [(attempt.ending, attempt.charged_amount) for attempt in attempts] == [(Ending.PAID, 15_000)] * 2
    assert subscription.charged() == [15_000]


def test_charges_at_the_same_time_take_the_money_once(subscription: Subscription) -> None:
    request = subscription.request()

    with ThreadPoolExecutor(8) as sweeps:
        list(sweeps.map(subscription.flow.charge, [request] * 8))

    assert subscription.charge().ending is Ending.PAID
    assert subscription.charged() == [15_000]


def test_a_number_that_was_never_stored_is_not_charged(subscription: Subscription) -> None:
    request = ChargeRequest("STRANGER", 15_000, "책", WISH.pay_type, subscription.billing_key)

    assert subscription.flow.charge(request) is None
    assert subscription.charged() == []


def break_answer(wire: Wire) -> None:
    wire.break_next("repay", "lost_answer", "after")


def break_request(wire: Wire) -> None:
    wire.break_next("repay", "lost_answer", "before")


def break_authentication(wire: Wire) -> None:
    wire.break_next("auth", "http_500", "before")


def decline(wire: Wire) -> None:
    wire.steer("scenarios", id="limit")


@pytest.mark.parametrize(
    ("trouble", "ending", "settled"),
    [
        (break_answer, Ending.UNKNOWN, AttemptState.PAID),
        (break_request, Ending.UNKNOWN, AttemptState.DECLINED),
        (break_authentication, Ending.TRY_AGAIN, AttemptState.EXPIRED),
        (decline, Ending.DECLINED, AttemptState.DECLINED),
    ],
    ids=["answer lost", "request lost", "not sent", "declined"],
)
def test_a_charge_ends_as_the_gateway_has_it(
    subscription: Subscription, trouble: Callable[[Wire], None], ending: Ending, settled: AttemptState
) -> None:
    trouble(subscription.wire)
    attempt = subscription.charge()
    subscription.time += timedelta(minutes=41)
    last = subscription.flow.settle(NUMBER, at_once=True)

    assert last
    assert (attempt.ending, last.state) == (ending, settled)
    assert subscription.charged() == [15_000] * (settled is AttemptState.PAID)
    assert [one.operation for one in subscription.wire.exchanges].count("charge") == (ending is not Ending.TRY_AGAIN)


def test_another_amount_than_the_stored_one_is_not_charged(subscription: Subscription) -> None:
    raised = replace(subscription.request(), amount=16_000)

    with pytest.raises(ValueError, match="amount"):
        subscription.flow.charge(raised)

    assert subscription.charged() == []


def test_a_month_that_another_number_has_paid_is_for_a_person(
    subscription: Subscription, caplog: pytest.LogCaptureFixture
) -> None:
    paid, second = subscription.charge(), subscription.charge("ANOTHER-NUMBER")

    assert second.ending is Ending.REVIEW
    assert "attempt ANOTHER-NUMBER waits for a person: month_paid" in caplog.text
    assert subscription.charged() == [15_000]

    closed = [subscription.flow.close_attention(one.attempt_no) for one in (second, paid)]
    assert [one.ending for one in closed if one] == [Ending.DECLINED, Ending.PAID]
