"""The inquiry: what became of a payment."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tests.gateway.merchant import Merchant


def paid(merchant: Merchant, **wishes: str) -> dict[str, str]:
    """The confirm's answer of a fresh payment."""
    return merchant.confirm(merchant.claim(**wishes))


@pytest.mark.parametrize("method", ["card", "transfer"])
def test_the_inquiry_tells_what_the_confirm_told(merchant: Merchant, method: str) -> None:
    """PCHK000, with three zeros, as the documents print it (결제결과 조회 API)."""
    confirmed = paid(merchant, PCD_PAY_TYPE=method)

    found = merchant.inquire(confirmed["PCD_PAY_OID"], method)

    assert (found["PCD_PAY_RST"], found["PCD_PAY_CODE"], found["PCD_PAY_STATE"]) == ("success", "PCHK000", "1")
    ignored = {"PCD_PAY_CODE", "PCD_PAY_MSG", "PCD_PAY_REQKEY"}
    assert {name: value for name, value in confirmed.items() if name not in ignored}.items() <= found.items()


@pytest.mark.parametrize("method", ["card", "transfer"])
def test_without_a_method_the_number_finds_it(merchant: Merchant, method: str) -> None:
    """PCD_PAY_TYPE may be left out (official samples)."""
    confirmed = paid(merchant, PCD_PAY_TYPE=method)

    found = merchant.inquire(confirmed["PCD_PAY_OID"], method="")

    assert (found["PCD_PAY_RST"], found["PCD_PAY_TYPE"]) == ("success", method)


def test_a_payment_of_the_window_is_found_too(merchant: Merchant) -> None:
    """PAY and CERT alike (결제결과 조회 API)."""
    claim = merchant.claim(PCD_PAY_WORK="PAY")

    assert merchant.inquire(claim["PCD_PAY_OID"])["PCD_PAY_TOTAL"] == "1000"


@pytest.mark.parametrize(("method", "code"), [("card", "CBIL0003"), ("transfer", "BILL0003")])
def test_an_unconfirmed_authentication_is_no_payment(merchant: Merchant, method: str, code: str) -> None:
    """Nothing was charged, so nothing is found (undocumented: our choice)."""
    claim = merchant.claim(PCD_PAY_TYPE=method)

    assert merchant.inquire(claim["PCD_PAY_OID"], method)["PCD_PAY_CODE"] == code


@pytest.mark.parametrize(("method", "code"), [("card", "CBIL0003"), ("transfer", "BILL0003")])
def test_a_number_that_nobody_has_paid_is_not_found(merchant: Merchant, method: str, code: str) -> None:
    """An error, not an empty success; needs no payer, so it can be tried anywhere (응답코드)."""
    answer = merchant.inquire(f"NEVER{uuid4().hex[:20]}", method)

    assert (answer["PCD_PAY_RST"], answer["PCD_PAY_CODE"]) == ("error", code)
    merchant.broke("payment_unknown")


@pytest.mark.parametrize(
    "question", [{"PCD_PAY_DATE": "20200101"}, {"PCD_PAY_TYPE": "transfer"}, {"PCD_PAY_OID": "OTHER"}]
)
def test_number_method_and_date_must_all_fit(merchant: Merchant, question: dict[str, str]) -> None:
    """PCD_PAY_OID, PCD_PAY_TYPE and PCD_PAY_DATE find a payment (결제결과 조회 API)."""
    oid = paid(merchant)["PCD_PAY_OID"]

    assert merchant.inquire(oid, **{"PCD_PAY_TYPE": "card"} | question)["PCD_PAY_RST"] == "error"
    merchant.broke("payment_unknown")


def test_the_date_is_the_approvals_in_korea(merchant: Merchant) -> None:
    """First eight digits of PCD_PAY_TIME, whatever the day is by now (결제결과 조회 API)."""
    merchant.order("POST", "/clock", {"advance": 3 * 24 * 3600})
    confirmed = paid(merchant)

    assert merchant.inquire(confirmed["PCD_PAY_OID"])["PCD_PAY_RST"] == "error"
    date = confirmed["PCD_PAY_TIME"][:8]
    assert merchant.inquire(confirmed["PCD_PAY_OID"], date=date)["PCD_PAY_RST"] == "success"


def test_one_authentication_may_serve_many_inquiries(merchant: Merchant) -> None:
    """The documented exception to one authentication, one request; for thirty minutes (결제결과 조회 API)."""
    oid = paid(merchant)["PCD_PAY_OID"]
    ticket = merchant.authenticate(PCD_PAYCHK_FLAG="Y")
    ask = merchant.question(ticket, oid)

    assert [merchant.post(ticket["return_url"], ask)["PCD_PAY_RST"] for _ in range(3)] == ["success"] * 3
    merchant.order("POST", "/clock", {"advance": 1801})
    assert merchant.post(ticket["return_url"], ask)["PCD_PAY_CODE"] == "CBIL0002"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"PCD_AUTH_KEY": "made up"}, "CBIL0002"),
        ({"PCD_CST_ID": "other"}, "CBIL0002"),
        ({"PCD_CUST_KEY": "abcd1234567891"}, "CBIL0002"),
        ({"PCD_AUTH_KEY": "made up", "PCD_PAY_TYPE": "transfer"}, "SPAY0001"),
        ({"PCD_PAYCHK_FLAG": ""}, "CPCA0002"),
        ({"PCD_PAY_TYPE": "coin"}, "CPCA9997"),
        ({"PCD_PAY_DATE": ""}, "CPCA0002"),
    ],
)
def test_a_wrong_question_is_refused(merchant: Merchant, changes: dict[str, str], code: str) -> None:
    """Tokens of one authentication, members of an inquiry (결제결과 조회 API; 응답코드)."""
    assert merchant.inquire("NEVER_PAID", **{"method": "card"} | changes)["PCD_PAY_CODE"] == code


@pytest.mark.parametrize("names", [("cst_id",), ("cust_key",), ("cst_id", "cust_key")])
@pytest.mark.parametrize(
    ("flags", "fields"),
    [
        ({"PCD_PAYCHK_FLAG": "Y"}, {"PCD_PAYCHK_FLAG": "Y", "PCD_PAY_TYPE": "transfer"}),
        ({"PCD_PAY_WORK": "TSREG"}, {}),
        ({"PCD_PAY_WORK": "PUSERINFO"}, {}),
        (
            {"PCD_PAY_TYPE": "transfer", "PCD_SIMPLE_FLAG": "Y"},
            {"PCD_PAY_TYPE": "transfer", "PCD_SIMPLE_FLAG": "Y", "PCD_PAY_GOODS": "구독", "PCD_PAY_TOTAL": "1000"},
        ),
    ],
)
def test_raw_keys_beside_an_auth_key_are_taken(
    merchant: Merchant, names: tuple[str, ...], flags: dict[str, str], fields: dict[str, str]
) -> None:
    """The manual takes the keys of the partner or the encoded ones (official samples)."""
    done = merchant.paid(PCD_PAY_TYPE="transfer")
    fields = {"PCD_PAYER_ID": done["PCD_PAYER_ID"], "PCD_PAY_DATE": done["PCD_PAY_TIME"][:8], **fields}
    fields["PCD_PAY_OID"] = "" if "PCD_PAY_TOTAL" in fields else done["PCD_PAY_OID"]
    raw = {f"PCD_{name.upper()}": getattr(merchant, name) for name in names}

    assert merchant.call(flags, **fields | raw)["PCD_PAY_RST"] == "success"
