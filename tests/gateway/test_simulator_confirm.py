"""The CERT confirm (quick guide, CERT: the second step)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.gateway.merchant import SIMULATOR, Merchant


@pytest.mark.parametrize(("method", "code"), [("card", "PCCF0000"), ("transfer", "0000")])
def test_a_confirm_charges_what_the_window_was_opened_with(merchant: Merchant, method: str, code: str) -> None:
    claim = merchant.claim(PCD_PAY_TYPE=method, PCD_PAY_TOTAL="15400")

    answer = merchant.confirm(claim)

    assert (answer["PCD_PAY_RST"], answer["PCD_PAY_CODE"]) == ("success", code)
    assert answer["PCD_PAY_OID"] == claim["PCD_PAY_OID"]
    assert answer["PCD_PAY_TYPE"] == method
    assert (answer["PCD_PAY_TOTAL"], answer["PCD_PAY_AMOUNT_REAL"]) == ("15400", "15400")
    payment = merchant.payment(claim["PCD_PAY_OID"])
    assert (payment["state"], payment["total"]) == ("approved", 15400)
    assert payment["paid_at"]


def test_a_confirmed_card_has_a_sales_slip(merchant: Merchant) -> None:
    """The address is unguessable, and the slip says that it is none."""
    answer = merchant.confirm(merchant.claim())

    slip = merchant.session.get(answer["PCD_PAY_CARDRECEIPT"]).text

    assert answer["PCD_PAY_CARDAUTHNO"] in slip
    assert "시뮬레이터" in slip
    assert merchant.session.get(f"{SIMULATOR}/slip/guess").status_code == 404


@pytest.mark.parametrize(("method", "code"), [("card", "CBIL0003"), ("transfer", "BILL0003")])
def test_a_second_confirm_of_one_key_is_refused(merchant: Merchant, method: str, code: str) -> None:
    claim = merchant.claim(PCD_PAY_TYPE=method)
    merchant.confirm(claim)

    assert merchant.confirm(claim)["PCD_PAY_CODE"] == code
    assert [entry["effect"] for entry in merchant.ledger()].count("charged") == 1


def test_dup_confirm_repeats_the_first_success(merchant: Merchant) -> None:
    """The policy for the other way in which a gateway may treat a repeated confirm: same answer, one charge."""
    merchant.order("POST", "/policy", {"dup_confirm": "repeat"})
    claim = merchant.claim()

    assert merchant.confirm(claim) == merchant.confirm(claim)
    assert [entry["effect"] for entry in merchant.ledger()].count("charged") == 1


def test_twelve_confirms_at_once_charge_once(merchant: Merchant) -> None:
    claim = merchant.claim()

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: merchant.confirm(claim)["PCD_PAY_RST"], range(12)))

    assert sorted(answers) == ["error"] * 11 + ["success"]
    assert [entry["effect"] for entry in merchant.ledger()].count("charged") == 1


@pytest.mark.parametrize(
    ("changes", "code", "rule"),
    [
        ({"PCD_CST_ID": "nobody"}, "AUTH0003", "confirm_partner_unknown"),
        ({"PCD_CUST_KEY": "wrong"}, "AUTH0002", "confirm_cust_key_wrong"),
        ({"PCD_PAY_REQKEY": "made up"}, "CBIL0003", "request_key_unknown"),
        ({"PCD_PAY_REQKEY": ""}, "CBIL0003", "request_key_unknown"),
        ({"PCD_AUTH_KEY": "made up"}, "CBIL0001", "result_key_wrong"),
        ({"PCD_PAYER_ID": "made up"}, "CBIL0001", "result_key_wrong"),
    ],
)
def test_a_wrong_confirm_is_refused_and_the_right_one_still_works(
    merchant: Merchant, changes: dict[str, str], code: str, rule: str
) -> None:
    claim = merchant.claim()

    assert merchant.confirm(claim, **changes)["PCD_PAY_CODE"] == code
    assert merchant.last_rule() == rule
    assert merchant.confirm(claim)["PCD_PAY_RST"] == "success"


def test_tokens_are_no_raw_keys(merchant: Merchant) -> None:
    ticket, claim = merchant.authenticate(), merchant.claim()

    answer = merchant.confirm(claim, PCD_CST_ID=ticket["cst_id"], PCD_CUST_KEY=ticket["custKey"])

    assert answer["PCD_PAY_RST"] == "error"


def test_keys_of_two_payments_do_not_mix(merchant: Merchant) -> None:
    cheap, dear = merchant.claim(), merchant.claim(PCD_PAY_TOTAL="90000")

    answer = merchant.confirm(cheap, PCD_PAY_REQKEY=dear["PCD_PAY_REQKEY"])

    assert answer["PCD_PAY_CODE"] == "CBIL0001"


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("card", "/php/PayConfirmAct.php?ACT_=PAYM"),
        ("transfer", "/php/PayCardConfirmAct.php?ACT_=PAYM"),
        ("card", "/php/PayCardConfirmAct.php"),
        ("card", "/php/PayCardConfirmAct.php?ACT_=OTHER"),
    ],
)
def test_the_confirm_goes_to_the_address_of_the_result(merchant: Merchant, method: str, url: str) -> None:
    """AUTH0008."""
    claim = merchant.claim(PCD_PAY_TYPE=method)

    assert merchant.confirm(claim, url)["PCD_PAY_CODE"] == "AUTH0008"
    assert merchant.confirm(claim)["PCD_PAY_RST"] == "success"


def test_ten_minutes_after_the_result_it_is_too_late(merchant: Merchant) -> None:
    """PCCFD001; an unconfirmed authentication never charges."""
    claim = merchant.claim()
    merchant.order("POST", "/clock", {"advance": 601})

    assert merchant.confirm(claim)["PCD_PAY_CODE"] == "PCCFD001"
    assert merchant.payment(claim["PCD_PAY_OID"])["state"] == "expired"


def test_the_deadline_is_a_policy(merchant: Merchant) -> None:
    merchant.order("POST", "/policy", {"confirm_minutes": 30})
    claim = merchant.claim()
    merchant.order("POST", "/clock", {"advance": 29 * 60})

    assert merchant.confirm(claim)["PCD_PAY_RST"] == "success"


def test_a_number_completed_elsewhere_is_refused_at_the_confirm(merchant: Merchant) -> None:
    """The first completed payment wins."""
    first, second = merchant.claim(PCD_PAY_OID="ONE"), merchant.claim(PCD_PAY_OID="ONE")
    merchant.confirm(first)

    assert merchant.confirm(second)["PCD_PAY_CODE"] == "CPCA0201"


@pytest.mark.parametrize(
    ("method", "scenario", "code"),
    [("card", "limit", "3112"), ("card", "balance", "3133"), ("transfer", "bank_maintenance", "CPAY9998")],
)
def test_what_the_issuer_refuses_is_refused_by_the_confirm(
    merchant: Merchant, method: str, scenario: str, code: str
) -> None:
    claim = merchant.claim(scenario, PCD_PAY_TYPE=method)
    assert claim["PCD_PAY_RST"] == "success"

    answer = merchant.confirm(claim)

    assert (answer["PCD_PAY_RST"], answer["PCD_PAY_CODE"]) == ("error", code)
    assert merchant.payment(claim["PCD_PAY_OID"])["state"] == "declined"


@pytest.mark.parametrize(("scenario", "state"), [("lost_paid", "approved"), ("lost_unpaid", "declined")])
def test_a_lost_answer_is_a_closed_connection(merchant: Merchant, scenario: str, state: str) -> None:
    """The effect was there first: only the inquiry can tell."""
    claim = merchant.claim(scenario)

    with pytest.raises(requests.ConnectionError):
        merchant.confirm(claim)

    assert merchant.payment(claim["PCD_PAY_OID"])["state"] == state
    found = merchant.inquire(claim["PCD_PAY_OID"])["PCD_PAY_RST"]
    assert found == ("success" if state == "approved" else "error")


@pytest.mark.parametrize(("scenario", "found"), [("unknown_paid", "success"), ("unknown_unpaid", "error")])
def test_an_unknown_outcome_is_resolved_by_the_inquiry(merchant: Merchant, scenario: str, found: str) -> None:
    claim = merchant.claim(scenario, PCD_PAY_TYPE="transfer")

    assert merchant.confirm(claim)["PCD_PAY_CODE"] == "CPAY0018"
    assert merchant.inquire(claim["PCD_PAY_OID"], "transfer")["PCD_PAY_RST"] == found


@pytest.mark.parametrize("body", [b"", b"[1]", b"{", b"\x00", b'{"PCD_CST_ID": "test", "PCD_CUST_KEY": null}'])
def test_a_body_of_any_kind_is_refused_in_json(merchant: Merchant, body: bytes) -> None:
    response = merchant.session.post(f"{SIMULATOR}/php/PayCardConfirmAct.php?ACT_=PAYM", data=body)

    assert (response.status_code, response.json()["PCD_PAY_RST"]) == (200, "error")
