"""Lies are repeatable, differ from the truth, and never carry a key that the gateway gave out."""

from __future__ import annotations

import random
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.chaos.mutations import FORM, KINDS, NUMBER, Others, forged_notice, forged_success, form, hostile_urls, mutate

GATEWAY = "http://127.0.0.1:8001"
CANARY = "http://127.0.0.7:21999/"
OTHERS = Others(("20261123_OTHER",), (("OTHER_REQKEY", "OTHER_AUTHKEY"),), CANARY)
UNTOUCHED = "as_it_is"


def honest_looking() -> dict[str, str]:
    return forged_success("20261123_MINE", 3_000, random.Random(1), method="card", work="CERT", origin=GATEWAY)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_dice_tell_the_same_lie(kind: str) -> None:
    first, again = (mutate(kind, honest_looking(), random.Random(7), OTHERS) for _ in range(2))
    assert first == again
    assert first.kind == kind


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != UNTOUCHED])
def test_a_lie_differs_from_the_message(kind: str) -> None:
    plain = mutate(UNTOUCHED, honest_looking(), random.Random(1), OTHERS)
    lies = [mutate(kind, honest_looking(), random.Random(seed), OTHERS) for seed in range(20)]
    assert any(
        (lie.body, lie.method, lie.content_type) != (plain.body, plain.method, plain.content_type) for lie in lies
    )


def test_there_are_some_thirty_kinds() -> None:
    assert len(KINDS) >= 30


def test_a_form_says_what_no_text_can() -> None:
    assert form([("a", b"\xff"), ("b", "가\x00")]) == b"a=%FF&b=%EA%B0%80%00"


def test_the_message_as_it_is_reads_like_a_success() -> None:
    post = mutate(UNTOUCHED, honest_looking(), random.Random(1), OTHERS)
    assert (post.content_type, post.method) == (FORM, "POST")
    fields = dict(parse_qsl(post.body.decode()))
    assert (fields["PCD_PAY_RST"], fields[NUMBER], fields["PCD_PAY_TOTAL"]) == ("success", "20261123_MINE", "3000")


def test_no_two_forgeries_share_a_key() -> None:
    dice = random.Random(1)
    made = [
        forged_success("X", 1, dice, method="card", work="CERT", origin=GATEWAY)["PCD_PAY_REQKEY"] for _ in range(50)
    ]
    assert len(set(made)) == 50


def test_a_forged_cancel_says_so() -> None:
    notice = forged_notice("cancelled", "X", 3_000, random.Random(1), method="card", origin=GATEWAY)
    assert (notice["PCD_PAYCANCEL_FLAG"], notice["PCD_REFUND_TOTAL"]) == ("Y", "3000")
    assert "PCD_PAYCANCEL_FLAG" not in forged_notice("paid", "X", 1, random.Random(1), method="card", origin=GATEWAY)


def test_no_hostile_address_is_the_gateways_confirm() -> None:
    forms = hostile_urls(CANARY, GATEWAY)
    assert len(forms) >= 50
    assert len(set(forms.values())) == len(forms)
    for trick, url in forms.items():
        assert url != f"{GATEWAY}/php/PayCardConfirmAct.php?ACT_=PAYM", trick


def test_many_addresses_really_lead_to_the_canary() -> None:
    """For a canary that nobody can reach proves nothing."""
    reached = 0
    for url in hostile_urls(CANARY, GATEWAY).values():
        try:
            parts = urlsplit(url)
            reached += (parts.hostname, parts.port) == ("127.0.0.7", 21999)
        except ValueError:
            continue
    assert reached >= 10
