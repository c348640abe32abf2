"""The sweep: one at a time, gentle with the gateway, and nothing that is due is left behind."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import select

from shop import clock
from shop.db import db
from shop.extensions import client
from shop.models import Attempt, Lease, Order
from shop.payple import Timer
from shop.rules.states import AttemptState, OrderState
from shop.services import leases, settlement, sweep
from shop.services.leases import Busy, LeaseLost
from tests import world as worlds
from tests.tools.servers import clean_environment
from tests.tools.sources import ROOT
from tests.world import World


@pytest.fixture
def shop_values() -> dict[str, str]:
    """The pace of a real shop; nobody here waits in earnest."""
    return {"PAYPLE_INQUIRIES_PER_SECOND": "2"}


class Time:
    """Seconds that pass only while somebody waits."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.waited: list[float] = []

    def pause(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.seconds += seconds


def swept(world: World, time: Time | None = None, **limits: float) -> sweep.Report:
    time = time or Time()
    return sweep.run(client(), now=worlds.now(), timer=Timer(lambda: time.seconds, time.pause), **limits)


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


# --- one at a time --------------------------------------------------------------------------------------------------


@pytest.mark.both_engines
def test_a_second_sweep_says_that_another_one_is_running(world: World) -> None:
    [attempt_no] = windows(world, 1)
    world.advance(minutes=41)

    with leases.held(sweep.NAME, worlds.now()):
        report = swept(world)

    until = db.session.get_one(Lease, sweep.NAME).until
    assert report.as_json() == {"skipped": report.skipped}
    assert report.skipped.startswith("another sweep is running until 20")
    assert world.attempt(attempt_no).checks == 0
    assert until <= worlds.now()
    assert swept(world).asked == [attempt_no]


@pytest.mark.both_engines
def test_of_many_sweeps_that_start_together_one_does_the_work(world: World) -> None:
    """The one at work stands still in its first inquiry until all others have said that they do nothing."""
    windows(world, 1)
    world.advance(minutes=41)
    world.control("POST", "barrier", {"op": "inquiry", "phase": "before", "seconds": 20})
    db.session.remove()
    skipped = threading.Semaphore(0)

    def act(_number: int) -> bool:
        with world.app.app_context():
            report = sweep.run(client(), now=worlds.now())
            if report.skipped:
                skipped.release()
            return bool(report.asked)

    with ThreadPoolExecutor(4) as threads:
        sweeps = [threads.submit(act, number) for number in range(4)]
        for _other in range(3):
            assert skipped.acquire(timeout=15)
        for barrier in world.control("GET", "barrier"):
            world.control("POST", f"barrier/{barrier['id']}/release")

    assert sorted(done.result() for done in sweeps) == [False, False, False, True]


@pytest.mark.both_engines
def test_the_lease_of_a_killed_holder_ends_by_time(world: World) -> None:
    leases._take(sweep.NAME, "somebody who was killed", worlds.now())

    assert swept(world).skipped
    world.advance(seconds=leases.LENGTH.total_seconds() + 1)
    assert not swept(world).skipped


@pytest.mark.both_engines
def test_a_lease_of_a_clock_that_runs_ahead_stops_nobody(world: World) -> None:
    leases._take(sweep.NAME, "somebody from next year", worlds.now() + timedelta(days=365))

    assert not swept(world).skipped


def test_a_holder_at_work_keeps_its_lease(world: World) -> None:
    begun = worlds.now()
    with leases.held("job", begun) as lease:
        before = db.session.get_one(Lease, "job").until
        db.session.rollback()
        lease.renew()
        assert db.session.get_one(Lease, "job").until > before


def test_a_holder_whose_lease_ran_out_hears_that_somebody_else_has_it(world: World) -> None:
    with leases.held("job", worlds.now()) as late:
        leases._take("job", "another", worlds.now() + leases.LENGTH + timedelta(seconds=1))
        with pytest.raises(LeaseLost):
            late.renew()

    assert db.session.get_one(Lease, "job").holder == "another"
    assert leases.last_finished("job") is None


@pytest.mark.both_engines
def test_many_who_take_a_lease_for_the_first_time_get_it_once(world: World) -> None:
    db.session.remove()
    barrier = threading.Barrier(8)

    def take(number: int) -> bool:
        with world.app.app_context():
            barrier.wait()
            try:
                leases._take("job", str(number), worlds.now())
            except Busy:
                return False
            return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(take, range(8))) == 1


def test_when_it_last_ran_to_its_end_is_known(world: World) -> None:
    assert leases.last_finished(sweep.NAME) is None
    before = worlds.now()

    swept(world)

    finished = leases.last_finished(sweep.NAME)
    assert finished is not None
    assert finished >= before


@pytest.mark.both_engines
def test_a_sweep_in_another_process_is_respected_and_outlives_its_killing(world: World, database_url: str) -> None:
    """Two machines, one database: the second does nothing; killed with -9, the first holds nothing for long."""
    world.ahead = timedelta()  # the other process has the machine's clock
    world.advance(seconds=0)
    program = """
import sys, time
from datetime import datetime, UTC
from app import app
from shop.services import leases
with app.app_context(), leases.held("sweep", datetime.now(UTC)):
    print("held", flush=True)
    time.sleep(60)
"""
    with other_process(program, database_url) as other:
        assert other.stdout is not None
        assert other.stdout.readline().strip() == "held"
        skipped = json.loads(command(database_url, "sweep"))
        other.send_signal(signal.SIGKILL)
        other.wait(10)

    assert list(skipped) == ["skipped"]
    assert swept(world).skipped
    world.advance(seconds=leases.LENGTH.total_seconds() + 1)
    assert not swept(world).skipped


@contextmanager
def other_process(program: str, database_url: str) -> Iterator[subprocess.Popen[str]]:
    """A Python program of its own on the same database."""
    environment = clean_environment({"DATABASE_URL": database_url, "SECRET_KEY": "s" * 40})
    started = subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        yield started
    finally:
        started.kill()
        started.communicate()


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


def test_a_run_asks_at_most_twice_a_second(world: World) -> None:
    windows(world, 3)
    world.advance(minutes=41)
    time = Time()

    swept(world, time)

    assert time.waited == [0.5] * 5


def test_keys_that_ran_out_in_the_middle_are_renewed(world: World) -> None:
    """The simulator's half hour is over, whatever our own clock says."""
    windows(world, 2)
    opened = len(ledger(world, "auth"))
    world.advance(minutes=41)
    passed: list[float] = []

    def pause(seconds: float) -> None:
        if not passed:
            world.control("POST", "clock", {"advance": 31 * 60})
        passed.append(seconds)

    report = sweep.run(client(), now=worlds.now(), timer=Timer(lambda: 0.0, pause))

    assert ledger(world, "auth")[opened:] == ["auth", "auth"]
    assert report.failed == []
    assert all(attempt.state is AttemptState.EXPIRED for attempt in db.session.scalars(select(Attempt)))


@pytest.mark.both_engines
def test_three_hundred_due_attempts_are_worked_off_in_order(world: World) -> None:
    numbers = many_windows(world, 300)
    due = worlds.now()
    for number, attempt in enumerate(db.session.scalars(select(Attempt).order_by(Attempt.attempt_no.desc()))):
        attempt.next_check_at = due - timedelta(seconds=1000 - number)
    db.session.commit()
    time = Time()

    asked: list[str] = []
    while len(asked) < 300:
        report = swept(world, time)
        assert report.failed == []
        assert report.asked
        asked += report.asked

    assert asked == numbers[::-1]
    assert time.seconds >= 299 * 0.5


def test_a_run_that_has_asked_long_enough_goes_on_with_the_rest_of_its_work(world: World) -> None:
    numbers = windows(world, 4, work="PAY")
    for attempt_no in numbers:
        world.attempt(attempt_no).next_check_at = worlds.now()
        db.session.commit()

    first, second = swept(world, asking_seconds=0.6), swept(world)

    assert first.asked + second.asked == numbers
    assert len(first.asked) == 2


def test_a_silent_gateway_is_left_alone_until_the_next_run(world: World) -> None:
    windows(world, 5)
    world.advance(minutes=41)
    world.fault("auth", "lost_answer", times=50)

    assert len(swept(world).asked) == sweep.MOST_SILENT

    world.control("DELETE", "faults")
    assert len(swept(world).asked) == 2


# --- what is left alone ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("column", ["claimed_at", "confirming_at"])
def test_what_was_touched_a_moment_ago_is_left_to_the_worker_who_touched_it(world: World, column: str) -> None:
    [attempt_no] = windows(world, 1, work="PAY")
    attempt = world.attempt(attempt_no)
    attempt.next_check_at = worlds.now()
    setattr(attempt, column, worlds.now())
    db.session.commit()

    assert swept(world).asked == []
    world.advance(seconds=6)
    assert swept(world).asked == [attempt_no]


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
    assert leases.last_finished(sweep.NAME) is not None


def test_the_command_prints_what_it_did(world: World, database_url: str) -> None:
    told = json.loads(command(database_url, "sweep"))

    assert told == {
        "asked": [],
        "expired": [],
        "refunds": [],
        "cash_receipts": [],
        "failed": [],
    }
