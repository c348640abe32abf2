"""Switches for what Payple's documents leave open, or say in two ways."""

from dataclasses import fields

import pytest

from shop.simulator.policy import SWITCHES, Policy, Switch, changed
from tests.gateway.merchant import SIMULATOR, Merchant
from tests.payer import Page

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X)"
NEWER = "/api/v1/payments/cards/approval/confirm"


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


@pytest.mark.parametrize("work", ["PAY", "CERT"])
def test_a_transfer_may_say_bill0000(merchant: Merchant, work: str) -> None:
    merchant.policy(transfer_code="BILL0000")

    claim = merchant.claim(PCD_PAY_TYPE="transfer", PCD_PAY_WORK=work)

    told = merchant.confirm(claim) if work == "CERT" else claim
    assert (told["PCD_PAY_CODE"], merchant.paid()["PCD_PAY_CODE"]) == ("BILL0000", "0000")


def test_the_tax_of_an_order_that_is_not_mixed_may_be_zero(merchant: Merchant) -> None:
    merchant.policy(tax_in_result="zero")
    claim = merchant.claim()
    answers = [claim, merchant.confirm(claim), merchant.inquire(claim["PCD_PAY_OID"])]

    assert {answer["PCD_PAY_TAXTOTAL"] for answer in answers} == {"0"}
    assert merchant.cancel(answers[1])["PCD_REFUND_TAXTOTAL"] == "91"
    assert merchant.paid(PCD_PAY_TAXTOTAL="50")["PCD_PAY_TAXTOTAL"] == "50"


def test_amounts_may_be_json_numbers_but_a_blank_stays_a_string(merchant: Merchant) -> None:
    merchant.policy(numbers_as_numbers="on")

    confirmed: dict[str, object] = dict(merchant.confirmed())

    assert (confirmed["PCD_PAY_TOTAL"], confirmed["PCD_PAY_TAXTOTAL"]) == (1000, 91)
    assert (confirmed["PCD_PAY_CODE"], confirmed["PCD_PAY_DISCOUNT"]) == ("PCCF0000", "")


@pytest.mark.parametrize(
    ("name", "value"),
    [("PAY_OID", "A" * 31), ("PAY_GOODS", "상" * 51), ("PAYER_NAME", "김" * 21), ("PAYER_NO", "1" * 19)],
)
def test_every_window_may_take_shorter_values(merchant: Merchant, name: str, value: str) -> None:
    wish = {f"PCD_{name}": value}
    assert merchant.claim(**wish)["PCD_PAY_RST"] == "success"
    merchant.policy(strict_lengths="on")

    assert merchant.claim(**wish)["PCD_PAY_CODE"] == "cpc0034"


def test_the_result_of_every_card_may_name_the_newer_address(merchant: Merchant) -> None:
    merchant.policy(confirm_host="api_v2")
    claim = merchant.claim()

    assert claim["PCD_PAY_COFURL"] == SIMULATOR + NEWER
    assert merchant.confirm(claim, "/php/PayCardConfirmAct.php?ACT_=PAYM")["PCD_PAY_CODE"] == "AUTH0008"
    assert merchant.confirm(claim)["PCD_PAY_CODE"] == "PCCF0000"
    assert merchant.confirmed(PCD_PAY_TYPE="transfer")["PCD_PAY_RST"] == "success"


@pytest.mark.parametrize(
    ("switch", "agent", "method"), [("off", PHONE, "post"), ("on", PHONE, "get"), ("on", "Mozilla/5.0", "post")]
)
def test_a_phone_may_deliver_by_get(merchant: Merchant, switch: str, agent: str, method: str) -> None:
    merchant.policy(result_by_get=switch)
    window = merchant.open(PCD_RST_URL="http://localhost:8000/payments/result").approve()

    page = Page(merchant.session.get(window.page.url, headers={"User-Agent": agent}))

    assert next(form for form in page.forms if "data-deliver" in form.attributes).attributes["method"] == method


def test_a_repeated_confirm_may_repeat_the_first_success(merchant: Merchant) -> None:
    merchant.policy(dup_confirm="repeat")
    claim = merchant.claim()

    assert merchant.confirm(claim) == merchant.confirm(claim)
    assert merchant.charges() == 1


def test_the_deadline_of_the_confirm_may_be_later(merchant: Merchant) -> None:
    merchant.policy(confirm_minutes=30)
    claim = merchant.claim()
    merchant.advance(29 * 60)

    assert merchant.confirm(claim)["PCD_PAY_RST"] == "success"


def test_the_inquiry_may_lag_behind_and_say_0000(merchant: Merchant) -> None:
    merchant.policy(inquiry_lag_seconds=20, inquiry_code="0000")
    oid = merchant.confirmed()["PCD_PAY_OID"]

    assert merchant.inquire(oid)["PCD_PAY_CODE"] == "CBIL0003"
    merchant.broke("inquiry_lags")
    merchant.advance(21)
    assert merchant.inquire(oid)["PCD_PAY_CODE"] == "0000"


def test_the_tax_of_a_mixed_order_may_be_split_too(merchant: Merchant) -> None:
    merchant.policy(mixed_refund_tax="split")

    assert merchant.cancel(merchant.paid(PCD_PAY_TAXTOTAL="50"), 500)["PCD_REFUND_TAXTOTAL"] == "25"


@pytest.mark.parametrize(
    ("rule", "expected"), [("approval", [False, True]), ("opening", [True, False]), ("either", [True, True])]
)
def test_the_date_of_a_payment_at_midnight(merchant: Merchant, rule: str, expected: list[bool]) -> None:
    window = merchant.open(PCD_PAY_TYPE="transfer", PCD_PAY_WORK="PAY")
    opened = merchant.order("GET", "/clock")["now"][:10].replace("-", "")
    merchant.advance(24 * 3600)
    paid = window.approve().told
    merchant.policy(date_rule=rule)

    dates = (opened, paid["PCD_PAY_TIME"][:8])
    cancels = [merchant.cancel(paid, 1, PCD_PAY_DATE=date)["PCD_PAY_RST"] == "success" for date in dates]
    found = [merchant.inquire(paid["PCD_PAY_OID"], "transfer", date)["PCD_PAY_RST"] == "success" for date in dates]
    assert cancels == found == expected


def test_the_inquiry_tells_nothing_of_a_refund_unless_it_is_switched_on(merchant: Merchant) -> None:
    paid = merchant.paid()
    merchant.cancel(paid, 300)
    usual = merchant.inquire(paid["PCD_PAY_OID"])
    merchant.policy(inquiry_shows_refund="on")
    telling = merchant.inquire(paid["PCD_PAY_OID"])
    merchant.cancel(paid, 700)

    assert (usual["PCD_PAY_TOTAL"], usual["PCD_PAY_STATE"]) == ("1000", "1")
    assert dict(telling.items() - usual.items()) == {"PCD_REFUND_TOTAL": "300"}
    assert merchant.inquire(paid["PCD_PAY_OID"])["PCD_PAY_STATE"] == "2"


def test_the_code_of_a_deleted_key_may_be_that_of_the_example(merchant: Merchant) -> None:
    merchant.policy(key_deletion_code="PUSER0000")

    assert merchant.key("PUSERDEL", merchant.paid()["PCD_PAYER_ID"])["PCD_PAY_CODE"] == "PUSER0000"
