"""Barriers: a request stands still before or after its effect until its driver lets it go."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Queue
from typing import Any

import pytest

from tests.gateway.merchant import SIMULATOR, Merchant
from tests.gateway.receiver import Receiver, receiving


@pytest.fixture
def driver() -> Iterator[Receiver]:
    """Is told of every request that stands still."""
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool


def put_up(merchant: Merchant, driver: Receiver, **wishes: Any) -> int:
    order = {"op": "confirm", "phase": "before", "notify_url": driver.url} | wishes
    return int(merchant.order("POST", "/barrier", order)["id"])


def waiting(merchant: Merchant) -> list[tuple[str, str, str]]:
    barriers = merchant.order("GET", "/barrier")
    return [(one["op"], one["phase"], one["oid"]) for one in barriers if one["waiting"]]


@pytest.mark.parametrize(("phase", "state"), [("before", "authenticated"), ("after", "approved")])
def test_a_request_stands_still_exactly_there(
    merchant: Merchant, driver: Receiver, pool: ThreadPoolExecutor, phase: str, state: str
) -> None:
    """The driver is told, everything else goes on, and the answer leaves after the release."""
    claim = merchant.claim()
    oid = claim["PCD_PAY_OID"]
    number = put_up(merchant, driver, phase=phase)

    answer: Future[dict[str, str]] = pool.submit(merchant.confirm, claim)
    told = driver.came.get(timeout=10)

    assert {"id": number, "op": "confirm", "phase": phase, "oid": oid}.items() <= told.items()
    assert waiting(merchant) == [("confirm", phase, oid)]
    assert merchant.payment(oid)["state"] == state
    assert merchant.claim()["PCD_PAY_RST"] == "success"
    assert ("charged" in [line["effect"] for line in merchant.ledger()]) == (phase == "after")
    assert not answer.done()
    merchant.order("POST", f"/barrier/{number}/release")
    assert answer.result(10)["PCD_PAY_RST"] == "success"
    assert merchant.order("GET", "/barrier") == []


def test_a_barrier_holds_one_request_of_one_payment(
    merchant: Merchant, driver: Receiver, pool: ThreadPoolExecutor
) -> None:
    held, passing = merchant.claim(), merchant.claim()
    number = put_up(merchant, driver, oid=held["PCD_PAY_OID"])

    first = pool.submit(merchant.confirm, held)
    driver.came.get(timeout=10)

    assert merchant.confirm(passing)["PCD_PAY_RST"] == "success"
    assert merchant.confirm(held)["PCD_PAY_RST"] == "success", "a second request of the same payment passes"
    merchant.order("POST", f"/barrier/{number}/release")
    assert first.result(10)["PCD_PAY_CODE"] == "CBIL0003"


def test_it_goes_on_by_itself_after_its_time(merchant: Merchant, driver: Receiver) -> None:
    claim = merchant.claim()
    put_up(merchant, driver, seconds=0.05)

    assert merchant.confirm(claim)["PCD_PAY_RST"] == "success"

    notes = [line["note"] for line in merchant.ledger() if line["op"] == "barrier"]
    assert [note.partition(" ")[2] for note in notes] == [
        "waits before confirm",
        "told the driver: 200",
        "went on after 0.05 s",
    ]


def test_a_barrier_that_nobody_reached_can_be_taken_down(merchant: Merchant, driver: Receiver) -> None:
    number = put_up(merchant, driver)

    merchant.order("POST", f"/barrier/{number}/release")

    assert merchant.confirm(merchant.claim())["PCD_PAY_RST"] == "success"
    assert merchant.session.post(f"{SIMULATOR}/_sim/barrier/{number}/release").status_code == 404


def test_a_reset_lets_everything_go(merchant: Merchant, driver: Receiver, pool: ThreadPoolExecutor) -> None:
    claim = merchant.claim()
    put_up(merchant, driver)
    answer = pool.submit(merchant.confirm, claim)
    driver.came.get(timeout=10)

    merchant.order("DELETE", "")

    assert answer.result(10)["PCD_PAY_RST"] == "error"


def test_so_many_never_wait_that_nobody_could_release_them(
    merchant: Merchant, driver: Receiver, pool: ThreadPoolExecutor
) -> None:
    """The server has sixteen threads: with five standing still, the sixth passes."""
    numbers = [put_up(merchant, driver, op="auth") for _ in range(6)]
    held = [pool.submit(merchant.authenticate) for _ in range(5)]
    told: Queue[Any] = driver.came
    for _ in held:
        told.get(timeout=10)

    assert merchant.authenticate()["result"] == "success"

    for number in numbers:
        merchant.order("POST", f"/barrier/{number}/release")
    assert [one.result(10)["result"] for one in held] == ["success"] * 5
