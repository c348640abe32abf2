"""The CERT confirm: the one request of a merchant that charges."""

import json

import pytest

from tests.gateway.merchant import Fields, Merchant

NEWER = "/api/v1/payments/cards/approval/confirm"


# Quick guide, CERT.
@pytest.mark.parametrize(("method", "code"), [("card", "PCCF0000"), ("transfer", "0000")])
def test_a_confirm_charges_what_the_window_was_opened_with(merchant: Merchant, method: str, code: str) -> None:
    """The request names no amount."""
    claim = merchant.claim(PCD_PAY_TYPE=method, PCD_PAY_TOTAL="15400")

    answer = merchant.confirm(claim)

    assert (answer["PCD_PAY_RST"], answer["PCD_PAY_CODE"]) == ("success", code)
    assert (answer["PCD_PAY_OID"], answer["PCD_PAY_TYPE"]) == (claim["PCD_PAY_OID"], method)
    assert (answer["PCD_PAY_TOTAL"], answer["PCD_PAY_AMOUNT_REAL"]) == ("15400", "15400")
    payment = merchant.payment(claim["PCD_PAY_OID"])
    assert (payment["state"], payment["total"], bool(payment["paid_at"])) == ("approved", 15400, True)


@pytest.mark.parametrize(
    ("changes", "code", "rule"),
    [
        ({"PCD_PAY_REQKEY": ""}, "CBIL0003", "request_key_unknown"),
        ({"PCD_AUTH_KEY": "made up"}, "CBIL0001", "result_key_wrong"),
        ({"PCD_PAYER_ID": "made up"}, "CBIL0001", "result_key_wrong"),
    ],
)
def test_a_wrong_confirm_leaves_the_right_one_alive(merchant: Merchant, changes: Fields, code: str, rule: str) -> None:
    claim = merchant.claim()

    merchant.refused(merchant.confirm(claim, **changes), code, rule)
    assert merchant.confirm(claim)["PCD_PAY_RST"] == "success"


def test_keys_of_two_payments_do_not_mix(merchant: Merchant) -> None:
    cheap, dear = merchant.claim(), merchant.claim(PCD_PAY_TOTAL="90000")

    assert merchant.confirm(cheap, PCD_PAY_REQKEY=dear["PCD_PAY_REQKEY"])["PCD_PAY_CODE"] == "CBIL0001"


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("card", "/php/PayConfirmAct.php?ACT_=PAYM"),
        ("transfer", "/php/PayCardConfirmAct.php?ACT_=PAYM"),
        ("transfer", NEWER),
    ],
)
def test_the_confirm_goes_to_the_address_of_the_result(merchant: Merchant, method: str, url: str) -> None:
    claim = merchant.claim(PCD_PAY_TYPE=method)

    merchant.refused(merchant.confirm(claim, url), "AUTH0008", "confirm_url_wrong")
    assert merchant.confirm(claim)["PCD_PAY_RST"] == "success"


def test_a_confirmed_card_has_a_sales_slip_at_an_unguessable_address(merchant: Merchant) -> None:
    paid = merchant.confirmed()

    assert paid["PCD_PAY_CARDAUTHNO"] in merchant.session.get(paid["PCD_PAY_CARDRECEIPT"]).text
    assert merchant.session.get(f"{merchant.origin}/slip/guess").status_code == 404


# 응답코드.
@pytest.mark.parametrize(
    ("path", "keys", "code", "rule"),
    [
        ("PayCardConfirmAct", {"PCD_CST_ID": "nobody"}, "AUTH0003", "confirm_partner_unknown"),
        ("PayCardConfirmAct", {"PCD_CUST_KEY": "wrong"}, "AUTH0002", "confirm_cust_key_wrong"),
        ("PayCardConfirmAct", {}, "CBIL0003", "request_key_unknown"),
        ("PayConfirmAct", {}, "BILL0003", "request_key_unknown"),
    ],
)
def test_made_up_keys_charge_nothing(merchant: Merchant, path: str, keys: Fields, code: str, rule: str) -> None:
    """Needs no payer."""
    made_up = dict.fromkeys(("PCD_AUTH_KEY", "PCD_PAY_REQKEY", "PCD_PAYER_ID"), "bWFkZSB1cA==")

    merchant.refused(merchant.confirm(made_up, f"/php/{path}.php?ACT_=PAYM", **keys), code, rule)


def test_ten_minutes_after_the_result_it_is_too_late(merchant: Merchant) -> None:
    claim = merchant.claim()
    merchant.advance(601)

    merchant.refused(merchant.confirm(claim), "PCCFD001", "confirm_too_late")
    assert merchant.payment(claim["PCD_PAY_OID"])["state"] == "expired"


# Official samples.
@pytest.mark.parametrize("version", ["01", "02"])
def test_every_card_is_confirmed_at_the_newer_address_which_an_app_card_names(merchant: Merchant, version: str) -> None:
    claim = merchant.claim(PCD_CARD_VER=version)

    assert claim["PCD_PAY_COFURL"].endswith(NEWER) == claim["PCD_PAY_URL"].endswith(NEWER) == (version == "02")
    assert merchant.confirm(claim, NEWER)["PCD_PAY_CODE"] == "PCCF0000"


def test_json_under_a_form_content_type_is_read_as_json(merchant: Merchant) -> None:
    claim = merchant.claim()
    body = json.dumps(merchant.confirm_fields(claim)).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}

    answer = merchant.session.post(claim["PCD_PAY_COFURL"], data=body, headers=headers)

    assert answer.json()["PCD_PAY_CODE"] == "PCCF0000"


# Quick guide 3-3.
def test_a_number_completed_elsewhere_is_refused_at_the_confirm(merchant: Merchant) -> None:
    first, second = merchant.claim(PCD_PAY_OID="ONE"), merchant.claim(PCD_PAY_OID="ONE")
    merchant.confirm(first)

    assert merchant.confirm(second)["PCD_PAY_CODE"] == "CPCA0201"


# Undocumented: our choice.
@pytest.mark.parametrize(("method", "code"), [("card", "CBIL0003"), ("transfer", "BILL0003")])
def test_a_second_confirm_of_one_key_is_refused_and_charges_nothing(merchant: Merchant, method: str, code: str) -> None:
    claim = merchant.claim(PCD_PAY_TYPE=method)
    merchant.confirm(claim)

    merchant.refused(merchant.confirm(claim), code, "request_key_used")
    assert merchant.charges() == 1
