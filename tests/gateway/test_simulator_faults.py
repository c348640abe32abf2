"""Faults on demand: what breaks, when, and what has happened by then; and those that need a real connection."""

import json
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest
import requests

from shop.payple import (
    KOREA,
    CashReceiptRequest,
    ChargeMode,
    ChargeRequest,
    GatewayError,
    PaypleClient,
    PayType,
    RefundRequest,
    UnverifiedResult,
)
from shop.simulator.control.faults import KINDS, OPS, PAYMENT_OPS
from tests.gateway.merchant import SIMULATOR, Merchant
from tests.gateway.wire import WISH, Wire

# Answers that the client can read all the same.
READABLE = ("intact", "extra_keys", "bom", "duplicate_keys")
# Each kind at one operation, and two kinds at every operation.
CELLS = sorted(
    {
        (kind.id, "confirm" if "confirm" in kind.ops else kind.ops[0], phase)
        for kind in KINDS.values()
        for phase in kind.phases
    }
    | {("http_500", op, phase) for op in OPS for phase in ("before", "after")}
    | {("other_amount", op, "after") for op in PAYMENT_OPS}
)
TRANSFER = replace(WISH, pay_type=PayType.TRANSFER)
ACTS: dict[str, Callable[[PaypleClient, UnverifiedResult], Any]] = {
    "auth": lambda client, _: client.authenticate(),
    "confirm": lambda client, result: client.confirm(result),
    "inquiry": lambda client, _: client.inquire(WISH.attempt_no, today(), PayType.TRANSFER),
    "cancel": lambda client, _: client.refund(RefundRequest(WISH.attempt_no, today(), 100)),
    "receipt_issue": lambda client, result: client.issue_cash_receipt(receipt_of(result)),
    "receipt_cancel": lambda client, result: client.cancel_cash_receipt(receipt_of(result)),
    "repay": lambda client, result: client.charge(
        ChargeRequest("AGAIN", 1000, "책", PayType.TRANSFER, result.billing_key, taxable=True)
    ),
    "key_lookup": lambda client, result: client.find_billing_key(result.billing_key),
    "key_deletion": lambda client, result: client.delete_billing_key(result.billing_key),
}


def today() -> date:
    return datetime.now(KOREA).date()


def receipt_of(result: UnverifiedResult) -> CashReceiptRequest:
    return CashReceiptRequest(WISH.attempt_no, result.billing_key, 1000)


def is_believed(wire: Wire, op: str, result: UnverifiedResult) -> bool:
    """Do the operation; whether the client takes its answer for a success that fits the request."""
    try:
        answer = ACTS[op](wire.client(), result)
    except GatewayError:
        return False
    number = {"confirm": WISH.attempt_no, "inquiry": WISH.attempt_no, "repay": "AGAIN"}.get(op)
    return not number or bool(answer and (answer.attempt_no, answer.amount) == (number, 1000))


@pytest.mark.parametrize(("kind", "op", "phase"), CELLS)
def test_a_fault_breaks_one_answer(wire: Wire, merchant: Merchant, kind: str, op: str, phase: str) -> None:
    mode = ChargeMode.ON_CONFIRM if op == "confirm" else ChargeMode.IN_WINDOW
    result = wire.pay(replace(TRANSFER, charge_mode=mode, cash_receipt=op == "receipt_cancel"))
    merchant.order("POST", "/faults", {"op": op, "kind": kind, "phase": phase, "seconds": 0.01})

    assert is_believed(wire, op, result) == (kind in READABLE)

    lines = [(line["op"], line["outcome"]) for line in merchant.ledger()]
    done = lines[lines.index(("fault", "fault")) :]
    assert (((op, "ok") in done) == (phase == "after")) or kind == "intact"
    if phase == "before" or op in ("auth", "inquiry"):
        assert is_believed(wire, op, result)
    assert merchant.order("GET", "/faults")["armed"] == []


def statuses(merchant: Merchant, count: int) -> list[int]:
    return [merchant.session.post(f"{SIMULATOR}/php/auth.php", allow_redirects=False).status_code for _ in range(count)]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("http_500", [500, 500, 200]), (["http_500", "http_502", "intact"], [500, 502, 200, 500, 502, 200, 200])],
)
def test_faults_strike_in_sequence(merchant: Merchant, kind: object, expected: list[int]) -> None:
    merchant.order("POST", "/faults", {"op": "auth", "kind": kind, "times": 2})

    assert statuses(merchant, len(expected)) == expected


def test_a_fault_may_wait_for_one_payment_and_can_be_called_off(merchant: Merchant) -> None:
    hit, spared = merchant.claim(), merchant.claim()
    merchant.order("POST", "/faults", {"op": "confirm", "kind": "lost_answer", "oid": hit["PCD_PAY_OID"]})

    assert merchant.confirm(spared)["PCD_PAY_RST"] == "success"
    with pytest.raises(requests.ConnectionError):
        merchant.confirm(hit)
    merchant.order("POST", "/faults", {"op": "auth", "kind": "http_500"})
    merchant.order("DELETE", "/faults")
    assert statuses(merchant, 1) == [200]


def test_the_same_seed_strikes_the_same_requests_and_a_miss_uses_up_nothing(merchant: Merchant) -> None:
    struck = []
    for seed in (7, 7, 8):
        merchant.order("DELETE", "/faults")
        merchant.order("POST", "/faults", {"op": "auth", "kind": "http_500", "times": 20, "p": 0.5, "seed": seed})
        struck.append(statuses(merchant, 20))

    assert struck[0] == struck[1] != struck[2]
    assert 3 < struck[0].count(500) < 17
    assert merchant.order("GET", "/faults")["armed"][0]["times"] == 20 - struck[2].count(500)


# Over a connection, byte by byte.


def raw(served: Merchant, kind: str, seconds: float) -> tuple[bytes, int, str]:
    """The body of an authentication's answer, how many announced bytes are missing, and how the connection ended."""
    served.order("POST", "/faults", {"op": "auth", "kind": kind, "seconds": seconds})
    host, port = served.origin.removeprefix("http://").split(":")
    sent = json.dumps({"cst_id": served.cst_id, "custKey": served.cust_key}).encode()
    head = f"POST /php/auth.php HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
    received, end = b"", "closed"
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(f"{head}Content-Length: {len(sent)}\r\n\r\n".encode() + sent)
        try:
            while piece := connection.recv(65536):
                received += piece
        except ConnectionResetError:
            end = "reset"
    answered, _, body = received.partition(b"\r\n\r\n")
    length = answered.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
    return body, int(length or 0) - len(body), end


@pytest.mark.parametrize(("kind", "end"), [("reset", "reset"), ("closed_early", "closed")])
def test_an_answer_breaks_off_in_the_middle_of_its_body(served: Merchant, kind: str, end: str) -> None:
    body, missing, how = raw(served, kind, 0)

    assert how == end
    assert missing > 100 or (kind == "reset" and not body)


@pytest.mark.parametrize(("kind", "seconds", "body"), [("drip", 1.5, b'{"'), ("read_hang", 0.5, b"")])
def test_an_answer_drips_or_hangs(served: Merchant, kind: str, seconds: float, body: bytes) -> None:
    begun = time.monotonic()
    received, _, end = raw(served, kind, seconds)

    assert (received, end) == (body, "closed")
    assert seconds * 0.6 < time.monotonic() - begun < seconds + 3.5


def test_callers_who_leave_free_their_threads(served: Merchant) -> None:
    """More hanging requests than the server has threads, all of them given up."""
    served.order("POST", "/faults", {"op": "auth", "kind": "read_hang", "seconds": 60, "times": 12})
    for _ in range(12):
        with pytest.raises(requests.Timeout):
            requests.post(f"{served.origin}/php/auth.php", json={}, timeout=(3, 0.1))
    begun = time.monotonic()

    assert served.authenticate()["result"] == "success"
    assert time.monotonic() - begun < 5
