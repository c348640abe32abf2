"""The sweep: many may run at once, gentle with the gateway, and nothing that is due is left behind."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select

from shop.db import db
from shop.extensions import client
from shop.models import Attempt
from shop.rules.states import AttemptState
from shop.services import desk, settlement, sweep
from tests import world as worlds
from tests.world import World


def open_windows(world: World, count: int) -> list[str]:
    """Attempts of one order whose windows somebody opened and left, 41 minutes ago."""
    first = world.purchase()
    numbers = [first.attempt_no, *(first.start().attempt_no for _window in range(count - 1))]
    world.advance(minutes=41)
    return numbers


@pytest.mark.both_engines
def test_sweeps_that_run_at_once_ask_about_each_attempt_once(world: World) -> None:
    numbers = open_windows(world, 6)

    world.all_at_once(4, lambda _number: sweep.run(client()))

    asked = [entry["oid"] for entry in world.control("GET", "ledger") if entry["op"] == "inquiry"]
    assert Counter(asked) == dict.fromkeys(numbers, 2)  # by either method
    assert all(attempt.state is AttemptState.EXPIRED for attempt in db.session.scalars(select(Attempt)))


def test_a_run_authenticates_once_for_all_its_inquiries(world: World) -> None:
    open_windows(world, 5)
    before = world.calls("auth")

    world.sweep()

    assert (world.calls("auth") - before, world.calls("inquiry")) == (1, 10)


def test_the_oldest_are_asked_about_first_and_a_run_whose_time_is_over_leaves_the_rest_to_the_next(
    world: World,
) -> None:
    numbers = open_windows(world, 4)
    for seconds, number in enumerate(numbers):
        world.attempt(number).next_check_at = worlds.now() - timedelta(seconds=100 + seconds)
        db.session.commit()

    assert sweep.run(client(), seconds=0).asked == []
    assert world.sweep().asked == numbers[::-1]


def test_a_silent_gateway_is_left_alone_until_the_next_run(world: World) -> None:
    open_windows(world, 5)
    world.fault("auth", "lost_answer", times=50)

    assert len(world.sweep().asked) == sweep.MOST_SILENT

    world.control("DELETE", "faults")
    assert len(world.sweep().asked) == 5 - sweep.MOST_SILENT


def test_a_row_that_fails_keeps_no_other_waiting(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = open_windows(world, 3)
    real = settlement.settle

    def settle(attempt_no: str, *args: object, **more: object) -> bool:
        if attempt_no == numbers[0]:
            raise RuntimeError("a row like no other")
        return real(attempt_no, *args, **more)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(settlement, "settle", settle)
    report = world.sweep()

    assert (report.failed, report.asked) == ([numbers[0]], numbers[1:])


def test_the_command_prints_what_it_did(world: World) -> None:
    [number] = open_windows(world, 1)

    done = world.app.test_cli_runner().invoke(args=["sweep"])

    kinds = ("expired", "refunds", "cash_receipts", "saved_methods", "failed")
    assert {"asked": [number], **{kind: [] for kind in kinds}}.items() <= json.loads(done.stdout).items()


def test_a_sweep_is_overdue_when_only_a_refund_or_only_a_month_waits(world: World) -> None:
    world.fault("cancel", "lost_answer", phase="before")
    world.purchase("monthly-book").pay().refund(15_000)
    assert desk.overdue_since() is None
    world.advance(minutes=51)
    assert desk.overdue_since()

    world.sweep()
    assert desk.overdue_since() is None
    world.advance(days=32)

    assert desk.overdue_since()
