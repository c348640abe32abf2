"""The payment window opens, or does not."""

from __future__ import annotations

import pytest

from tests.gateway.merchant import PAGE, Merchant, code_of


def test_one_authentication_opens_one_window(merchant: Merchant) -> None:
    """The AuthKey is used up by the first request (quick guide 3-3)."""
    fields = merchant.fields()
    merchant.payer.open(fields)

    assert code_of(merchant.payer.open(fields)) == "CBIL0002"
    merchant.broke("token_used")


def test_the_window_must_follow_within_thirty_minutes(merchant: Merchant) -> None:
    """CBIL0002 after half an hour (quick guide 3-3)."""
    fast, slow = merchant.fields(), merchant.fields()
    merchant.order("POST", "/clock", {"advance": 29 * 60})
    assert merchant.payer.open(fast).amount

    merchant.order("POST", "/clock", {"advance": 61})

    assert code_of(merchant.payer.open(slow)) == "CBIL0002"
    merchant.broke("token_expired")


@pytest.mark.parametrize(
    ("ticket", "rule"), [({"PCD_PAYCHK_FLAG": "Y"}, "token_purpose"), ({"custKey": "wrong"}, "token_unknown")]
)
def test_a_token_for_something_else_opens_no_window(merchant: Merchant, ticket: dict[str, str], rule: str) -> None:
    """A token serves the purpose that it was issued for (undocumented: our choice)."""
    auth_key = merchant.authenticate(**ticket)["AuthKey"] or "made up"

    code_of(merchant.payer.open(merchant.fields(PCD_AUTH_KEY=auth_key)))

    merchant.broke(rule)


@pytest.mark.parametrize(
    "page", ["http://127.0.0.1:8000/orders/1", "https://www.localhost/orders/1", "https://evil.example/?localhost"]
)
def test_the_page_is_on_the_host_that_the_authentication_named(merchant: Merchant, page: str) -> None:
    """AUTH0007; hosts are compared with their sub-domains (quick guide 3-2; 응답코드)."""
    assert code_of(merchant.at(page).open(merchant.fields())) == "AUTH0007"
    merchant.broke("referer_differs")


def test_scheme_port_and_path_of_the_referer_do_not_matter(merchant: Merchant) -> None:
    """Only the host counts (undocumented: our choice)."""
    assert merchant.at("https://localhost:9999/elsewhere").open(merchant.fields()).amount


def test_a_page_without_a_referer_opens_no_window(merchant: Merchant) -> None:
    """AUTH0007 for a page that hides its address, Referrer-Policy: no-referrer (quick guide 3-2)."""
    sent = merchant.fields() | {"PCD_HTTP_REFERER": PAGE}

    page = merchant.session.post(sent["PCD_PAY_URL"], data=sent).text

    assert "AUTH0007" in page
    merchant.broke("referer_missing")


def test_an_authentication_without_a_referer_opens_no_window(merchant: Merchant) -> None:
    """AUTH0007 shows at the window, not before (quick guide 3-2)."""
    auth_key = merchant.authenticate(referer=None)["AuthKey"]

    assert code_of(merchant.payer.open(merchant.fields(PCD_AUTH_KEY=auth_key))) == "AUTH0007"
    merchant.broke("auth_referer_missing")


@pytest.mark.parametrize(
    ("wishes", "code", "rule"),
    [
        ({"PCD_PAY_TYPE": "coin"}, "CPCA9997", "method_unknown"),
        ({"PCD_PAY_WORK": "STEAL"}, "CPCA9997", "work_unknown"),
        ({"PCD_CARD_VER": "07"}, "CPCA9997", "card_version_unknown"),
        ({"PCD_PAY_GOODS": ""}, "CPCA0002", "field_missing"),
        ({"PCD_PAY_GOODS": "", "PCD_PAY_TYPE": "transfer"}, "CPAY0012", "field_missing"),
        ({"PCD_PAY_TOTAL": ""}, "CPCA0002", "field_missing"),
        ({"PCD_PAY_TOTAL": "999"}, "3213", "amount_below_minimum"),
        ({"PCD_PAY_TOTAL": "0"}, "3213", "amount_below_minimum"),
        ({"PCD_PAY_TOTAL": "-1000"}, "CPCA0002", "field_malformed"),
        ({"PCD_PAY_TOTAL": "1000.5"}, "CPCA0002", "field_malformed"),
        ({"PCD_PAY_TOTAL": "\uff11\uff10\uff10\uff10"}, "CPCA0002", "field_malformed"),
        ({"PCD_PAY_TOTAL": "10000000000"}, "cpc0034", "field_too_long"),
        ({"PCD_PAY_GOODS": "가" * 256}, "cpc0034", "field_too_long"),
        ({"PCD_PAY_OID": "O" * 256}, "cpc0034", "field_too_long"),
        ({"PCD_PAYER_NAME": "가" * 81}, "cpc0034", "field_too_long"),
        ({"PCD_PAYER_HP": "010 1234 5678"}, "CPCA0002", "field_malformed"),
        ({"PCD_PAYER_NO": "18446744073709551616"}, "CPCA0002", "field_malformed"),
        ({"PCD_PAY_ISTAX": "X"}, "CPCA0002", "field_malformed"),
        ({"PCD_PAY_TAXTOTAL": "1000"}, "CPCA0002", "field_malformed"),
        ({"PCD_PAY_TAXTOTAL": "ten"}, "CPCA0002", "field_malformed"),
    ],
)
def test_a_field_that_breaks_a_documented_rule_is_refused(
    merchant: Merchant, wishes: dict[str, str], code: str, rule: str
) -> None:
    """Choices, required members, lengths, digits, amounts; no payment comes of it (quick guide 3-3; 응답코드)."""
    assert code_of(merchant.payer.open(merchant.fields(**wishes))) == code

    assert merchant.order("GET", "/payments") == []
    merchant.broke(rule)


@pytest.mark.parametrize("tax", ["0", "NaN"])
def test_samples_send_no_vat_in_several_ways(merchant: Merchant, tax: str) -> None:
    """Blank, 0 and NaN all mean that none was given: the gateway computes it (official samples)."""
    assert merchant.claim(PCD_PAY_TAXTOTAL=tax)["PCD_PAY_TAXTOTAL"] == "91"


@pytest.mark.parametrize(
    ("wishes", "tax"),
    [({}, "91"), ({"PCD_PAY_ISTAX": "N"}, "0"), ({"PCD_PAY_ISTAX": "Y", "PCD_PAY_TAXTOTAL": "35"}, "35")],
)
def test_vat_is_contained_absent_or_as_sent(merchant: Merchant, wishes: dict[str, str], tax: str) -> None:
    """PCD_PAY_ISTAX and PCD_PAY_TAXTOTAL: taxable, exempt, mixed (quick guide 3-3)."""
    assert merchant.claim(**wishes)["PCD_PAY_TAXTOTAL"] == tax


def test_a_completed_number_opens_no_second_window(merchant: Merchant) -> None:
    """CPCA0201 and CPAY0202; a number that was merely opened or refused is free (quick guide 3-3; 응답코드)."""
    merchant.payer.open(merchant.fields(PCD_PAY_OID="ONE"))
    merchant.claim("lost_card", PCD_PAY_OID="ONE")
    merchant.claim(PCD_PAY_OID="ONE", PCD_PAY_WORK="PAY")

    again = merchant.payer.open(merchant.fields(PCD_PAY_OID="ONE"))
    transfer = merchant.payer.open(merchant.fields(PCD_PAY_OID="ONE", PCD_PAY_TYPE="transfer"))

    assert (code_of(again), code_of(transfer)) == ("CPCA0201", "CPAY0202")
    merchant.broke("oid_duplicate")


def test_two_open_windows_of_one_number_charge_once(merchant: Merchant) -> None:
    """The first completed payment of a number wins (quick guide 3-3)."""
    first = merchant.payer.open(merchant.fields(PCD_PAY_OID="ONE", PCD_PAY_WORK="PAY"))
    second = merchant.payer.open(merchant.fields(PCD_PAY_OID="ONE", PCD_PAY_WORK="PAY"))

    assert dict(first.approve().result or [])["PCD_PAY_RST"] == "success"
    assert dict(second.approve().result or [])["PCD_PAY_CODE"] == "CPCA0201"
    assert [entry["effect"] for entry in merchant.ledger()].count("charged") == 1


def test_a_number_is_made_up_where_the_merchant_sends_none(merchant: Merchant) -> None:
    """PCD_PAY_OID may be left out (quick guide 3-3)."""
    claim = merchant.claim(PCD_PAY_OID="")

    assert claim["PCD_PAY_OID"].startswith(merchant.cst_id)
    assert merchant.payment(claim["PCD_PAY_OID"])["state"] == "authenticated"


def test_a_client_key_opens_a_window_without_authentication(merchant: Merchant) -> None:
    """The v1 window: no AuthKey, any page for the test clientKey, the same result (official samples)."""
    fields = merchant.fields(PCD_AUTH_KEY="", PCD_PAY_URL="", clientKey=merchant.client_key)

    claim = dict(merchant.at("https://any.example/pay").pay(fields))

    assert claim["PCD_PAY_RST"] == "success"
    assert merchant.confirm(claim)["PCD_PAY_RST"] == "success"


@pytest.mark.parametrize(("name", "longest"), [("PCD_PAY_GOODS", 50), ("PCD_PAY_OID", 30), ("PCD_PAYER_NO", 18)])
def test_the_newer_window_takes_shorter_values(merchant: Merchant, name: str, longest: int) -> None:
    """cpc0034; the AuthKey window keeps the lengths of the quick guide (quick guide 3-3; 응답코드)."""
    newer = {"PCD_AUTH_KEY": "", "PCD_PAY_URL": "", "clientKey": merchant.client_key}

    assert merchant.claim(**newer, **{name: "1" * longest})["PCD_PAY_RST"] == "success"
    assert merchant.claim(**newer, **{name: "2" * (longest + 1)})["PCD_PAY_CODE"] == "cpc0034"
    merchant.broke("field_too_long")
    assert merchant.claim(**{name: "3" * (longest + 1)})["PCD_PAY_RST"] == "success"


def test_a_phone_number_may_have_hyphens(merchant: Merchant) -> None:
    """It comes back as it was sent (official samples)."""
    claim = merchant.claim(PCD_PAYER_HP="010-1234-5678")

    assert (claim["PCD_PAY_RST"], claim["PCD_PAYER_HP"]) == ("success", "010-1234-5678")


def test_an_unknown_client_key_opens_none(merchant: Merchant) -> None:
    """AUTH0003 (응답코드)."""
    fields = merchant.fields(PCD_AUTH_KEY="", PCD_PAY_URL="", clientKey="test_000")

    assert code_of(merchant.payer.open(fields)) == "AUTH0003"
    merchant.broke("partner_unknown")


def test_registered_domains_bind_the_client_key(merchant: Merchant) -> None:
    """Without an authentication, the page itself is compared (undocumented: our choice)."""
    merchant.order("POST", "/partners", {"domains": ["shop.example"]})
    fields = {"clientKey": merchant.client_key, "PCD_PAY_TYPE": "card", "PCD_PAY_WORK": "PAY", "PCD_RST_URL": "/r"}
    fields |= {"PCD_PAY_GOODS": "책", "PCD_PAY_TOTAL": "1000"}

    assert code_of(merchant.payer.open(fields)) == "AUTH0007"
    merchant.broke("page_unregistered")
    assert merchant.at("https://www.shop.example/pay").open(fields).amount


def test_a_refused_window_brings_its_refusal_back(merchant: Merchant) -> None:
    """The merchant hears the code together with what it sent (quick guide 3-5)."""
    claim = merchant.claim(PCD_PAY_TOTAL="100", PCD_USER_DEFINE1="mine")

    assert (claim["PCD_PAY_RST"], claim["PCD_PAY_CODE"], claim["PCD_USER_DEFINE1"]) == ("error", "3213", "mine")
