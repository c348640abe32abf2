"""Switches for what Payple's documents leave open, or say in two ways."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest

from shop.simulator.policy import SWITCHES, Policy, Switch, changed
from tests.gateway.merchant import Fields, Merchant
from tests.payer import Page

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X)"
NEWER = "/api/v1/payments/cards/approval/confirm"
TRANSFER = {"PCD_PAY_TYPE": "transfer"}
MIXED = {"PCD_PAY_TAXTOTAL": "50"}


@pytest.mark.parametrize("switch", SWITCHES.values(), ids=lambda switch: switch.name)
def test_every_switch_takes_what_it_says_and_nothing_else(switch: Switch) -> None:
    for value in (*(switch.choices or (0, switch.maximum)), getattr(Policy(), switch.name)):
        assert getattr(changed(Policy(), {switch.name: value}), switch.name) == value
    wrong: list[object] = ["nothing", -1, 0.5, None, []]
    for value in wrong:
        with pytest.raises(ValueError, match=switch.name):
            changed(Policy(), {switch.name: value})


def test_the_switches_are_listed_and_changed_in_json(merchant: Merchant) -> None:
    assert list(SWITCHES) == [member.name for member in fields(Policy)] == list(merchant.order("GET", "/policy"))
    assert merchant.order("POST", "/policy", {"result_by_get": True})["result_by_get"] == "on"


def transfer_codes(merchant: Merchant) -> list[str]:
    """Those of a transfer in the window and by the confirm, and that of a card."""
    answers = (merchant.paid(**TRANSFER), merchant.confirmed(**TRANSFER), merchant.paid())
    return [answer["PCD_PAY_CODE"] for answer in answers]


def claims_of_some_length(merchant: Merchant) -> list[str]:
    lengths = {"PAY_OID": 31, "PAY_GOODS": 51, "PAYER_NAME": 21, "PAYER_NO": 19}
    return [merchant.claim(**{f"PCD_{name}": "1" * length})["PCD_PAY_CODE"] for name, length in lengths.items()]


def confirmed_twice(merchant: Merchant) -> tuple[bool, int]:
    """Whether the second answer is the first one, and how often money moved."""
    claim, before = merchant.claim(), merchant.charges()
    return merchant.confirm(claim) == merchant.confirm(claim), merchant.charges() - before


def confirmed_after(merchant: Merchant, minutes: int) -> str:
    claim = merchant.claim()
    merchant.advance(minutes * 60)
    return merchant.confirm(claim)["PCD_PAY_CODE"]


def inquired(merchant: Merchant, **wishes: str) -> Fields:
    return merchant.inquire(merchant.confirmed(**wishes)["PCD_PAY_OID"])


def inquired_after_refund(merchant: Merchant) -> list[tuple[str, str]]:
    """State and refund after a part, and after the rest."""
    paid, found = merchant.paid(), []
    for amount in (300, 700):
        merchant.cancel(paid, amount)
        found.append(merchant.inquire(paid["PCD_PAY_OID"]))
    return [(answer["PCD_PAY_STATE"], answer.get("PCD_REFUND_TOTAL", "")) for answer in found]


@pytest.mark.parametrize(
    ("name", "value", "seen", "before", "after"),
    [
        ("transfer_code", "BILL0000", transfer_codes, ["0000"] * 3, ["BILL0000", "BILL0000", "0000"]),
        ("tax_in_result", "zero", lambda m: inquired(m)["PCD_PAY_TAXTOTAL"], "91", "0"),
        ("tax_in_result", "zero", lambda m: m.cancel(m.paid())["PCD_REFUND_TAXTOTAL"], "91", "91"),
        ("numbers_as_numbers", "on", lambda m: m.confirmed()["PCD_PAY_TOTAL"], "1000", 1000),
        ("strict_lengths", "on", claims_of_some_length, ["0000"] * 4, ["cpc0034"] * 4),
        ("confirm_host", "api_v2", lambda m: m.claim()["PCD_PAY_COFURL"].endswith(NEWER), False, True),
        ("confirm_host", "api_v2", lambda m: m.confirmed(**TRANSFER)["PCD_PAY_RST"], "success", "success"),
        ("dup_confirm", "repeat", confirmed_twice, (False, 1), (True, 1)),
        ("confirm_minutes", 30, lambda m: confirmed_after(m, 29), "PCCFD001", "PCCF0000"),
        ("inquiry_lag_seconds", 20, lambda m: inquired(m)["PCD_PAY_CODE"], "PCHK000", "CBIL0003"),
        ("inquiry_code", "0000", lambda m: inquired(m)["PCD_PAY_CODE"], "PCHK000", "0000"),
        ("inquiry_shows_refund", "on", inquired_after_refund, [("1", "")] * 2, [("1", "300"), ("2", "1000")]),
        ("mixed_refund_tax", "split", lambda m: m.cancel(m.paid(**MIXED), 500)["PCD_PAY_CODE"], "1101", "PAYC0000"),
        (
            "key_deletion_code",
            "PUSER0000",
            lambda m: m.key("PUSERDEL", m.paid()["PCD_PAYER_ID"])["PCD_PAY_CODE"],
            "TSDL0000",
            "PUSER0000",
        ),
    ],
)
def test_a_switch_changes_an_answer(
    merchant: Merchant, name: str, value: object, seen: Callable[[Merchant], Any], before: object, after: object
) -> None:
    assert seen(merchant) == before
    merchant.policy(**{name: value})

    assert seen(merchant) == after


@pytest.mark.parametrize(
    ("switch", "agent", "method"), [("off", PHONE, "post"), ("on", PHONE, "get"), ("on", "Mozilla/5.0", "post")]
)
def test_a_phone_may_deliver_by_get(merchant: Merchant, switch: str, agent: str, method: str) -> None:
    merchant.policy(result_by_get=switch)
    window = merchant.open(PCD_RST_URL="http://localhost:8000/payments/result").approve()

    page = Page(merchant.session.get(window.page.url, headers={"User-Agent": agent}))

    assert next(form for form in page.forms if "data-deliver" in form.attributes).attributes["method"] == method


@pytest.mark.parametrize(
    ("rule", "expected"), [("approval", [False, True]), ("opening", [True, False]), ("either", [True, True])]
)
def test_the_date_of_a_payment_at_midnight(merchant: Merchant, rule: str, expected: list[bool]) -> None:
    window = merchant.open(PCD_PAY_TYPE="transfer", PCD_PAY_WORK="PAY")
    opened = merchant.order("GET", "/clock")["now"][:10].replace("-", "")
    merchant.advance(24 * 3600)
    paid = window.approve().delivered
    merchant.policy(date_rule=rule)

    dates = (opened, paid["PCD_PAY_TIME"][:8])
    cancels = [merchant.cancel(paid, 1, PCD_PAY_DATE=date)["PCD_PAY_RST"] == "success" for date in dates]
    found = [merchant.inquire(paid["PCD_PAY_OID"], "transfer", date)["PCD_PAY_RST"] == "success" for date in dates]
    assert cancels == found == expected
