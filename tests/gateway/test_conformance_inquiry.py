"""The inquiry: what became of a payment."""

from uuid import uuid4

import pytest

from tests.gateway.merchant import INQUIRY, REPAY, Fields, Merchant

NOT_FOUND = {"card": "CBIL0003", "transfer": "BILL0003"}


# 결제결과 조회 API.
@pytest.mark.parametrize("method", ["card", "transfer"])
def test_the_inquiry_tells_what_the_confirm_told(merchant: Merchant, method: str) -> None:
    """PCHK000, with three zeros; merchants may leave the type out. Before the confirm there is none: our choice."""
    claim = merchant.claim(PCD_PAY_TYPE=method)
    assert merchant.inquire(claim["PCD_PAY_OID"], method)["PCD_PAY_CODE"] == NOT_FOUND[method]
    confirmed = merchant.confirm(claim)

    found = merchant.inquire(confirmed["PCD_PAY_OID"], method)

    assert merchant.inquire(confirmed["PCD_PAY_OID"], PCD_PAY_TYPE="") == found
    assert (found["PCD_PAY_RST"], found["PCD_PAY_CODE"], found["PCD_PAY_STATE"]) == ("success", "PCHK000", "1")
    ignored = {"PCD_PAY_CODE", "PCD_PAY_MSG", "PCD_PAY_REQKEY"}
    assert {name: value for name, value in confirmed.items() if name not in ignored}.items() <= found.items()


@pytest.mark.parametrize(
    "question", [{"PCD_PAY_DATE": "20200101"}, {"PCD_PAY_TYPE": "transfer"}, {"PCD_PAY_OID": "OTHER"}]
)
def test_number_method_and_date_must_all_fit(merchant: Merchant, question: Fields) -> None:
    assert merchant.inquire(merchant.paid()["PCD_PAY_OID"], **question)["PCD_PAY_RST"] == "error"
    merchant.broke("payment_unknown")


def test_the_date_is_that_of_the_approval_in_korea(merchant: Merchant) -> None:
    merchant.advance(3 * 24 * 3600)
    paid = merchant.paid()

    assert merchant.inquire(paid["PCD_PAY_OID"])["PCD_PAY_RST"] == "error"
    assert merchant.inquire(paid["PCD_PAY_OID"], date=paid["PCD_PAY_TIME"][:8])["PCD_PAY_RST"] == "success"


def test_one_authentication_serves_many_inquiries_for_thirty_minutes(merchant: Merchant) -> None:
    url, question = merchant.prepare(INQUIRY, **merchant.question(merchant.paid()["PCD_PAY_OID"]))

    assert [merchant.post(url, question)["PCD_PAY_RST"] for _ in range(3)] == ["success"] * 3
    merchant.advance(1801)
    assert merchant.post(url, question)["PCD_PAY_CODE"] == "CBIL0002"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"PCD_AUTH_KEY": "made up"}, "CBIL0002"),
        ({"PCD_CUST_KEY": "abcd1234567891"}, "CBIL0002"),
        ({"PCD_AUTH_KEY": "made up", "PCD_PAY_TYPE": "transfer"}, "SPAY0001"),
        ({"PCD_PAYCHK_FLAG": ""}, "CPCA0002"),
        ({"PCD_PAY_TYPE": "coin"}, "CPCA9997"),
        ({"PCD_PAY_DATE": ""}, "CPCA0002"),
    ],
)
def test_a_wrong_question_is_refused(merchant: Merchant, changes: Fields, code: str) -> None:
    assert merchant.inquire("NEVER_PAID", **changes)["PCD_PAY_CODE"] == code


# Official samples.
@pytest.mark.parametrize("names", [("cst_id",), ("cust_key",), ("cst_id", "cust_key")])
@pytest.mark.parametrize(
    ("flags", "fields"),
    [
        (INQUIRY, INQUIRY),
        ({"PCD_PAY_WORK": "TSREG"}, {}),
        ({"PCD_PAY_WORK": "PUSERINFO"}, {}),
        ({"PCD_SIMPLE_FLAG": "Y"}, REPAY | {"PCD_SIMPLE_FLAG": "Y", "PCD_PAY_OID": ""}),
    ],
)
def test_raw_keys_beside_an_auth_key_are_taken(
    merchant: Merchant, names: tuple[str, ...], flags: Fields, fields: Fields
) -> None:
    paid = merchant.paid(PCD_PAY_TYPE="transfer")
    known = {name: paid[name] for name in ("PCD_PAY_TYPE", "PCD_PAYER_ID", "PCD_PAY_OID")}
    known |= {"PCD_PAY_DATE": paid["PCD_PAY_TIME"][:8]}
    raw = {f"PCD_{name.upper()}": getattr(merchant, name) for name in names}

    assert merchant.call(flags, **known | fields | raw)["PCD_PAY_RST"] == "success"


# 응답코드.
@pytest.mark.parametrize(("method", "code"), NOT_FOUND.items())
def test_a_number_that_nobody_has_paid_is_not_found(merchant: Merchant, method: str, code: str) -> None:
    """Needs no payer."""
    merchant.refused(merchant.inquire(f"NEVER{uuid4().hex[:20]}", method), code, "payment_unknown")
