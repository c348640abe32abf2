"""Barriers: a request stands still before or after its effect until its driver lets it go."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.gateway.merchant import Merchant
from tests.gateway.receiver import Receiver


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool


def put_up(merchant: Merchant, driver: Receiver, **wishes: Any) -> int:
    order = {"op": "confirm", "phase": "before", "notify_url": driver.url} | wishes
    return int(merchant.order("POST", "/barrier", order)["id"])


@pytest.mark.parametrize(("phase", "state"), [("before", "authenticated"), ("after", "approved")])
def test_a_request_stands_still_until_its_release(
    merchant: Merchant, receiver: Receiver, pool: ThreadPoolExecutor, phase: str, state: str
) -> None:
    claim = merchant.claim()
    oid = claim["PCD_PAY_OID"]
    number = put_up(merchant, receiver, phase=phase)

    answer = pool.submit(merchant.confirm, claim)
    notice = receiver.came.get(timeout=10)

    reached = {"id": number, "op": "confirm", "phase": phase, "oid": oid}
    (barrier,) = merchant.order("GET", "/barrier")
    assert reached.items() <= notice.items()
    assert (reached | {"waiting": True}).items() <= barrier.items()
    assert (merchant.payment(oid)["state"], merchant.charges()) == (state, int(phase == "after"))
    assert merchant.claim()["PCD_PAY_RST"] == "success"
    assert not answer.done()
    merchant.order("POST", f"/barrier/{number}/release")
    assert answer.result(10)["PCD_PAY_RST"] == "success"
    assert merchant.order("GET", "/barrier") == []


def test_a_barrier_holds_one_request_of_one_payment(
    merchant: Merchant, receiver: Receiver, pool: ThreadPoolExecutor
) -> None:
    held, passing = merchant.claim(), merchant.claim()
    number = put_up(merchant, receiver, oid=held["PCD_PAY_OID"])

    first = pool.submit(merchant.confirm, held)
    receiver.came.get(timeout=10)

    assert [merchant.confirm(claim)["PCD_PAY_RST"] for claim in (passing, held)] == ["success"] * 2
    merchant.order("POST", f"/barrier/{number}/release")
    assert first.result(10)["PCD_PAY_CODE"] == "CBIL0003"


def test_a_request_goes_on_by_itself_after_its_time(merchant: Merchant, receiver: Receiver) -> None:
    put_up(merchant, receiver, seconds=0.05)

    assert merchant.confirmed()["PCD_PAY_RST"] == "success"
    notes = [line["note"].partition(" ")[2] for line in merchant.ledger() if line["op"] == "barrier"]
    assert notes == ["waits before confirm", "told the driver: 200", "went on after 0.05 s"]


def test_at_most_five_requests_wait_so_that_a_reset_can_let_them_go(
    merchant: Merchant, receiver: Receiver, pool: ThreadPoolExecutor
) -> None:
    for _ in range(6):
        put_up(merchant, receiver, op="auth")
    held = [pool.submit(merchant.authenticate) for _ in range(5)]
    for _ in held:
        receiver.came.get(timeout=10)

    assert merchant.authenticate()["result"] == "success"
    merchant.order("DELETE", "")
    assert [one.result(10)["result"] for one in held] == ["success"] * 5
