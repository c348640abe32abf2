"""Faults of every operation and every kind, by chance and in sequence; and those that need a real connection."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from shop.simulator.control.faults import KINDS, OPS
from tests.gateway.merchant import SIMULATOR, Merchant
from tests.gateway.serving import serving
from tests.gateway.test_simulator_faults import once

LATER = ("cancel", "receipt_issue", "receipt_cancel", "repay")
# What this merchant can read all the same; others also skip the byte order mark.
READABLE = ("intact", "extra_keys")
CELLS = [
    (kind.id, op, phase) for kind in KINDS.values() for op in LATER if op in kind.ops for phase in kind.phases
]  # fmt: skip


def do(merchant: Merchant, op: str, paid: dict[str, str]) -> dict[str, Any]:
    """One operation about a transfer; nothing if its answer cannot be read."""
    try:
        answer = act(merchant, op, paid)
    except (requests.RequestException, ValueError, AssertionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def act(merchant: Merchant, op: str, paid: dict[str, str]) -> Any:
    """One operation."""
    if op == "cancel":
        return merchant.cancel(paid, 100)
    if op.startswith("receipt"):
        return merchant.receipt("TSREG" if op == "receipt_issue" else "TSCANCEL", paid)
    return merchant.repay(paid["PCD_PAYER_ID"], "transfer", "1000", PCD_PAY_OID="AGAIN")


def facts(merchant: Merchant, op: str, paid: dict[str, str]) -> object:
    """What the operation changes."""
    payment = merchant.payment(paid["PCD_PAY_OID"])
    if op == "repay":
        return len(merchant.order("GET", "/payments"))
    return payment["refunded_total"] if op == "cancel" else payment["cash_receipt"]


def is_believable(answer: dict[str, Any], op: str, paid: dict[str, str]) -> bool:
    """Whether a merchant may take the answer for a yes to what it asked."""
    asked_about = {"repay": "AGAIN"}.get(op, paid["PCD_PAY_OID"])
    amount = {"cancel": ("PCD_REFUND_TOTAL", "100"), "repay": ("PCD_PAY_TOTAL", "1000")}.get(
        op, ("PCD_TAXSAVE_AMOUNT", "1000")
    )
    codes = ("PAYC0000", "TSRG0000", "0000")
    told = (answer.get("PCD_PAY_RST"), answer.get("PCD_PAY_OID"), answer.get(amount[0]))
    return told == ("success", asked_about, amount[1]) and answer.get("PCD_PAY_CODE") in codes


@pytest.fixture
def strict(merchant: Merchant) -> Merchant:
    """A merchant that reads as a careful one does: UTF-8, no redirect, no field twice, not above 256 KiB."""
    send = merchant.session.send

    def carefully(request: requests.PreparedRequest, **how: Any) -> requests.Response:
        if "/php/" not in (request.url or ""):
            return send(request, **how)
        response = send(request, **how | {"allow_redirects": False})
        if len(response.content) > 256 * 1024:
            raise ValueError("too much")
        if response.status_code == 200:
            json.loads(response.content.decode("utf-8-sig"), object_pairs_hook=once)
        return response

    merchant.session.send = carefully  # type: ignore[method-assign]
    return merchant


@pytest.mark.parametrize(("kind", "op", "phase"), CELLS)
def test_every_kind_breaks_every_later_operation(strict: Merchant, kind: str, op: str, phase: str) -> None:
    """before: nothing has happened; after: it has, and only the answer is broken. Then the operation works again."""
    paid = strict.paid(PCD_PAY_TYPE="transfer", PCD_TAXSAVE_FLAG="" if op == "receipt_issue" else "Y")
    unchanged = facts(strict, op, paid)
    strict.order("POST", "/faults", {"op": op, "kind": kind, "phase": phase, "seconds": 0.01})

    answer = do(strict, op, paid)

    assert is_believable(answer, op, paid) == (kind in READABLE)
    assert (facts(strict, op, paid) == unchanged) == (phase == "before")
    if phase == "before":
        assert is_believable(do(strict, op, paid), op, paid)


def test_all_kinds_are_there() -> None:
    """Refuse and connect hang are no answers; the others of the 24 are, some in two forms."""
    assert len(KINDS) >= 22
    assert set(OPS) >= {"auth", "confirm", "inquiry", "cancel", "receipt_issue", "receipt_cancel"}
    assert all(kind.ko and kind.en and set(kind.ops) <= set(OPS) for kind in KINDS.values())


def test_a_sequence_strikes_in_its_order(merchant: Merchant) -> None:
    """Fail, fail, succeed; and once more."""
    armed = merchant.order("POST", "/faults", {"op": "auth", "kind": ["http_500", "http_502", "intact"], "times": 2})

    answers = [merchant.session.post(f"{SIMULATOR}/php/auth.php").status_code for _ in range(7)]

    assert [fault["kind"] for fault in armed] == ["http_500", "http_502", "intact"] * 2
    assert answers == [500, 502, 200, 500, 502, 200, 200]


def test_a_sequence_before_the_effect_still_lets_pass(merchant: Merchant) -> None:
    """What makes sense in one phase only takes that one."""
    merchant.order("POST", "/faults", {"op": "cancel", "kind": ["http_500", "intact"], "phase": "before"})
    paid = merchant.paid()

    assert [bool(do(merchant, "cancel", paid)) for _ in range(2)] == [False, True]
    assert merchant.payment(paid["PCD_PAY_OID"])["refunded_total"] == 100


@pytest.mark.parametrize(
    "order",
    [
        {"kind": []},
        {"kind": ["http_500", "nothing"]},
        {"kind": [1]},
        {"kind": ["http_500"] * 1_001},
        {"kind": "http_500", "p": 0},
        {"kind": "http_500", "p": 1.1},
        {"kind": "http_500", "seed": 0.5},
        {"kind": "http_500", "seconds": 121},
        {"kind": "refused"},
    ],
)
def test_a_wrong_order_gets_a_sentence(merchant: Merchant, order: dict[str, Any]) -> None:
    response = merchant.session.post(f"{SIMULATOR}/_sim/faults", json={"op": "auth"} | order)

    assert (response.status_code, merchant.order("GET", "/faults")["armed"]) == (400, [])
    assert response.json()["error"]


def struck(merchant: Merchant, seed: int) -> list[bool]:
    """Which of forty authentications a fault of probability one half strikes."""
    merchant.order("DELETE", "/faults")
    merchant.order("POST", "/faults", {"op": "auth", "kind": "http_500", "times": 40, "p": 0.5, "seed": seed})
    return [merchant.session.post(f"{SIMULATOR}/php/auth.php").status_code == 500 for _ in range(40)]


def test_chance_is_repeatable(merchant: Merchant) -> None:
    """The same seed strikes the same requests; a miss uses up no time."""
    first, second, other = struck(merchant, 7), struck(merchant, 7), struck(merchant, 8)

    assert first == second != other
    assert 8 < sum(first) < 32
    assert merchant.order("GET", "/faults")["armed"][0]["times"] == 40 - sum(other)


def test_a_hang_lets_go_when_its_time_is_over(merchant: Merchant) -> None:
    merchant.order("POST", "/faults", {"op": "auth", "kind": "read_hang", "seconds": 0.2})
    begun = time.monotonic()

    with pytest.raises(requests.ConnectionError):
        merchant.authenticate()

    assert 0.2 <= time.monotonic() - begun < 2


def test_a_redirect_points_at_somebody_else(merchant: Merchant) -> None:
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
