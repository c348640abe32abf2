"""Scenarios: what may happen to a payment, and every way to make it happen."""

import pytest
import requests

from shop.simulator.scenarios import SCENARIOS
from tests.gateway.merchant import Merchant

TRANSFER = {"PCD_PAY_TYPE": "transfer"}
ROWS = [(scenario, method) for scenario in SCENARIOS.values() for method in scenario.methods]
REFUSALS = [(row.id, method, row.code) for row, method in ROWS if row.code and not row.charged]


def met(merchant: Merchant, count: int, **wishes: str) -> list[str]:
    """The scenarios that so many payments meet, one after the other."""
    claims = [merchant.claim(**wishes) for _ in range(count)]
    return [str(merchant.payment(claim["PCD_PAY_OID"])["scenario"]) for claim in claims]


# What calls a scenario.


def test_every_row_says_what_it_does_and_how_only_it_is_called(merchant: Merchant) -> None:
    rows = merchant.order("GET", "/scenarios")

    assert [row["id"] for row in rows] == list(SCENARIOS)
    for row in rows:
        assert all(row[name] for name in ("ko", "en", "does_ko", "does_en", "methods", "works"))
        assert set(row["trigger"]) == {"window", "card", "account", "amount", "arm"}
    for method in ("card", "transfer"):
        ways = [row["trigger"] for row in rows if method in row["methods"]]
        for way in ("card", "account", "amount"):
            used = [trigger[way] for trigger in ways if trigger[way]]
            assert len(used) == len(set(used))


@pytest.mark.parametrize("method", ["card", "transfer"])
def test_a_test_number_calls_its_scenario(merchant: Merchant, method: str) -> None:
    field, trigger = {"card": ("card_number", "card"), "transfer": ("account", "account")}[method]
    rows = [row for row in merchant.order("GET", "/scenarios") if method in row["methods"]]
    for row in rows:
        number = row["trigger"][trigger]
        window = merchant.open(PCD_PAY_TYPE=method, PCD_PAY_WORK=row["works"][-1])
        window.approve(**({field: number} if number else {}))

    assert [payment["scenario"] for payment in merchant.payments()] == [row["id"] for row in rows]


def test_the_end_of_an_amount_calls_a_scenario_unless_switched_off(merchant: Merchant) -> None:
    window = merchant.open(PCD_PAY_TOTAL="15112")

    assert window.page.form_with("window-approve").fields["scenario"] == "limit"
    assert merchant.confirm(window.approve().delivered)["PCD_PAY_CODE"] == "3112"
    merchant.policy(amount_scenarios="off")
    assert met(merchant, 1, PCD_PAY_TOTAL="15112") == ["approved"]


def test_the_choice_of_the_payer_goes_before_a_test_number_and_that_before_what_is_armed(merchant: Merchant) -> None:
    merchant.order("POST", "/scenarios", {"id": "balance"})
    merchant.open(PCD_PAY_TOTAL="15112").approve("approved")
    merchant.open().approve(card_number="9999010231120000")

    assert [payment["scenario"] for payment in merchant.payments()] == ["approved", "limit"]
    assert met(merchant, 1) == ["balance"]


def test_scenarios_are_armed_in_sequence_and_for_what_fits(merchant: Merchant) -> None:
    merchant.order("POST", "/scenarios", {"id": ["limit", "balance", "approved"], "times": 2})
    assert met(merchant, 6) == ["limit", "balance", "approved"] * 2

    merchant.order("POST", "/scenarios", {"id": "limit", "oid": "THIS"})
    merchant.order("POST", "/scenarios", {"id": "transfer_failed"})
    assert (met(merchant, 1), met(merchant, 1, PCD_PAY_OID="THIS")) == (["approved"], ["limit"])
    assert met(merchant, 1, **TRANSFER) == ["transfer_failed"]


def test_the_window_offers_what_fits_method_and_work(merchant: Merchant) -> None:
    offered = {work: merchant.open(PCD_PAY_WORK=work).scenarios for work in ("PAY", "CERT", "AUTH")}

    of_confirm = {"tampered_confirm_url", "confirm_expired", "confirm_repeated"}
    assert set(offered["CERT"]) - set(offered["PAY"]) == of_confirm
    assert offered["AUTH"] == [
        *("approved", "expired_card", "lost_card", "cancelled_card", "wrong_password", "delivered_twice")
    ]


# What happens.


@pytest.mark.parametrize(("name", "method", "code"), REFUSALS)
def test_a_refused_number_may_be_tried_again(merchant: Merchant, name: str, method: str, code: str) -> None:
    paid = merchant.paid(name, PCD_PAY_TYPE=method)
    certified = merchant.claim(name, PCD_PAY_TYPE=method)
    confirmed = certified if SCENARIOS[name].in_window else merchant.confirm(certified)

    key = merchant.claim(PCD_PAY_TYPE=method)["PCD_PAYER_ID"]
    merchant.order("POST", "/scenarios", {"id": name})
    by_key = merchant.repay(key, method)

    for answer in (paid, confirmed, by_key):
        assert (answer["PCD_PAY_RST"], answer["PCD_PAY_CODE"], bool(answer["PCD_PAY_MSG"])) == ("error", code, True)
        assert merchant.payment(answer["PCD_PAY_OID"])["state"] == "declined"
    assert merchant.claim(PCD_PAY_OID=paid["PCD_PAY_OID"])["PCD_PAY_RST"] == "success"


def test_lost_results_and_answers_never_arrive(merchant: Merchant) -> None:
    for name, state, found in (("lost_paid", "approved", "success"), ("lost_unpaid", "declined", "error")):
        window, claim = merchant.open(PCD_PAY_WORK="PAY").approve(name), merchant.claim(name)

        with pytest.raises(requests.ConnectionError):
            merchant.confirm(claim)

        assert (window.result, "window-undelivered" in window.page.texts) == (None, True)
        assert [payment["state"] for payment in merchant.payments()[-2:]] == [state] * 2
        assert merchant.inquire(claim["PCD_PAY_OID"])["PCD_PAY_RST"] == found


@pytest.mark.parametrize(
    ("scenario", "method", "confirmed", "inquiries", "later"),
    [
        ("unknown_paid", "transfer", "CPAY0018", ["PCHK000"], "PCHK000"),
        ("unknown_unpaid", "transfer", "CPAY0018", ["BILL0003"], "BILL0003"),
        ("unknown_paid_later", "transfer", "CPAY0018", ["BILL0003"], "PCHK000"),
        ("inquiry_late", "card", "PCCF0000", ["CBIL0003"], "PCHK000"),
        ("inquiry_none", "card", "PCCF0000", ["CBIL0003"], "CBIL0003"),
        ("inquiry_pending", "card", "PCCF0000", ["", "", "", "PCHK000"], "PCHK000"),
        ("confirm_expired", "card", "PCCFD001", ["CBIL0003"], "CBIL0003"),
    ],
)
def test_what_confirm_and_inquiry_answer_now_and_after_a_minute(
    merchant: Merchant, scenario: str, method: str, confirmed: str, inquiries: list[str], later: str
) -> None:
    claim = merchant.claim(scenario, PCD_PAY_TYPE=method)
    today = claim["PCD_PAY_TIME"][:8]

    def inquire() -> str:
        return merchant.inquire(claim["PCD_PAY_OID"], method, today)["PCD_PAY_CODE"]

    assert merchant.confirm(claim)["PCD_PAY_CODE"] == confirmed
    assert [inquire() for _ in inquiries] == inquiries
    merchant.advance(61)
    assert inquire() == later


@pytest.mark.parametrize(
    ("scenario", "field", "forged"),
    [
        ("tampered_amount", "PCD_PAY_TOTAL", "900"),
        ("tampered_number", "PCD_PAY_OID", "OMUNX"),
        ("tampered_confirm_url", "PCD_PAY_HOST", "https://payple.kr.attacker.invalid"),
    ],
)
def test_what_is_tampered_with_is_in_the_result_only(
    merchant: Merchant, scenario: str, field: str, forged: str
) -> None:
    claim = merchant.claim(scenario, PCD_PAY_OID="NUMO")

    confirmed = merchant.confirm(claim, "/php/PayCardConfirmAct.php?ACT_=PAYM")

    assert (claim[field], confirmed["PCD_PAY_TOTAL"], confirmed["PCD_PAY_OID"]) == (forged, "1000", "NUMO")


def test_a_refund_is_refused_once_or_done_before_the_shop_asks(merchant: Merchant) -> None:
    refused, behind = merchant.paid("refund_refused"), merchant.claim("refunded_behind")

    assert [merchant.cancel(refused)["PCD_PAY_CODE"] for _ in range(2)] == ["1116", "PAYC0000"]
    assert merchant.confirm(behind)["PCD_PAY_RST"] == "success"
    assert merchant.refunded(behind) == ("cancelled", 1000)
    assert merchant.cancel(behind)["PCD_PAY_CODE"] == "PAYC0007"


def test_a_result_may_arrive_twice(merchant: Merchant) -> None:
    window = merchant.open(PCD_RST_URL="http://localhost:8000/done").approve("delivered_twice")

    form = next(form for form in window.page.forms if "data-deliver" in form.attributes)
    policy = merchant.session.get(window.page.url).headers["Content-Security-Policy"]
    assert form.attributes["data-times"] == "2"
    assert policy.endswith("connect-src 'self' http://localhost:8000")


@pytest.mark.parametrize("work", ["PAY", "CERT"])
def test_a_slow_charge_takes_five_seconds(merchant: Merchant, monkeypatch: pytest.MonkeyPatch, work: str) -> None:
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    claim = merchant.claim("slow", PCD_PAY_WORK=work)
    assert sum(slept) == (5 if work == "PAY" else 0)

    if work == "CERT":
        merchant.confirm(claim)

    assert sum(slept) == 5
