"""The webhook's address answers at once, the same to everybody, and asks nobody while the sender waits."""

import json

import pytest
import requests

from tests.page import PageClient
from tests.postbox import ADDRESS
from tests.world import World

JSON = "application/json"


def test_the_answer_is_the_same_for_known_and_unknown_numbers(world: World, buyer: PageClient, order_no: str) -> None:
    numbers = buyer.start_attempt(order_no)["attempt_no"], "20261123_AAAAAAAAAAAAAAAAAAAA"

    answers = [world.browser().post(ADDRESS, json.dumps({"PCD_PAY_OID": n}), content_type=JSON) for n in numbers]

    first, second = ((answer.status_code, answer.data, sorted(answer.headers)) for answer in answers)
    assert first == second


def test_the_gateway_is_not_asked_while_the_sender_waits(
    world: World, buyer: PageClient, order_no: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt_no = buyer.start_attempt(order_no, work="PAY")["attempt_no"]
    body = json.dumps({"PCD_PAY_OID": attempt_no, "PCD_PAY_RST": "success"})

    def fail(*_: object, **__: object) -> requests.Response:
        raise AssertionError("the gateway was called from within the request")

    with monkeypatch.context() as patch:
        patch.setattr(requests.Session, "send", fail)
        assert buyer.post(ADDRESS, body, content_type=JSON).status_code == 200

    assert world.events(attempt_no)[-1] == "webhook"
