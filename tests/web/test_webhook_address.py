"""The webhook's address: acknowledged at once whatever came, without a cookie, and never a word about us."""

import json

import pytest
import requests

from tests.page import PageClient
from tests.postbox import ADDRESS
from tests.world import World

JSON, FORM = "application/json", "application/x-www-form-urlencoded"


def test_a_head_is_answered_and_keeps_nothing(world: World) -> None:
    before = world.dump()
    response = world.browser().open(ADDRESS, method="HEAD")

    assert (response.status_code, response.data, "Set-Cookie" in response.headers) == (200, b"", False)
    assert world.dump() == before


@pytest.mark.parametrize("method", ["GET", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"])
def test_other_methods_are_refused(world: World, method: str) -> None:
    assert world.browser().open(ADDRESS, method=method).status_code == 405


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", FORM),
        (b"", JSON),
        (b"[]", JSON),
        (b"{", JSON),
        (b"null", JSON),
        (b"[" * 30_000, JSON),
        (b'{"PCD_PAY_OID": "a", "PCD_PAY_OID": "b"}', JSON),
        (b"PCD_PAY_OID=a&PCD_PAY_OID=b", FORM),
        (b'{"PCD_PAY_OID": [1]}', JSON),
        (b'{"PCD_PAY_OID": "\\u0000"}', JSON),
        (b"PCD_PAY_OID=%00", FORM),
        (b"PCD_PAY_OID=%ED%A0%80", FORM),
        (b"\xff\xfe\x00=\x00", FORM),
        ("PCD_PAY_MSG=결제".encode("euc-kr"), FORM),
        (b"PCD_PAY_OID=1", FORM + "; charset=utf-16"),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
        (b"--x\r\n" * 10, "multipart/form-data"),
        (b"<a/>", "text/xml"),
        (b"a" * 60_000, "text/plain"),
        ("&".join(f"f{number}=1" for number in range(5000)).encode(), FORM),
    ],
)
def test_what_can_never_be_understood_is_acknowledged_and_not_kept(
    world: World, body: bytes, content_type: str
) -> None:
    before = world.dump()
    response = world.browser().post(ADDRESS, body, content_type=content_type)

    assert (response.status_code, response.get_json()) == (200, {"result": "success"})
    assert "Set-Cookie" not in response.headers
    assert world.dump() == before


def test_a_body_without_a_length_or_type_is_acknowledged(world: World) -> None:
    assert world.browser().open(ADDRESS, method="POST").status_code == 200


@pytest.mark.parametrize("size", [70_000, 20_000_000])
def test_a_body_that_is_too_large_is_refused(world: World, size: int) -> None:
    response = world.browser().post(ADDRESS, b"PCD_PAY_OID=" + b"a" * size, content_type=FORM)

    assert response.status_code == 413


def test_the_answer_is_the_same_for_numbers_of_ours_and_of_nobody(world: World) -> None:
    buyer = world.browser()
    attempt_no = buyer.start_attempt(buyer.place_order())["attempt_no"]

    answers = [
        PageClient(world.app).post(ADDRESS, json.dumps({"PCD_PAY_OID": number}), content_type=JSON)
        for number in (attempt_no, "20261123_AAAAAAAAAAAAAAAAAAAA")
    ]

    first, second = ((answer.status_code, answer.data, sorted(answer.headers)) for answer in answers)
    assert first == second


def test_a_gateway_that_hangs_does_not_hold_up_the_answer(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is asked while the sender waits: a call from within the request would fail this test."""
    buyer = world.browser()
    attempt_no = buyer.start_attempt(buyer.place_order(), work="PAY")["attempt_no"]

    def dialled(*_: object, **__: object) -> requests.Response:
        raise AssertionError("the gateway was called from within the request")

    monkeypatch.setattr(requests.Session, "send", dialled)
    body = json.dumps({"PCD_PAY_OID": attempt_no, "PCD_PAY_RST": "success"})

    assert world.browser().post(ADDRESS, body, content_type=JSON).status_code == 200
    monkeypatch.undo()
    assert world.events(attempt_no)[-1] == "webhook"
