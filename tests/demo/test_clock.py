"""One clock: shop and simulator move together, in every process."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from shop import clock
from tests.demo.conftest import Demo


def test_shop_and_simulator_move_together(demo: Demo) -> None:
    before = clock.now()

    moved = demo.post("clock", {"days": 1, "hours": 2})

    assert moved["offset_seconds"] == 26 * 3600
    assert demo.control("clock")["offset_seconds"] == 26 * 3600
    assert timedelta(hours=26) <= clock.now() - before < timedelta(hours=26, minutes=1)
    assert abs(datetime.fromisoformat(moved["now"]) - clock.now()) < timedelta(minutes=1)


def test_what_is_due_by_then_is_done(demo: Demo) -> None:
    unpaid, due = demo.make("awaiting_payment"), demo.make("receipt_due")

    demo.post("clock", {"days": 2})

    assert demo.show(unpaid["order_no"])["state"] == "expired"
    receipts = demo.show(due["order_no"])["cash_receipts"]
    assert [(receipt["state"], receipt["amount"]) for receipt in receipts] == [("cancelled", 1000), ("issued", 500)]


def test_a_clock_that_the_simulator_moved_alone_is_followed(demo: Demo) -> None:
    demo.simulator.test_client().post("/_sim/clock", json={"advance": 600})

    assert demo.post("clock", {"minutes": 1})["offset_seconds"] == 660
    assert clock.offset() == timedelta(minutes=11)


@pytest.mark.parametrize("body", [None, {}, {"hours": 0}, {"hours": -1}, {"hours": 1.5}, {"weeks": 1}, {"days": 31}])
def test_a_step_that_makes_no_sense_is_refused(demo: Demo, body: Any) -> None:
    error = demo.post("clock", body, 422)["error"]

    assert error.startswith("Send whole numbers above 0 of days, hours")
    assert clock.offset() == timedelta()


def test_a_simulator_without_payments_can_begin_in_the_past(demo: Demo) -> None:
    control = demo.simulator.test_client()

    assert control.post("/_sim/clock", json={"ago": 3600}).get_json()["offset_seconds"] == -3600
    demo.make("paid")
    assert control.post("/_sim/clock", json={"ago": 1}).status_code == 400
    assert control.post("/_sim/clock", json={"ago": 1, "advance": 1}).status_code == 400
