"""Billing keys: lookup, deletion, and paying again from server to server, once or every month."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.merchant import Merchant

METHODS = ("card", "transfer")
FLAGS = ("PCD_SIMPLE_FLAG", "PCD_REGULER_FLAG")
MONTH = {"PCD_REGULER_FLAG": "Y", "PCD_PAY_YEAR": "2026", "PCD_PAY_MONTH": "11"}


@pytest.fixture(params=METHODS)
def registered(request: pytest.FixtureRequest, merchant: Merchant) -> dict[str, str]:
    """A payment of each method; its PCD_PAYER_ID can pay again."""
    person = {"PCD_PAYER_NO": "77", "PCD_PAYER_NAME": "홍길동", "PCD_PAYER_HP": "01012345678"}
    return merchant.paid(PCD_PAY_TYPE=request.param, **person)


@pytest.mark.parametrize(("method", "code"), [("card", "SPCD0011"), ("transfer", "SPAY0005")])
def test_a_key_that_nobody_has_registered_pays_nothing(merchant: Merchant, method: str, code: str) -> None:
    """Needs no payer, so it can be tried anywhere (응답코드)."""
    answer = merchant.repay("bWFkZSB1cA==", method)

    assert (answer["PCD_PAY_RST"], answer["PCD_PAY_CODE"]) == ("error", code)
    merchant.broke("key_unknown")


class TestLookup:
    """PUSERINFO and PUSERDEL."""

    def test_a_key_is_found(self, merchant: Merchant, registered: dict[str, str]) -> None:
        """Who, and with what; phone, card and account masked (등록 조회·해지 API)."""
        found = merchant.key("PUSERINFO", registered["PCD_PAYER_ID"])

        assert (found["PCD_PAY_RST"], found["PCD_PAY_CODE"], found["PCD_PAY_MSG"]) == (
            "success",
            "0000",
            "회원조회 성공",
        )
        assert (found["PCD_PAY_TYPE"], found["PCD_PAY_WORK"]) == (registered["PCD_PAY_TYPE"], "PUSERINFO")
        assert (found["PCD_PAY_BANKACCTYPE"], found["PCD_PAYER_NAME"]) == ("개인", "홍길동")
        assert found["PCD_PAYER_HP"] == "010-****-5678"
        names = {"card": ("PCD_PAY_CARDNAME", "PCD_PAY_CARDNUM"), "transfer": ("PCD_PAY_BANKNAME", "PCD_PAY_BANKNUM")}
        for name in names[registered["PCD_PAY_TYPE"]]:
            assert found[name] == registered[name]

    def test_a_deleted_key_is_gone(self, merchant: Merchant, registered: dict[str, str]) -> None:
        """It pays no more and is found no more (등록 조회·해지 API)."""
        payer_id, method = registered["PCD_PAYER_ID"], registered["PCD_PAY_TYPE"]

        done = merchant.key("PUSERDEL", payer_id)

        assert (done["PCD_PAY_RST"], done["PCD_PAY_CODE"], done["PCD_PAY_WORK"]) == ("success", "TSDL0000", "PUSERDEL")
        assert done["PCD_PAY_MSG"] == {"card": "카드해지완료", "transfer": "계좌해지완료"}[method]
        assert (done["PCD_PAYER_ID"], done["PCD_PAYER_NO"]) == (payer_id, "77")
        assert merchant.key("PUSERINFO", payer_id)["PCD_PAY_RST"] == "error"
        assert merchant.key("PUSERDEL", payer_id)["PCD_PAY_RST"] == "error"
        assert merchant.repay(payer_id, method)["PCD_PAY_RST"] == "error"
        merchant.broke("key_unknown")

    @pytest.mark.parametrize(("payer_id", "rule"), [("", "key_missing"), ("made up", "key_unknown")])
    @pytest.mark.parametrize("work", ["PUSERINFO", "PUSERDEL"])
    def test_a_key_must_be_known(self, merchant: Merchant, work: str, payer_id: str, rule: str) -> None:
        """PCD_PAYER_ID, for lookup and deletion (등록 조회·해지 API)."""
        assert merchant.key(work, payer_id)["PCD_PAY_RST"] == "error"
        merchant.broke(rule)

    def test_a_refund_leaves_the_key(self, merchant: Merchant, registered: dict[str, str]) -> None:
        """The key outlives the payment (undocumented: our choice)."""
        merchant.cancel(registered)

        assert merchant.key("PUSERINFO", registered["PCD_PAYER_ID"])["PCD_PAY_RST"] == "success"


@pytest.mark.parametrize(
    ("changes", "card", "monthly_card", "transfer", "rule"),
    [
        ({"PCD_PAYER_ID": ""}, "SPCD0001", "RPCD0001", "SPAY0005", "key_missing"),
        ({"PCD_PAYER_ID": "made up"}, "SPCD0011", "RPCD0011", "SPAY0005", "key_unknown"),
        ({"PCD_PAY_GOODS": ""}, "SPCD0003", "RPCD0003", "SPAY0019", "repay_goods_missing"),
        ({"PCD_PAY_TOTAL": "x"}, "SPCD9998", "RPCD9998", "SPAY0019", "repay_malformed"),
        ({"PCD_PAY_TOTAL": "0"}, "SPCD0002", "RPCD0002", "SPAY0019", "repay_amount_low"),
        ({"PCD_PAY_TAXTOTAL": "2000"}, "SPCD9998", "RPCD9998", "SPAY0019", "repay_malformed"),
        ({"PCD_PAY_ISTAX": "M"}, "SPCD9998", "RPCD9998", "SPAY0019", "repay_malformed"),
        (dict.fromkeys(FLAGS, ""), "SPCD9998", "RPCD9998", "SPAY0019", "repay_flag_missing"),
        ({"PCD_PAY_TYPE": ""}, "SPCD9998", "RPCD9998", "SPAY0019", "repay_flag_missing"),
        ({"PCD_AUTH_KEY": "made up"}, "SPCD0004", "RPCD0006", "SPAY0001", "token_unknown"),
        ({"PCD_PAY_OID": "x" * 256}, "cpc0034", "cpc0034", "cpc0034", "field_too_long"),
    ],
)
@pytest.mark.parametrize("flag", FLAGS)
def test_a_wrong_request_is_refused_and_charges_nothing(
    merchant: Merchant,
    registered: dict[str, str],
    flag: str,
    changes: dict[str, str],
    card: str,
    monthly_card: str,
    transfer: str,
    rule: str,
) -> None:
    """Key, goods, amount, tax, flags, tokens; monthly payments by card have codes of their own (응답코드)."""
    method = registered["PCD_PAY_TYPE"]
    fields = {"PCD_PAYER_ID": registered["PCD_PAYER_ID"], "PCD_PAY_GOODS": "구독", "PCD_PAY_TOTAL": "1000"}
    flags = {"PCD_PAY_TYPE": method, flag: "Y"}
    month = MONTH if flag == "PCD_REGULER_FLAG" else {}

    answer = merchant.call(flags, **flags | fields | month | changes)

    by_card = monthly_card if month else card
    assert (answer["PCD_PAY_RST"], answer["PCD_PAY_CODE"]) == ("error", by_card if method == "card" else transfer)
    merchant.broke(rule)
    assert len(merchant.order("GET", "/payments")) == 1


class TestRepay:
    """SimplePayCardAct and SimplePayAct."""

    def test_a_key_pays_again(self, merchant: Merchant, registered: dict[str, str]) -> None:
        """A payment like one of the window: looked up and refunded in the same way (quick guide, 빌링키 결제)."""
        method = registered["PCD_PAY_TYPE"]

        again = merchant.repay(registered["PCD_PAYER_ID"], method, "5000", PCD_PAY_OID="AGAIN")

        code, message = {"card": ("SPCD0000", "카드결제완료"), "transfer": ("0000", "출금이체완료")}[method]
        assert (again["PCD_PAY_RST"], again["PCD_PAY_CODE"], again["PCD_PAY_MSG"]) == ("success", code, message)
        assert (again["PCD_PAY_OID"], again["PCD_PAY_TOTAL"], again["PCD_PAY_TAXTOTAL"]) == ("AGAIN", "5000", "455")
        assert (again["PCD_PAYER_ID"], again["PCD_SIMPLE_FLAG"]) == (registered["PCD_PAYER_ID"], "Y")
        assert again["PCD_PAYER_NAME"] == "홍길동"
        assert merchant.inquire("AGAIN", method)["PCD_PAY_RST"] == "success"
        assert merchant.cancel(again, 1000)["PCD_PAY_RST"] == "success"

    def test_a_number_is_generated(self, merchant: Merchant, registered: dict[str, str]) -> None:
        """PCD_PAY_OID may be left out (quick guide, 빌링키 결제)."""
        again = merchant.repay(registered["PCD_PAYER_ID"], registered["PCD_PAY_TYPE"])

        assert merchant.payment(again["PCD_PAY_OID"])["state"] == "approved"

    def test_a_number_pays_once(self, merchant: Merchant, registered: dict[str, str]) -> None:
        """SPCD0014 for cards, CPAY0202 for transfers (응답코드)."""
        method, payer_id, oid = (registered[name] for name in ("PCD_PAY_TYPE", "PCD_PAYER_ID", "PCD_PAY_OID"))

        code = merchant.repay(payer_id, method, PCD_PAY_OID=oid)["PCD_PAY_CODE"]

        assert code == {"card": "SPCD0014", "transfer": "CPAY0202"}[method]
        merchant.broke("repay_duplicate")
        assert len(merchant.order("GET", "/payments")) == 1

    def test_cards_pay_at_least_100_won(self, merchant: Merchant) -> None:
        """SPCD0002 (응답코드)."""
        payer_id = merchant.paid()["PCD_PAYER_ID"]

        assert merchant.repay(payer_id, "card", "99")["PCD_PAY_CODE"] == "SPCD0002"
        assert merchant.repay(payer_id, "card", "100")["PCD_PAY_RST"] == "success"

    def test_a_key_of_the_other_method_does_not_pay(self, merchant: Merchant, registered: dict[str, str]) -> None:
        """SPCD0012 (응답코드)."""
        other = "transfer" if registered["PCD_PAY_TYPE"] == "card" else "card"

        code = merchant.repay(registered["PCD_PAYER_ID"], other)["PCD_PAY_CODE"]

        assert code == {"card": "SPCD0012", "transfer": "SPAY0005"}[other]
        merchant.broke("key_of_other_method")

    @pytest.mark.parametrize("tax", ["", "0", "NaN"])
    def test_no_tax_given_is_the_contained_one(self, merchant: Merchant, registered: dict[str, str], tax: str) -> None:
        """Blank, 0 and NaN all mean that none was given (official samples)."""
        answer = merchant.repay(registered["PCD_PAYER_ID"], registered["PCD_PAY_TYPE"], PCD_PAY_TAXTOTAL=tax)

        assert answer["PCD_PAY_TAXTOTAL"] == "91"

    def test_numbers_and_forms_are_taken_too(self, merchant: Merchant, registered: dict[str, str]) -> None:
        """Samples send the amount as a JSON number, older ones the whole request as a form (official samples)."""
        method = registered["PCD_PAY_TYPE"]
        flags = {"PCD_PAY_TYPE": method, "PCD_SIMPLE_FLAG": "Y"}
        fields = {"PCD_PAYER_ID": registered["PCD_PAYER_ID"], "PCD_PAY_GOODS": "구독", "PCD_PAY_TOTAL": 1000}

        for form in (False, True):
            ticket = merchant.authenticate(**flags)
            sent: dict[str, Any] = merchant.tokens(ticket) | flags | fields
            body, message = (sent, None) if form else (None, sent)
            answer = merchant.session.post(ticket["return_url"], data=body, json=message).json()
            assert (answer["PCD_PAY_RST"], answer["PCD_PAY_TOTAL"]) == ("success", "1000")

    def test_a_receipt_comes_with_a_transfer(self, merchant: Merchant) -> None:
        """PCD_TAXSAVE_FLAG, PCD_TAXSAVE_TRADE, PCD_TAXSAVE_IDNUM (official samples)."""
        payer_id = merchant.paid(PCD_PAY_TYPE="transfer")["PCD_PAYER_ID"]
        wish = {"PCD_TAXSAVE_FLAG": "Y", "PCD_TAXSAVE_TRADE": "company", "PCD_TAXSAVE_IDNUM": "1234567890"}

        again = merchant.repay(payer_id, "transfer", **wish)

        assert again["PCD_TAXSAVE_RST"] == "Y"
        assert merchant.payment(again["PCD_PAY_OID"])["cash_receipt"] == "issued"
        assert "1234567890" not in str(merchant.ledger())


class TestMonthly:
    """RePayCardAct and RePayAct: PCD_REGULER_FLAG, once a month."""

    def pay(self, merchant: Merchant, registered: dict[str, str], **changes: str) -> dict[str, str]:
        """A monthly payment for November."""
        flags = {"PCD_PAY_TYPE": registered["PCD_PAY_TYPE"], "PCD_REGULER_FLAG": "Y"}
        fields = {"PCD_PAYER_ID": registered["PCD_PAYER_ID"], "PCD_PAY_GOODS": "구독", "PCD_PAY_TOTAL": "1000"}
        return merchant.call(flags, **flags | fields | MONTH | changes)

    def test_once_a_month(self, merchant: Merchant, registered: dict[str, str]) -> None:
        """RPCD0015: PCD_PAY_YEAR and PCD_PAY_MONTH (응답코드)."""
        first, second = (self.pay(merchant, registered) for _ in range(2))

        assert (first["PCD_PAY_RST"], first["PCD_PAY_YEAR"], first["PCD_PAY_MONTH"]) == ("success", "2026", "11")
        assert second["PCD_PAY_CODE"] == {"card": "RPCD0015", "transfer": "CPAY0202"}[registered["PCD_PAY_TYPE"]]
        merchant.broke("repay_twice_a_month")
        assert self.pay(merchant, registered, PCD_PAY_MONTH="12")["PCD_PAY_RST"] == "success"

    def test_a_refunded_month_may_be_paid_again(self, merchant: Merchant, registered: dict[str, str]) -> None:
        """Nothing of that month is paid any more (undocumented: our choice)."""
        merchant.cancel(self.pay(merchant, registered))

        assert self.pay(merchant, registered)["PCD_PAY_RST"] == "success"

    @pytest.mark.parametrize(
        ("changes", "card", "rule"),
        [
            ({"PCD_PAY_YEAR": "26"}, "RPCD0004", "repay_year_wrong"),
            ({"PCD_PAY_MONTH": "13"}, "RPCD0005", "repay_month_wrong"),
            ({"PCD_PAY_MONTH": ""}, "RPCD0005", "repay_month_wrong"),
        ],
    )
    def test_a_month_is_a_month(
        self, merchant: Merchant, registered: dict[str, str], changes: dict[str, str], card: str, rule: str
    ) -> None:
        """RPCD0004, RPCD0005 (응답코드)."""
        code = self.pay(merchant, registered, **changes)["PCD_PAY_CODE"]

        assert code == {"card": card, "transfer": "SPAY0019"}[registered["PCD_PAY_TYPE"]]
        merchant.broke(rule)

    @pytest.mark.parametrize("act", ["SimplePay", "RePay"])
    def test_either_authentication_serves_a_monthly_payment(
        self, merchant: Merchant, registered: dict[str, str], act: str
    ) -> None:
        """The flag of the request guards the month, at both addresses (official samples)."""
        method = registered["PCD_PAY_TYPE"]
        fields = {"PCD_PAYER_ID": registered["PCD_PAYER_ID"], "PCD_PAY_GOODS": "구독", "PCD_PAY_TOTAL": "1000"}
        fields |= {"PCD_PAY_TYPE": method, **MONTH}
        path = f"/php/{act}{'Card' if method == 'card' else ''}Act.php?ACT_=PAYM"

        answers = []
        for _ in range(2):
            ticket = merchant.authenticate(PCD_PAY_TYPE=method, PCD_SIMPLE_FLAG="Y")
            answers.append(merchant.post(path, merchant.tokens(ticket) | fields))

        assert (answers[0]["PCD_PAY_RST"], answers[0]["PCD_PAY_MONTH"]) == ("success", "11")
        assert answers[1]["PCD_PAY_CODE"] == {"card": "RPCD0015", "transfer": "CPAY0202"}[method]


class TestMonthlyWindow:
    """PCD_REGULER_FLAG, PCD_PAY_YEAR and PCD_PAY_MONTH in the window."""

    @pytest.mark.parametrize("method", METHODS)
    def test_the_month_comes_back_in_every_answer(self, merchant: Merchant, method: str) -> None:
        """Result, confirm, inquiry and cancel (official samples)."""
        claim = merchant.claim(PCD_PAY_TYPE=method, **MONTH)
        confirmed = merchant.confirm(claim)
        found = merchant.inquire(claim["PCD_PAY_OID"], method)
        cancelled = merchant.cancel(confirmed)

        for told in (claim, confirmed, found, cancelled):
            assert MONTH.items() <= told.items()

    @pytest.mark.parametrize(("method", "code"), [("card", "RPCD0015"), ("transfer", "CPAY0202")])
    @pytest.mark.parametrize("work", ["PAY", "CERT"])
    def test_a_billing_key_pays_a_month_once(self, merchant: Merchant, method: str, code: str, work: str) -> None:
        """In the window and from server to server alike (응답코드)."""
        first = merchant.claim(PCD_PAY_TYPE=method, PCD_PAY_WORK=work, **MONTH)
        second = merchant.claim(PCD_PAY_TYPE=method, **MONTH) if work == "CERT" else {}
        if work == "CERT":
            assert merchant.confirm(first)["PCD_PAY_RST"] == "success"
            assert merchant.confirm(second)["PCD_PAY_CODE"] == code

        third = merchant.claim(PCD_PAY_TYPE=method, PCD_PAY_WORK=work, **MONTH)

        assert (third["PCD_PAY_RST"], third["PCD_PAY_CODE"]) == ("error", code)
        merchant.broke("repay_twice_a_month")
        other = merchant.claim(PCD_PAY_TYPE=method, PCD_PAY_WORK="PAY", **MONTH | {"PCD_PAY_MONTH": "12"})
        assert other["PCD_PAY_RST"] == "success"
        fields = {"PCD_PAYER_ID": first["PCD_PAYER_ID"], "PCD_PAY_GOODS": "구독", "PCD_PAY_TOTAL": "1000"}
        flags = {"PCD_PAY_TYPE": method, "PCD_REGULER_FLAG": "Y"}
        again = merchant.call(flags, **flags | fields | MONTH)
        assert again["PCD_PAY_CODE"] == code

    @pytest.mark.parametrize(
        ("changes", "rule"),
        [({"PCD_PAY_YEAR": ""}, "repay_year_wrong"), ({"PCD_PAY_MONTH": "13"}, "repay_month_wrong")],
    )
    def test_a_month_is_a_month(self, merchant: Merchant, changes: dict[str, str], rule: str) -> None:
        """RPCD0004, RPCD0005 (응답코드)."""
        assert merchant.claim(**MONTH | changes)["PCD_PAY_RST"] == "error"
        merchant.broke(rule)
        assert merchant.claim(PCD_REGULER_FLAG="N", PCD_PAY_YEAR="", PCD_PAY_MONTH="")["PCD_PAY_RST"] == "success"
