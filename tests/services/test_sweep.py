"""The sweep: many may run at once, gentle with the gateway, and nothing that is due is left behind."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from shop import clock
from shop.db import db
from shop.extensions import client
from shop.models import Attempt, Order
from shop.rules.states import AttemptState, OrderState
from shop.services import settlement, sweep
from tests import world as worlds
from tests.tools.servers import clean_environment
from tests.tools.sources import ROOT
from tests.world import World


def swept(world: World) -> sweep.Report:
    return sweep.run(client())


def windows(world: World, count: int, **choices: str) -> list[str]:
    """Attempts of one order whose windows somebody opened and left."""
    buyer = world.browser()
    order_no = buyer.place_order()
    return [buyer.start_attempt(order_no, 200, **choices)["attempt_no"] for _window in range(count)]


def many_windows(world: World, count: int) -> list[str]:
    """The same of many orders, as rows: the simulator has never heard of them."""
    world.browser().place_order()
    found = db.session.scalars(select(Order)).one()
    kept = {"method": "card", "work": "PAY", "window": "popup", "delivery": "redirect", "cash_receipt_asked": False}
    numbers = [f"20261123_{number:020d}" for number in range(count)]
    times = {"started_at": found.placed_at, "deadline_at": found.expires_at, "order_id": found.id, "amount": 1000}
    db.session.add_all([Attempt(attempt_no=number, **kept, **times) for number in numbers])
    db.session.commit()
    return numbers


def ledger(world: World, *ops: str) -> list[str]:
    """What reached the simulator after the windows were opened, by operation."""
    return [entry["op"] for entry in world.control("GET", "ledger") if entry["op"] in ops]


# --- many at once ---------------------------------------------------------------------------------------------------


@pytest.mark.both_engines
def test_sweeps_that_run_at_once_ask_about_each_attempt_once(world: World) -> None:
    numbers = windows(world, 6)
    world.advance(minutes=41)
    db.session.remove()
    barrier = threading.Barrier(4)

    def act(_number: int) -> None:
        with world.app.app_context():
            barrier.wait()
            sweep.run(client())

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(act, range(4)))

    asked = [entry["oid"] for entry in world.control("GET", "ledger") if entry["op"] == "inquiry"]
    assert Counter(asked) == dict.fromkeys(numbers, 2)  # by either method
    assert all(attempt.state is AttemptState.EXPIRED for attempt in db.session.scalars(select(Attempt)))


def command(database_url: str, *words: str) -> str:
    """What a command of the program prints."""
    environment = clean_environment({"DATABASE_URL": database_url, "SECRET_KEY": "s" * 40})
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "app", *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


# --- gentle with the gateway ----------------------------------------------------------------------------------------


def test_a_run_authenticates_once_for_all_its_inquiries(world: World) -> None:
    windows(world, 5)
    opened = len(ledger(world, "auth"))
    world.advance(minutes=41)

    swept(world)

    after = ledger(world, "auth", "inquiry")[opened:]
    assert (after.count("auth"), after.count("inquiry")) == (1, 10)
    assert after[0] == "auth"


def test_the_oldest_are_asked_about_first(world: World) -> None:
    numbers = many_windows(world, 30)
    for number, attempt in enumerate(db.session.scalars(select(Attempt).order_by(Attempt.attempt_no.desc()))):
        attempt.next_check_at = worlds.now() - timedelta(seconds=100 - number)
    db.session.commit()

    assert swept(world).asked == numbers[::-1]


def test_a_run_whose_time_is_over_leaves_the_rest_to_the_next(world: World) -> None:
    numbers = windows(world, 4)
    world.advance(minutes=41)

    assert sweep.run(client(), seconds=0).asked == []
    assert swept(world).asked == numbers


def test_a_silent_gateway_is_left_alone_until_the_next_run(world: World) -> None:
    windows(world, 5)
    world.advance(minutes=41)
    world.fault("auth", "lost_answer", times=50)

    assert len(swept(world).asked) == sweep.MOST_SILENT

    world.control("DELETE", "faults")
    assert len(swept(world).asked) == 2


# --- what is left alone ---------------------------------------------------------------------------------------------


def test_an_inquiry_that_finds_nothing_expires_nothing_before_the_deadline(world: World) -> None:
    [attempt_no] = windows(world, 1, work="PAY")
    attempt = world.attempt(attempt_no)
    attempt.next_check_at = worlds.now()
    db.session.commit()

    assert swept(world).expired == []
    assert world.attempt(attempt_no).state is AttemptState.PREPARED


def test_an_order_whose_gateway_is_silent_does_not_expire(world: World) -> None:
    """Its goods stay reserved: somebody may have paid."""
    [attempt_no] = windows(world, 1)
    order_no = world.attempt(attempt_no).order.order_no
    world.advance(minutes=61)
    world.fault("inquiry", "lost_answer", times=50)

    assert swept(world).expired == []
    assert world.order(order_no).state is OrderState.AWAITING_PAYMENT

    world.control("DELETE", "faults")
    world.advance(minutes=1)
    assert swept(world).expired == [order_no]


def test_the_questions_become_rarer_and_then_a_person_has_to_look(world: World) -> None:
    """5 s, 30 s, 2 m, 10 m, at the window's end, then daily; after eight without an answer a person decides."""
    buyer = world.browser()
    opening = buyer.start_attempt(buyer.place_order(), work="CERT")
    claim = world.payer().pay(opening["fields"])
    world.fault("confirm", "lost_answer", phase="after")
    world.deliver(claim)
    world.fault("inquiry", "lost_answer", times=100)
    waits: list[float] = []

    while world.attempt(opening["attempt_no"]).state is AttemptState.UNKNOWN:
        attempt = world.attempt(opening["attempt_no"])
        assert attempt.next_check_at is not None
        waits.append((attempt.next_check_at - worlds.now()).total_seconds())
        world.advance(seconds=waits[-1] + 1)
        assert swept(world).asked == [opening["attempt_no"]]

    rounded = [round(wait / 10) * 10 if wait > 10 else round(wait) for wait in waits]
    assert rounded[:4] + rounded[5:6] == [5, 30, 120, 600, 86_400]
    assert sum(waits[:5]) == pytest.approx(40 * 60, abs=20)
    assert set(rounded[6:]) == {86_400}
    assert world.attempt(opening["attempt_no"]).state is AttemptState.ATTENTION


def test_a_payment_after_midnight_is_found_under_the_new_korean_day(world: World) -> None:
    tonight = worlds.korea_now().replace(hour=23, minute=59, second=30)
    world.advance(seconds=(tonight - worlds.korea_now()).total_seconds() % 86_400)
    buyer = world.browser()
    order_no = buyer.place_order()
    opening = buyer.start_attempt(order_no, work="PAY")
    window = world.payer().open(opening["fields"])
    world.advance(seconds=60)
    window.approve("lost_paid")
    world.advance(minutes=41)

    swept(world)

    assert world.order(order_no).state is OrderState.PAID
    opened, paid = world.attempt(opening["attempt_no"]).started_at, world.attempt(opening["attempt_no"]).trade_date
    assert paid == clock.korea_date(opened) + timedelta(days=1)


# --- a row that fails -----------------------------------------------------------------------------------------------


def test_a_row_that_fails_keeps_no_other_waiting(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = windows(world, 3)
    world.advance(minutes=61)
    real = settlement.settle

    def look(attempt_no: str, *args: object, **more: object) -> bool:
        if attempt_no == numbers[0]:
            raise RuntimeError("a row like no other")
        return real(attempt_no, *args, **more)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(settlement, "settle", look)
    report = swept(world)

    assert (report.failed, report.asked) == ([numbers[0]], numbers[1:])


def test_the_command_prints_what_it_did(world: World, database_url: str) -> None:
    told = json.loads(command(database_url, "sweep"))

    assert told == {
        "asked": [],
        "expired": [],
        "refunds": [],
        "cash_receipts": [],
        "failed": [],
    }
