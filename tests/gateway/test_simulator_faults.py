"""Faults on demand: what breaks, when, and what has happened by then; and those that need a real connection."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from shop.simulator.control.faults import KINDS, OPS
from tests.gateway.merchant import SIMULATOR, Merchant
from tests.gateway.serving import serving

# Answers that a careful merchant can read all the same; others also skip the byte order mark.
READABLE = ("intact", "extra_keys")
# Each kind at one operation, and two kinds at every operation.
CELLS = sorted(
    {
        (kind.id, "confirm" if "confirm" in kind.ops else kind.ops[0], phase)
        for kind in KINDS.values()
        for phase in kind.phases
    }
    | {("http_500", op, phase) for op in OPS for phase in ("before", "after")}
    | {("other_amount", op, "after") for op in OPS if op != "auth"}
)
YES = {
    "auth": {"result": "success"},
    "confirm": {"PCD_PAY_RST": "success", "PCD_PAY_CODE": "0000", "PCD_PAY_OID": "ONE", "PCD_PAY_TOTAL": "1000"},
    "inquiry": {"PCD_PAY_RST": "success", "PCD_PAY_CODE": "PCHK000", "PCD_PAY_OID": "ONE", "PCD_PAY_TOTAL": "1000"},
    "cancel": {"PCD_PAY_RST": "success", "PCD_PAY_CODE": "PAYC0000", "PCD_PAY_OID": "ONE", "PCD_REFUND_TOTAL": "100"},
    "receipt_issue": {"PCD_PAY_RST": "success", "PCD_PAY_OID": "ONE", "PCD_TAXSAVE_AMOUNT": "1000"},
    "receipt_cancel": {"PCD_PAY_RST": "success", "PCD_PAY_OID": "ONE", "PCD_TAXSAVE_AMOUNT": "1000"},
    "repay": {"PCD_PAY_RST": "success", "PCD_PAY_CODE": "0000", "PCD_PAY_OID": "TWO", "PCD_PAY_TOTAL": "1000"},
}


def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object in which no field stands twice."""
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a field is repeated")
    return dict(pairs)


@pytest.fixture
def careful(merchant: Merchant) -> Merchant:
    """A merchant that takes UTF-8 only, no redirect, no field twice and nothing above 256 KiB."""
    send = merchant.session.send

    def carefully(request: requests.PreparedRequest, **how: Any) -> requests.Response:
        response = send(request, **how | {"allow_redirects": "/php/" not in (request.url or "")})
        if "/php/" in (request.url or "") and response.status_code == 200:
            if len(response.content) > 256 * 1024:
                raise ValueError("too much")
            json.loads(response.content.decode("utf-8-sig"), object_pairs_hook=once)
        return response

    merchant.session.send = carefully  # type: ignore[method-assign]
    return merchant


def believed(merchant: Merchant, op: str, paid: dict[str, str]) -> bool:
    """Do the operation; whether its answer is one that a merchant may take for a yes."""
    acts: dict[str, Callable[[], Any]] = {
        "auth": merchant.authenticate,
        "confirm": lambda: merchant.confirm(paid),
        "inquiry": lambda: merchant.inquire("ONE", "transfer"),
        "cancel": lambda: merchant.cancel(paid, 100),
        "receipt_issue": lambda: merchant.receipt("TSREG", paid),
        "receipt_cancel": lambda: merchant.receipt("TSCANCEL", paid),
        "repay": lambda: merchant.repay(paid["PCD_PAYER_ID"], "transfer", PCD_PAY_OID="TWO"),
    }
    try:
        answer = acts[op]()
    except (requests.RequestException, ValueError, AssertionError):
        return False
    return isinstance(answer, dict) and all(answer.get(name) == value for name, value in YES[op].items())


@pytest.mark.parametrize(("kind", "op", "phase"), CELLS)
def test_a_fault_breaks_the_answer_once(careful: Merchant, kind: str, op: str, phase: str) -> None:
    """before: nothing has happened; after: it has, and only the answer is broken. Then the operation works again."""
    wishes = {
        "PCD_PAY_TYPE": "transfer",
        "PCD_TAXSAVE_FLAG": "Y" if op == "receipt_cancel" else "",
        "PCD_PAY_OID": "ONE",
    }
    paid = careful.claim(**wishes) if op == "confirm" else careful.paid(**wishes)
    careful.order("POST", "/faults", {"op": op, "kind": kind, "phase": phase, "seconds": 0.01})

    assert believed(careful, op, paid) == (kind in READABLE)

    lines = [(line["op"], line["outcome"]) for line in careful.ledger()]
    done = lines[lines.index(("fault", "fault")) :]
    assert (((op, "ok") in done) == (phase == "after")) or kind == "intact"
    if phase == "before" or op in ("auth", "inquiry"):
        assert believed(careful, op, paid)
    assert careful.order("GET", "/faults")["armed"] == []


def statuses(merchant: Merchant, count: int) -> list[int]:
    return [merchant.session.post(f"{SIMULATOR}/php/auth.php", allow_redirects=False).status_code for _ in range(count)]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("http_500", [500, 500, 200]), (["http_500", "http_502", "intact"], [500, 502, 200, 500, 502, 200, 200])],
)
def test_faults_strike_in_sequence_and_as_often_as_ordered(
    merchant: Merchant, kind: object, expected: list[int]
) -> None:
    merchant.order("POST", "/faults", {"op": "auth", "kind": kind, "times": 2})

    assert statuses(merchant, len(expected)) == expected


def test_a_sequence_before_the_effect_lets_one_pass(merchant: Merchant) -> None:
    merchant.order("POST", "/faults", {"op": "cancel", "kind": ["lost_answer", "intact"], "phase": "before"})
    paid = merchant.paid()

    with pytest.raises(requests.ConnectionError):
        merchant.cancel(paid, 100)
    assert merchant.cancel(paid, 100)["PCD_PAY_RST"] == "success"
    assert merchant.payment(paid["PCD_PAY_OID"])["refunded_total"] == 100


def test_a_fault_may_wait_for_one_payment(merchant: Merchant) -> None:
    hit, spared = merchant.claim(), merchant.claim()
    merchant.order("POST", "/faults", {"op": "confirm", "kind": "lost_answer", "oid": hit["PCD_PAY_OID"]})

    assert merchant.confirm(spared)["PCD_PAY_RST"] == "success"
    with pytest.raises(requests.ConnectionError):
        merchant.confirm(hit)


def test_faults_can_be_called_off(merchant: Merchant) -> None:
    merchant.order("POST", "/faults", {"op": "auth", "kind": "http_500"})
    merchant.order("DELETE", "/faults")

    assert statuses(merchant, 1) == [200]


def test_chance_is_repeatable(merchant: Merchant) -> None:
    """The same seed strikes the same requests; a miss uses up no time."""
    struck = []
    for seed in (7, 7, 8):
        merchant.order("DELETE", "/faults")
        merchant.order("POST", "/faults", {"op": "auth", "kind": "http_500", "times": 40, "p": 0.5, "seed": seed})
        struck.append(statuses(merchant, 40))

    assert struck[0] == struck[1] != struck[2]
    assert 8 < struck[0].count(500) < 32
    assert merchant.order("GET", "/faults")["armed"][0]["times"] == 40 - struck[2].count(500)


def test_a_redirect_points_elsewhere(merchant: Merchant) -> None:
    merchant.order("POST", "/faults", {"op": "auth", "kind": "redirect"})

    answer = merchant.session.post(f"{SIMULATOR}/php/auth.php", allow_redirects=False)

    assert (answer.status_code, answer.headers["Location"]) == (302, "https://payple.kr.attacker.invalid/")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Merchant]:
    """A simulator as a server of its own."""
    data: Path = tmp_path_factory.mktemp("served") / "simulator.sqlite"
    with serving(data) as (merchant, _):
        yield merchant


class TestOverAConnection:
    """Under gunicorn, byte by byte."""

    def raw(self, served: Merchant, kind: str, seconds: float) -> tuple[bytes, str, float]:
        """What comes over the wire for an authentication, how it ended, and how long it took."""
        served.order("POST", "/faults", {"op": "auth", "kind": kind, "seconds": seconds})
        host, port = served.origin.removeprefix("http://").split(":")
        body = json.dumps({"cst_id": served.cst_id, "custKey": served.cust_key}).encode()
        head = f"POST /php/auth.php HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        begun, received, end = time.monotonic(), b"", "closed"
        with socket.create_connection((host, int(port)), timeout=20) as connection:
            connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            try:
                while piece := connection.recv(65536):
                    received += piece
            except ConnectionResetError:
                end = "reset"
        return received, end, time.monotonic() - begun

    def missing(self, received: bytes) -> int:
        """How many of the announced bytes did not come."""
        head, _, body = received.partition(b"\r\n\r\n")
        (length,) = (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-l"))
        return length - len(body)

    def test_reset_in_the_middle_of_the_body(self, served: Merchant) -> None:
        received, end, _ = self.raw(served, "reset", 0)

        assert end == "reset"
        assert received == b"" or self.missing(received) > 0

    def test_closed_in_the_middle_of_the_body(self, served: Merchant) -> None:
        received, end, _ = self.raw(served, "closed_early", 0)

        assert end == "closed"
        assert self.missing(received) > 100

    def test_one_byte_a_second_until_the_time_is_over(self, served: Merchant) -> None:
        received, end, seconds = self.raw(served, "drip", 2.5)

        body = received.partition(b"\r\n\r\n")[2]
        assert (end, body) == ("closed", b'{"s')
        assert 2 <= seconds < 6

    def test_a_hang_says_nothing(self, served: Merchant) -> None:
        received, end, seconds = self.raw(served, "read_hang", 1)

        assert (received, end) == (b"", "closed")
        assert 1 <= seconds < 4

    def test_a_caller_who_leaves_frees_the_thread(self, served: Merchant) -> None:
        """More hanging requests than the server has threads, all of them given up: the next one is served at once."""
        served.order("POST", "/faults", {"op": "auth", "kind": "read_hang", "seconds": 60, "times": 12})
        for _ in range(12):
            with pytest.raises(requests.Timeout):
                requests.post(f"{served.origin}/php/auth.php", json={}, timeout=(3, 0.1))
        begun = time.monotonic()

        assert served.authenticate()["result"] == "success"
        assert time.monotonic() - begun < 5
