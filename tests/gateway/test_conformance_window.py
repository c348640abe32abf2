"""The payment window opens, or does not."""

import pytest

from tests.gateway.merchant import PAGE, Fields, Merchant, code_of


# Quick guide 3-3.
def test_one_authentication_opens_one_window_within_thirty_minutes(merchant: Merchant) -> None:
    fast, slow = merchant.fields(), merchant.fields()
    merchant.advance(29 * 60)
    assert merchant.payer.open(fast).amount
    assert code_of(merchant.payer.open(fast)) == "CBIL0002"
    merchant.broke("token_used")
    merchant.advance(61)

    assert code_of(merchant.payer.open(slow)) == "CBIL0002"
    merchant.broke("token_expired")


@pytest.mark.parametrize(
    ("wishes", "code", "rule"),
    [
        ({"PCD_PAY_TYPE": "coin"}, "CPCA9997", "method_unknown"),
        ({"PCD_PAY_WORK": "STEAL"}, "CPCA9997", "work_unknown"),
        ({"PCD_CARD_VER": "07"}, "CPCA9997", "card_version_unknown"),
        ({"PCD_PAY_GOODS": ""}, "CPCA0002", "field_missing"),
        ({"PCD_PAY_GOODS": "", "PCD_PAY_TYPE": "transfer"}, "CPAY0012", "field_missing"),
        ({"PCD_PAY_TOTAL": "999"}, "3213", "amount_below_minimum"),
        ({"PCD_PAY_TOTAL": "1000.5"}, "CPCA0002", "field_malformed"),
        ({"PCD_PAY_TOTAL": "\uff11\uff10\uff10\uff10"}, "CPCA0002", "field_malformed"),
        ({"PCD_PAY_TOTAL": "10000000000"}, "cpc0034", "field_too_long"),
        ({"PCD_PAY_GOODS": "가" * 256}, "cpc0034", "field_too_long"),
        ({"PCD_PAYER_HP": "010 1234 5678"}, "CPCA0002", "field_malformed"),
        ({"PCD_PAYER_NO": "18446744073709551616"}, "CPCA0002", "field_malformed"),
        ({"PCD_PAY_ISTAX": "X"}, "CPCA0002", "field_malformed"),
        ({"PCD_PAY_TAXTOTAL": "1000"}, "CPCA0002", "field_malformed"),
    ],
)
def test_a_wrong_field_opens_no_window(merchant: Merchant, wishes: Fields, code: str, rule: str) -> None:
    assert merchant.refusal(**wishes) == code
    assert merchant.payments() == []
    merchant.broke(rule)


@pytest.mark.parametrize(
    ("wishes", "tax"),
    [
        ({}, "91"),
        ({"PCD_PAY_TAXTOTAL": "0"}, "91"),
        ({"PCD_PAY_TAXTOTAL": "NaN"}, "91"),
        ({"PCD_PAY_ISTAX": "N"}, "0"),
        ({"PCD_PAY_ISTAX": "Y", "PCD_PAY_TAXTOTAL": "35"}, "35"),
    ],
)
def test_vat_is_contained_absent_or_as_sent(merchant: Merchant, wishes: Fields, tax: str) -> None:
    """Blank, 0 and NaN mean that none was given."""
    assert merchant.claim(**wishes)["PCD_PAY_TAXTOTAL"] == tax


def test_a_completed_number_opens_no_second_window(merchant: Merchant) -> None:
    """A number that was merely opened or refused is free."""
    merchant.open(PCD_PAY_OID="ONE")
    merchant.claim("lost_card", PCD_PAY_OID="ONE")
    merchant.paid(PCD_PAY_OID="ONE")

    codes = [merchant.refusal(PCD_PAY_OID="ONE", PCD_PAY_TYPE=method) for method in ("card", "transfer")]

    assert codes == ["CPCA0201", "CPAY0202"]
    merchant.broke("oid_duplicate")


def test_two_open_windows_of_one_number_charge_once(merchant: Merchant) -> None:
    first, second = (merchant.open(PCD_PAY_OID="ONE", PCD_PAY_WORK="PAY") for _ in range(2))

    assert first.approve().delivered["PCD_PAY_RST"] == "success"
    assert second.approve().delivered["PCD_PAY_CODE"] == "CPCA0201"
    assert merchant.charges() == 1


def test_a_number_is_made_up_where_the_merchant_sends_none(merchant: Merchant) -> None:
    claim = merchant.claim(PCD_PAY_OID="")

    assert claim["PCD_PAY_OID"].startswith(merchant.cst_id)
    assert merchant.payment(claim["PCD_PAY_OID"])["state"] == "authenticated"


@pytest.mark.parametrize(("name", "longest"), [("PCD_PAY_GOODS", 50), ("PCD_PAY_OID", 30), ("PCD_PAYER_NO", 18)])
def test_the_newer_window_takes_shorter_values(merchant: Merchant, name: str, longest: int) -> None:
    newer = {"clientKey": merchant.client_key}

    assert merchant.claim(**newer, **{name: "1" * longest})["PCD_PAY_RST"] == "success"
    assert merchant.claim(**newer, **{name: "2" * (longest + 1)})["PCD_PAY_CODE"] == "cpc0034"
    merchant.broke("field_too_long")
    assert merchant.claim(**{name: "3" * (longest + 1)})["PCD_PAY_RST"] == "success"


# Quick guide 3-2.
@pytest.mark.parametrize(
    "page", ["http://127.0.0.1:8000/orders/1", "https://www.localhost/orders/1", "https://evil.example/?localhost"]
)
def test_the_page_is_on_the_host_that_the_authentication_named(merchant: Merchant, page: str) -> None:
    """Hosts are compared with their sub-domains, without scheme and port."""
    assert code_of(merchant.at(page).open(merchant.fields())) == "AUTH0007"
    merchant.broke("referer_differs")
    assert merchant.at("https://localhost:9999/elsewhere").open(merchant.fields()).amount


def test_a_page_or_an_authentication_without_a_referer_opens_no_window(merchant: Merchant) -> None:
    sent = merchant.fields() | {"PCD_HTTP_REFERER": PAGE}
    assert "AUTH0007" in merchant.session.post(sent["PCD_PAY_URL"], data=sent).text
    merchant.broke("referer_missing")

    assert merchant.refusal(PCD_AUTH_KEY=merchant.authenticate(referer=None)["AuthKey"]) == "AUTH0007"
    merchant.broke("auth_referer_missing")


# Official samples.
def test_a_client_key_opens_a_window_on_any_page_without_authentication(merchant: Merchant) -> None:
    claim = (
        merchant.at("https://any.example/pay").open(merchant.fields(clientKey=merchant.client_key)).approve().delivered
    )

    assert merchant.confirm(claim)["PCD_PAY_RST"] == "success"
    assert merchant.refusal(clientKey="test_000") == "AUTH0003"
    merchant.broke("partner_unknown")


# Quick guide 3-5.
def test_a_refused_window_delivers_its_refusal_with_the_fields_of_the_merchant(merchant: Merchant) -> None:
    claim = merchant.claim(PCD_PAY_TOTAL="100", PCD_USER_DEFINE1="mine")

    assert (claim["PCD_PAY_RST"], claim["PCD_PAY_CODE"], claim["PCD_USER_DEFINE1"]) == ("error", "3213", "mine")


# Undocumented: our choice.
@pytest.mark.parametrize(
    ("asked", "rule"), [({"PCD_PAYCHK_FLAG": "Y"}, "token_purpose"), ({"custKey": "wrong"}, "token_unknown")]
)
def test_a_token_for_something_else_opens_no_window(merchant: Merchant, asked: Fields, rule: str) -> None:
    assert merchant.refusal(PCD_AUTH_KEY=merchant.authenticate(**asked)["AuthKey"] or "made up")
    merchant.broke(rule)


def test_the_page_of_a_client_key_is_on_a_registered_domain_or_below_one(merchant: Merchant) -> None:
    merchant.order("POST", "/partners", {"domains": ["shop.example"]})
    fields = merchant.fields(clientKey=merchant.client_key)

    assert code_of(merchant.payer.open(fields)) == "AUTH0007"
    merchant.broke("page_unregistered")
    assert merchant.at("https://www.shop.example/pay").open(fields).amount
