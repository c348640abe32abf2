"""Faults on demand: what breaks, when, and what has happened by then."""

from __future__ import annotations

import json

import pytest
import requests

from shop.simulator.control.faults import KINDS
from tests.gateway.merchant import Merchant

OPS = ("auth", "confirm", "inquiry")
# A careful merchant can read these all the same, or has to wait for them: test_simulator_faults2.
ELSEWHERE = ("intact", "extra_keys", "euc_kr", "bom", "oversize", "redirect", "read_hang", "drip")
CELLS = [
    (kind.id, op, phase)
    for kind in KINDS.values()
    if kind.id not in ELSEWHERE
    for op in OPS
    if op in kind.ops
    for phase in kind.phases
]


def send(merchant: Merchant, op: str, claim: dict[str, str]) -> requests.Response | None:
    """One request of an operation; None when the connection is lost."""
    body: dict[str, str] = {"cst_id": merchant.cst_id, "custKey": merchant.cust_key}
    url = "/php/auth.php"
    if op == "confirm":
        url = "/php/PayCardConfirmAct.php?ACT_=PAYM"
        body = claim | {"PCD_CST_ID": merchant.cst_id, "PCD_CUST_KEY": merchant.cust_key}
    if op == "inquiry":
        url = "/php/PayChkAct.php"
        body = merchant.question(merchant.authenticate(PCD_PAYCHK_FLAG="Y"), claim["PCD_PAY_OID"])
    try:
        return merchant.session.post(merchant.origin + url, json=body)
    except requests.ConnectionError:
        return None


def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object in which no field is said twice."""
    told = dict(pairs)
    if len(told) != len(pairs):
        raise ValueError("a field is repeated")
    return told


def is_intact(answer: requests.Response | None, oid: str) -> bool:
    """Whether an answer is one that a merchant may believe."""
    try:
        body = answer.content if answer is not None and answer.status_code == 200 else b"{}"
        told = json.loads(body, object_pairs_hook=once)
    except ValueError:
        return False
    if not isinstance(told, dict) or not all(isinstance(value, str) for value in told.values()):
        return False
    if told.get("result") == "success":
        return True
    facts = (told.get("PCD_PAY_RST"), told.get("PCD_PAY_CODE"), told.get("PCD_PAY_OID"), told.get("PCD_PAY_TOTAL"))
    return facts in {("success", "PCCF0000", oid, "1000"), ("success", "PCHK000", oid, "1000")}


@pytest.mark.parametrize(("kind", "op", "phase"), CELLS)
def test_a_fault_breaks_the_answer_once_and_keeps_its_promise_about_the_effect(
    merchant: Merchant, kind: str, op: str, phase: str
) -> None:
    """before: nothing has happened; after: the money has moved, and only the answer is broken."""
    claim = merchant.claim()
    if op == "inquiry":
        merchant.confirm(claim)
    merchant.order("POST", "/faults", {"op": op, "kind": kind, "phase": phase})

    broken = send(merchant, op, claim)

    assert not is_intact(broken, claim["PCD_PAY_OID"])
    struck = next(place for place, entry in enumerate(merchant.ledger()) if entry["op"] == "fault")
    happened = op in [entry["op"] for entry in merchant.ledger()[struck:]]
    assert happened == (phase == "after")
    if op == "confirm":
        state = merchant.payment(claim["PCD_PAY_OID"])["state"]
        assert state == ("approved" if phase == "after" else "authenticated")
    if op != "confirm" or phase == "before":
        assert is_intact(send(merchant, op, claim), claim["PCD_PAY_OID"])


def test_a_fault_strikes_as_often_as_it_was_told(merchant: Merchant) -> None:
    merchant.order("POST", "/faults", {"op": "auth", "kind": "http_500", "times": 2})

    statuses = [answer.status_code for answer in (send(merchant, "auth", {}) for _ in range(3)) if answer is not None]

    assert statuses == [500, 500, 200]
    assert merchant.order("GET", "/faults")["armed"] == []


def test_a_fault_may_wait_for_one_payment(merchant: Merchant) -> None:
    hit, spared = merchant.claim(), merchant.claim()
    merchant.order("POST", "/faults", {"op": "confirm", "kind": "lost_answer", "oid": hit["PCD_PAY_OID"]})

    assert merchant.confirm(spared)["PCD_PAY_RST"] == "success"
    assert send(merchant, "confirm", hit) is None


def test_faults_strike_in_sequence(merchant: Merchant) -> None:
    """Fail, fail otherwise, succeed."""
    for kind in ("http_500", "html_200"):
        merchant.order("POST", "/faults", {"op": "auth", "kind": kind, "phase": "before"})

    answers = [send(merchant, "auth", {}) for _ in range(3)]

    assert [answer.status_code for answer in answers if answer is not None] == [500, 200, 200]
    assert [is_intact(answer, "") for answer in answers] == [False, False, True]


def test_faults_can_be_called_off(merchant: Merchant) -> None:
    merchant.order("POST", "/faults", {"op": "auth", "kind": "http_500"})
    merchant.order("DELETE", "/faults")

    assert merchant.authenticate()["result"] == "success"
