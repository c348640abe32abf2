"""Billing keys: lookup, deletion, and paying again from server to server, once or every month."""

import pytest

from tests.gateway.merchant import REGISTRATION, REPAY, Fields, Merchant

METHODS = ("card", "transfer")
MONTHLY = "PCD_REGULER_FLAG"
MONTH = {MONTHLY: "Y", "PCD_PAY_YEAR": "2026", "PCD_PAY_MONTH": "11"}
PERSON = {"PCD_PAYER_NO": "77", "PCD_PAYER_NAME": "홍길동", "PCD_PAYER_HP": "01012345678"}
TWICE = {"card": "RPCD0015", "transfer": "CPAY0202"}


@pytest.fixture(params=METHODS)
def registered(request: pytest.FixtureRequest, merchant: Merchant) -> Fields:
    """A payment of each method; its PCD_PAYER_ID can pay again."""
    return merchant.paid(PCD_PAY_TYPE=request.param, **PERSON)


def again(merchant: Merchant, registered: Fields, **changes: str) -> Fields:
    return merchant.repay(registered["PCD_PAYER_ID"], registered["PCD_PAY_TYPE"], **changes)


# 응답코드.
@pytest.mark.parametrize(
    ("changes", "codes", "rule"),
    [
        ({"PCD_PAYER_ID": ""}, ("SPCD0001", "RPCD0001", "SPAY0005"), "key_missing"),
        ({"PCD_PAY_GOODS": ""}, ("SPCD0003", "RPCD0003", "SPAY0019"), "repay_goods_missing"),
        ({"PCD_PAY_TOTAL": "x"}, ("SPCD9998", "RPCD9998", "SPAY0019"), "repay_malformed"),
        ({"PCD_PAY_TOTAL": "0"}, ("SPCD0002", "RPCD0002", "SPAY0019"), "repay_amount_low"),
        ({"PCD_PAY_TAXTOTAL": "2000"}, ("SPCD9998", "RPCD9998", "SPAY0019"), "repay_malformed"),
        ({"PCD_SIMPLE_FLAG": "", MONTHLY: ""}, ("SPCD9998", "RPCD9998", "SPAY0019"), "repay_flag_missing"),
        ({"PCD_AUTH_KEY": "made up"}, ("SPCD0004", "RPCD0006", "SPAY0001"), "token_unknown"),
        ({"PCD_PAY_OID": "x" * 256}, ("cpc0034", "cpc0034", "cpc0034"), "field_too_long"),
    ],
)
@pytest.mark.parametrize(("flag", "month"), [("PCD_SIMPLE_FLAG", {}), (MONTHLY, MONTH)])
def test_a_wrong_request_is_refused_and_charges_nothing(
    merchant: Merchant, registered: Fields, flag: str, month: Fields, changes: Fields, codes: tuple[str, ...], rule: str
) -> None:
    """The codes are for a card, a monthly card and a transfer."""
    method = registered["PCD_PAY_TYPE"]
    flags = {"PCD_PAY_TYPE": method, flag: "Y"}

    answer = merchant.call(flags, **flags | REPAY | {"PCD_PAYER_ID": registered["PCD_PAYER_ID"]} | month | changes)

    card, monthly_card, transfer = codes
    by_card = monthly_card if month else card
    merchant.refused(answer, by_card if method == "card" else transfer, rule)
    assert len(merchant.payments()) == 1


def test_a_number_pays_once(merchant: Merchant, registered: Fields) -> None:
    code = {"card": "SPCD0014", "transfer": "CPAY0202"}[registered["PCD_PAY_TYPE"]]

    merchant.refused(again(merchant, registered, PCD_PAY_OID=registered["PCD_PAY_OID"]), code, "repay_duplicate")
    assert len(merchant.payments()) == 1


def test_cards_pay_at_least_100_won(merchant: Merchant) -> None:
    paid = merchant.paid()

    assert again(merchant, paid, amount="99")["PCD_PAY_CODE"] == "SPCD0002"
    assert again(merchant, paid, amount="100")["PCD_PAY_RST"] == "success"


@pytest.mark.parametrize(("method", "code"), [("card", "SPCD0012"), ("transfer", "SPAY0005")])
def test_a_key_of_the_other_method_does_not_pay(merchant: Merchant, method: str, code: str) -> None:
    other = merchant.paid(PCD_PAY_TYPE="transfer" if method == "card" else "card")

    merchant.refused(merchant.repay(other["PCD_PAYER_ID"], method), code, "key_of_other_method")


@pytest.mark.parametrize(
    ("flag", "act"), [(MONTHLY, "RePay"), ("PCD_SIMPLE_FLAG", "RePay"), ("PCD_SIMPLE_FLAG", "SimplePay")]
)
def test_a_key_pays_once_a_month_unless_that_month_was_refunded(
    merchant: Merchant, registered: Fields, flag: str, act: str
) -> None:
    """The flag of the request guards the month, with either authentication and at both addresses."""
    method = registered["PCD_PAY_TYPE"]
    path = f"/php/{act}{'Card' if method == 'card' else ''}Act.php?ACT_=PAYM"

    def pay(**changes: str) -> Fields:
        fields = REPAY | MONTH | {"PCD_PAY_TYPE": method, "PCD_PAYER_ID": registered["PCD_PAYER_ID"]} | changes
        return merchant.post(path, merchant.prepare({"PCD_PAY_TYPE": method, flag: "Y"}, **fields)[1])

    first = pay()

    assert (first["PCD_PAY_RST"], first["PCD_PAY_YEAR"], first["PCD_PAY_MONTH"]) == ("success", "2026", "11")
    assert pay()["PCD_PAY_CODE"] == TWICE[method]
    merchant.broke("repay_twice_a_month")
    assert pay(PCD_PAY_MONTH="12")["PCD_PAY_RST"] == "success"
    assert pay(PCD_PAY_MONTH="9")["PCD_PAY_MONTH"] == "9"  # as the forms of official samples have it
    assert pay(PCD_PAY_MONTH="09")["PCD_PAY_CODE"] == TWICE[method]
    merchant.cancel(first)
    assert pay()["PCD_PAY_RST"] == "success"


@pytest.mark.parametrize(
    ("changes", "card", "rule"),
    [
        ({"PCD_PAY_YEAR": "26"}, "RPCD0004", "repay_year_wrong"),
        ({"PCD_PAY_MONTH": "13"}, "RPCD0005", "repay_month_wrong"),
        ({"PCD_PAY_MONTH": "0"}, "RPCD0005", "repay_month_wrong"),
    ],
)
def test_year_and_month_are_those_of_a_calendar(
    merchant: Merchant, registered: Fields, changes: Fields, card: str, rule: str
) -> None:
    code = {"card": card, "transfer": "SPAY0019"}[registered["PCD_PAY_TYPE"]]

    merchant.refused(again(merchant, registered, flag=MONTHLY, **MONTH | changes), code, rule)
    assert merchant.claim(**MONTH | changes)["PCD_PAY_RST"] == "error"


@pytest.mark.parametrize("method", METHODS)
def test_a_key_pays_a_month_once_in_the_window_too(merchant: Merchant, method: str) -> None:
    """In the window, by a confirm and from server to server."""
    wishes = {"PCD_PAY_TYPE": method, **MONTH}
    first, second = merchant.claim(**wishes), merchant.claim(**wishes)
    merchant.confirm(first)

    answers = [merchant.confirm(second), merchant.claim(**wishes), merchant.paid(**wishes)]
    answers.append(again(merchant, first, flag=MONTHLY, **MONTH))

    assert [answer["PCD_PAY_CODE"] for answer in answers] == [TWICE[method]] * 4
    assert merchant.paid(**wishes | {"PCD_PAY_MONTH": "12"})["PCD_PAY_RST"] == "success"


@pytest.mark.parametrize("month", [MONTH, {MONTHLY: "Y"}])
def test_a_registration_pays_no_month(merchant: Merchant, month: Fields) -> None:
    paid = merchant.paid(**MONTH)

    registered = merchant.claim(**REGISTRATION | month)

    assert (registered["PCD_PAY_RST"], registered["PCD_PAYER_ID"]) == ("success", paid["PCD_PAYER_ID"])


# 등록 조회·해지 API.
def test_a_key_is_found_with_its_masked_instrument_even_after_a_refund(merchant: Merchant, registered: Fields) -> None:
    merchant.cancel(registered)

    found = merchant.key("PUSERINFO", registered["PCD_PAYER_ID"])

    assert (found["PCD_PAY_RST"], found["PCD_PAY_CODE"], found["PCD_PAY_MSG"]) == ("success", "0000", "회원조회 성공")
    assert (found["PCD_PAY_TYPE"], found["PCD_PAY_WORK"]) == (registered["PCD_PAY_TYPE"], "PUSERINFO")
    assert (found["PCD_PAY_BANKACCTYPE"], found["PCD_PAYER_NAME"]) == ("개인", "홍길동")
    assert found["PCD_PAYER_HP"] == "010-****-5678"
    shown = {"card": ("CARDNAME", "CARDNUM"), "transfer": ("BANKNAME", "BANKNUM")}[registered["PCD_PAY_TYPE"]]
    assert {found[f"PCD_PAY_{name}"] for name in shown} == {registered[f"PCD_PAY_{name}"] for name in shown}


def test_a_deleted_key_is_neither_found_nor_pays(merchant: Merchant, registered: Fields) -> None:
    payer_id = registered["PCD_PAYER_ID"]

    done = merchant.key("PUSERDEL", payer_id)

    assert (done["PCD_PAY_RST"], done["PCD_PAY_CODE"], done["PCD_PAY_WORK"]) == ("success", "TSDL0000", "PUSERDEL")
    assert done["PCD_PAY_MSG"] == {"card": "카드해지완료", "transfer": "계좌해지완료"}[registered["PCD_PAY_TYPE"]]
    assert (done["PCD_PAYER_ID"], done["PCD_PAYER_NO"]) == (payer_id, "77")
    for answer in (merchant.key("PUSERINFO", payer_id), merchant.key("PUSERDEL", payer_id)):
        assert answer["PCD_PAY_RST"] == "error"
    assert again(merchant, registered)["PCD_PAY_RST"] == "error"
    merchant.broke("key_unknown")


@pytest.mark.parametrize(("payer_id", "rule"), [("", "key_missing"), ("bWFkZSB1cA==", "key_unknown")])
@pytest.mark.parametrize("work", ["PUSERINFO", "PUSERDEL"])
def test_a_key_must_be_known(merchant: Merchant, work: str, payer_id: str, rule: str) -> None:
    """Needs no payer."""
    assert merchant.key(work, payer_id)["PCD_PAY_RST"] == "error"
    merchant.broke(rule)
    for method, code in (("card", "SPCD0011"), ("transfer", "SPAY0005")):
        if payer_id:
            merchant.refused(merchant.repay(payer_id, method), code, rule)


# Quick guide, 빌링키 결제.
def test_a_payment_by_key_is_found_and_refunded_like_one_of_the_window(merchant: Merchant, registered: Fields) -> None:
    method = registered["PCD_PAY_TYPE"]

    done = again(merchant, registered, amount="5000", PCD_PAY_OID="AGAIN")

    code, message = {"card": ("SPCD0000", "카드결제완료"), "transfer": ("0000", "출금이체완료")}[method]
    assert (done["PCD_PAY_RST"], done["PCD_PAY_CODE"], done["PCD_PAY_MSG"]) == ("success", code, message)
    assert (done["PCD_PAY_OID"], done["PCD_PAY_TOTAL"], done["PCD_PAY_TAXTOTAL"]) == ("AGAIN", "5000", "455")
    assert (done["PCD_PAYER_ID"], done["PCD_SIMPLE_FLAG"]) == (registered["PCD_PAYER_ID"], "Y")
    assert done["PCD_PAYER_NAME"] == "홍길동"
    assert merchant.inquire("AGAIN", method)["PCD_PAY_RST"] == "success"
    numbered_by_itself = again(merchant, registered)["PCD_PAY_OID"]
    assert merchant.payment(numbered_by_itself)["state"] == "approved"
    assert merchant.cancel(done, 1000)["PCD_PAY_RST"] == "success"


# Official samples.
@pytest.mark.parametrize("kind", ["json", "data"])
def test_an_amount_may_be_a_number_and_the_request_a_form(merchant: Merchant, kind: str) -> None:
    flags = {"PCD_PAY_TYPE": "card", "PCD_SIMPLE_FLAG": "Y"}
    url, sent = merchant.prepare(flags, **flags | REPAY | {"PCD_PAYER_ID": merchant.paid()["PCD_PAYER_ID"]})

    answer = merchant.session.post(url, **{kind: sent | {"PCD_PAY_TOTAL": 1000}}).json()  # type: ignore[arg-type]

    assert (answer["PCD_PAY_RST"], answer["PCD_PAY_TOTAL"]) == ("success", "1000")


def test_a_receipt_comes_with_a_transfer(merchant: Merchant) -> None:
    wish = {"PCD_TAXSAVE_FLAG": "Y", "PCD_TAXSAVE_TRADE": "company", "PCD_TAXSAVE_IDNUM": "1234567890"}

    done = again(merchant, merchant.paid(PCD_PAY_TYPE="transfer"), **wish)

    assert done["PCD_TAXSAVE_RST"] == "Y"
    assert merchant.cash_receipt(done) == ("issued", 1000)
    assert "1234567890" not in str(merchant.ledger())


@pytest.mark.parametrize("method", METHODS)
def test_the_month_of_a_window_comes_back_in_every_answer(merchant: Merchant, method: str) -> None:
    claim = merchant.claim(PCD_PAY_TYPE=method, **MONTH)
    confirmed = merchant.confirm(claim)
    found = merchant.inquire(claim["PCD_PAY_OID"], method)

    for answer in (claim, confirmed, found, merchant.cancel(confirmed)):
        assert MONTH.items() <= answer.items()
