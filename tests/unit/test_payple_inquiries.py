"""A batch of inquiries: one authentication for all of them, new keys when the old ones are over, two a second."""

from __future__ import annotations

from datetime import date

import pytest

from shop.payple import Inquiries, NotSent, OutcomeUnknown, PayType, Refused
from tests.loopback import Loopback, answering, loopback
from tests.unit.stub_gateway import LOST, client, granted, path_of, refused

NOTHING = refused("CBIL0003")
DENIED = answering({"result": "error", "result_msg": "AUTH0004"})


class Time:
    """A clock that only moves when somebody waits, or when the test says so."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.waited: list[float] = []

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.seconds += seconds


@pytest.fixture(autouse=True)
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    """The clock of the client."""
    clock = Time()
    monkeypatch.setattr("shop.payple.client.time", clock)
    return clock


def ask(asking: Inquiries) -> object:
    return asking.inquire("ORDER_1", date(2023, 12, 19), PayType.CARD)


def paths(server: Loopback) -> list[str]:
    return [path_of(request).rpartition("/")[2] for request in server.requests]


def test_many_inquiries_share_one_authentication() -> None:
    with loopback() as server:
        server.behaviours += [granted(server), NOTHING, NOTHING, NOTHING]
        asking = client(server).inquiries()

        assert [ask(asking) for _time in range(3)] == [None, None, None]
        assert paths(server) == ["auth.php", "PayChkAct.php", "PayChkAct.php", "PayChkAct.php"]


def test_two_a_second_and_no_more(time: Time) -> None:
    """The first one does not wait; whoever comes late anyway does not wait either."""
    with loopback() as server:
        server.behaviours += [granted(server), *[NOTHING] * 5]
        asking = client(server).inquiries()
        for _time in range(4):
            ask(asking)
        time.seconds += 10
        ask(asking)

    assert time.waited == [0.5, 0.5, 0.5]


def test_keys_are_renewed_well_before_they_expire(time: Time) -> None:
    with loopback() as server:
        server.behaviours += [granted(server), NOTHING, NOTHING, granted(server), NOTHING]
        asking = client(server).inquiries()
        ask(asking)
        time.seconds += 24 * 60
        ask(asking)
        time.seconds += 2 * 60
        ask(asking)

        assert paths(server) == ["auth.php", "PayChkAct.php", "PayChkAct.php", "auth.php", "PayChkAct.php"]


@pytest.mark.parametrize("code", ["CBIL0002", "SPAY0001"])
def test_keys_that_the_gateway_calls_over_are_renewed_once(code: str) -> None:
    with loopback() as server:
        server.behaviours += [granted(server), NOTHING, refused(code), granted(server), NOTHING]
        asking = client(server).inquiries()

        assert [ask(asking), ask(asking)] == [None, None]
        assert paths(server)[2:] == ["PayChkAct.php", "auth.php", "PayChkAct.php"]


def test_fresh_keys_that_are_refused_are_no_reason_to_try_for_ever() -> None:
    with loopback() as server:
        server.behaviours += [granted(server), refused("CBIL0002")]
        with pytest.raises(Refused):
            ask(client(server).inquiries())
        assert len(server.requests) == 2


def test_a_batch_that_could_not_authenticate_sends_nothing_and_tries_again_the_next_time() -> None:
    with loopback() as server:
        server.behaviours += [DENIED, granted(server), NOTHING]
        asking = client(server).inquiries()
        with pytest.raises(NotSent):
            ask(asking)

        assert ask(asking) is None
        assert paths(server) == ["auth.php", "auth.php", "PayChkAct.php"]


def test_a_lost_answer_costs_no_keys() -> None:
    with loopback() as server:
        server.behaviours += [granted(server), LOST, NOTHING]
        asking = client(server).inquiries()
        with pytest.raises(OutcomeUnknown):
            ask(asking)

        assert ask(asking) is None
        assert paths(server) == ["auth.php", "PayChkAct.php", "PayChkAct.php"]
