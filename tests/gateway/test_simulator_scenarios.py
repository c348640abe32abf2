"""Scenarios: what may happen to a payment, and every way to make it happen."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from shop.simulator.scenarios import SCENARIOS, Moment
from tests.gateway.merchant import Merchant

TRANSFER = {"PCD_PAY_TYPE": "transfer"}
PAY = {"PCD_PAY_WORK": "PAY"}
REFUSALS = [
    (scenario.id, method, scenario.code)
    for scenario in SCENARIOS.values()
    for method in scenario.methods
    if scenario.code and not scenario.charged
]


def scenario_of(merchant: Merchant, claim: dict[str, str]) -> str:
    """What the simulator let happen to a payment."""
    return str(merchant.payment(claim["PCD_PAY_OID"])["scenario"])


def met(merchant: Merchant, count: int, **wishes: str) -> list[str]:
    """The scenarios that so many payments meet, one after the other."""
    return [scenario_of(merchant, merchant.claim(**wishes)) for _ in range(count)]


class TestTriggers:
    """The window's list, a test number, an order from outside, the end of an amount."""

    @pytest.mark.parametrize(
        ("name", "method"), [(row.id, method) for row in SCENARIOS.values() for method in row.methods]
    )
    def test_a_test_number_calls_its_scenario(self, merchant: Merchant, name: str, method: str) -> None:
        field, trigger = {"card": ("card_number", "card"), "transfer": ("account", "account")}[method]
        row = next(row for row in merchant.order("GET", "/scenarios") if row["id"] == name)
        fields = merchant.fields(PCD_PAY_TYPE=method, PCD_PAY_WORK=row["works"][-1])

        number = row["trigger"][trigger]
        merchant.payer.open(fields).approve(**({field: number} if number else {}))

        assert merchant.payment(fields["PCD_PAY_OID"])["scenario"] == name

    def test_the_end_of_an_amount_calls_a_scenario_and_the_list_shows_it(self, merchant: Merchant) -> None:
        window = merchant.payer.open(merchant.fields(PCD_PAY_TOTAL="15112"))

        assert window.page.form_with("window-approve").fields["scenario"] == "limit"
        assert merchant.confirm(dict(window.approve().result or []))["PCD_PAY_CODE"] == "3112"

    def test_amounts_can_be_ignored(self, merchant: Merchant) -> None:
        merchant.order("POST", "/policy", {"amount_scenarios": "off"})

        assert scenario_of(merchant, merchant.claim(PCD_PAY_TOTAL="15112")) == "approved"

    def test_no_two_scenarios_of_a_method_share_a_number_or_an_ending(self) -> None:
        for method in ("card", "transfer"):
            rows = [row for row in SCENARIOS.values() if method in row.methods]
            endings = Counter(row.amount_ending for row in rows if row.amount_ending)
            assert max(Counter(row.mark for row in rows).values()) == max(endings.values()) == 1

    def test_the_payers_choice_goes_before_everything(self, merchant: Merchant) -> None:
        merchant.order("POST", "/scenarios", {"id": "balance"})
        claim = dict(merchant.payer.pay(merchant.fields(PCD_PAY_TOTAL="15112"), "approved"))

        assert scenario_of(merchant, claim) == "approved"
        assert met(merchant, 1) == ["balance"]

    def test_a_test_number_goes_before_what_is_armed(self, merchant: Merchant) -> None:
        merchant.order("POST", "/scenarios", {"id": "balance"})
        claim = dict(merchant.payer.pay(merchant.fields(), card_number="9999010231120000"))

        assert scenario_of(merchant, claim) == "limit"


class TestArming:
    """`POST /_sim/scenarios`: once, N times, in sequence, for one number, by seeded chance."""

    def test_in_sequence(self, merchant: Merchant) -> None:
        """Fail, fail, succeed, and again."""
        merchant.order("POST", "/scenarios", {"id": ["limit", "balance", "approved"], "times": 2})

        assert met(merchant, 6) == ["limit", "balance", "approved"] * 2

    def test_one_number_only(self, merchant: Merchant) -> None:
        merchant.order("POST", "/scenarios", {"id": "limit", "oid": "THIS"})

        assert met(merchant, 1) == ["approved"]
        assert met(merchant, 1, PCD_PAY_OID="THIS") == ["limit"]

    def test_what_does_not_fit_waits(self, merchant: Merchant) -> None:
        merchant.order("POST", "/scenarios", {"id": "transfer_failed"})

        assert met(merchant, 1) == ["approved"]
        assert met(merchant, 1, **TRANSFER) == ["transfer_failed"]

    def test_chance_is_the_same_every_time(self, merchant: Merchant) -> None:
        tried = []
        for _ in range(2):
            merchant.order("DELETE", "/scenarios")
            merchant.order("POST", "/scenarios", {"id": "limit", "times": 1000, "p": 0.5, "seed": 7})
            tried.append(met(merchant, 12))

        assert tried[0] == tried[1]
        assert set(tried[0]) == {"limit", "approved"}

    def test_what_is_armed_is_listed_and_can_be_called_off(self, merchant: Merchant) -> None:
        merchant.order("POST", "/scenarios", {"id": "limit", "times": 3})
        merchant.claim()
        assert merchant.order("GET", "/scenarios/armed") == [
            {"id": "limit", "oid": "", "times": 2, "p": 1.0, "seed": 0}
        ]

        merchant.order("DELETE", "/scenarios")

        assert (merchant.order("GET", "/scenarios/armed"), met(merchant, 1)) == ([], ["approved"])


class TestWhatHappens:
    """The rows that do more than refuse."""

    def test_an_unknown_outcome_is_found_paid_after_a_minute(self, merchant: Merchant) -> None:
        claim = merchant.claim("unknown_paid_later", **TRANSFER, **PAY)
        assert claim["PCD_PAY_CODE"] == "CPAY0018"
        assert merchant.inquire(claim["PCD_PAY_OID"], "transfer")["PCD_PAY_CODE"] == "BILL0003"

        merchant.order("POST", "/clock", {"advance": 61})

        assert merchant.inquire(claim["PCD_PAY_OID"], "transfer")["PCD_PAY_RST"] == "success"

    def test_not_found_for_a_day(self, merchant: Merchant) -> None:
        claim = merchant.claim("inquiry_none", **PAY)
        merchant.order("POST", "/clock", {"advance": 3600})

        assert merchant.inquire(claim["PCD_PAY_OID"], date=claim["PCD_PAY_TIME"][:8])["PCD_PAY_CODE"] == "CBIL0003"
        assert merchant.payment(claim["PCD_PAY_OID"])["state"] == "approved"

    def test_three_inquiries_are_pending(self, merchant: Merchant) -> None:
        claim = merchant.claim("inquiry_pending", **PAY)
        answers = [merchant.inquire(claim["PCD_PAY_OID"])["PCD_PAY_RST"] for _ in range(4)]

        assert answers == ["pending", "pending", "pending", "success"]

    def test_the_confirm_is_too_late_at_once(self, merchant: Merchant) -> None:
        assert merchant.confirm(merchant.claim("confirm_expired"))["PCD_PAY_CODE"] == "PCCFD001"

    def test_a_refund_is_refused_once(self, merchant: Merchant) -> None:
        claim = merchant.claim("refund_refused", **PAY)

        answers = [merchant.cancel(claim)["PCD_PAY_CODE"] for _ in range(2)]

        assert answers == ["1116", "PAYC0000"]

    def test_a_refund_is_done_behind_the_shops_back(self, merchant: Merchant) -> None:
        """The answers tell nothing of it; the next refund finds nothing left."""
        claim = merchant.claim("refunded_behind")
        assert merchant.confirm(claim)["PCD_PAY_RST"] == "success"

        payment = merchant.payment(claim["PCD_PAY_OID"])

        assert (payment["state"], payment["refunded_total"]) == ("cancelled", 1000)
        assert merchant.cancel(claim)["PCD_PAY_CODE"] == "PAYC0007"

    def test_a_result_may_arrive_twice(self, merchant: Merchant) -> None:
        window = merchant.payer.open(merchant.fields(PCD_RST_URL="http://localhost:8000/done")).approve(
            "delivered_twice"
        )

        form = next(form for form in window.page.forms if "data-deliver" in form.attributes)
        assert form.attributes["data-times"] == "2"
        policy = merchant.session.get(window.page.url).headers["Content-Security-Policy"]
        assert policy.endswith("connect-src 'self' http://localhost:8000")

    @pytest.mark.parametrize("work", ["PAY", "CERT"])
    def test_a_slow_charge_takes_its_time(self, merchant: Merchant, monkeypatch: pytest.MonkeyPatch, work: str) -> None:
        slept: list[float] = []
        monkeypatch.setattr("time.sleep", slept.append)
        claim = merchant.claim("slow", PCD_PAY_WORK=work)
        assert (sum(slept) > 0) == (work == "PAY")

        if work == "CERT":
            merchant.confirm(claim)

        assert sum(slept) == 5

    def test_the_window_offers_what_fits_method_and_work(self, merchant: Merchant) -> None:
        offered = {work: merchant.payer.open(merchant.fields(PCD_PAY_WORK=work)).scenarios for work in ("PAY", "CERT")}

        assert set(offered["CERT"]) - set(offered["PAY"]) == {
            "tampered_confirm_url",
            "confirm_expired",
            "confirm_repeated",
        }
        assert merchant.payer.open(merchant.fields(PCD_PAY_WORK="AUTH")).scenarios == [
            "approved", "expired_card", "lost_card", "cancelled_card", "wrong_password", "delivered_twice"
        ]  # fmt: skip


class TestList:
    """One table for machines, for the window, for the console and for README."""

    def test_every_row_says_what_it_does_and_how_to_call_it(self, merchant: Merchant) -> None:
        rows = merchant.order("GET", "/scenarios")

        assert [row["id"] for row in rows] == list(SCENARIOS)
        for row in rows:
            assert all(row[name] for name in ("ko", "en", "does_ko", "does_en", "methods", "works"))
            assert set(row["trigger"]) == {"window", "card", "account", "amount", "arm"}


@pytest.mark.parametrize(("name", "method", "code"), REFUSALS)
def test_a_refusing_scenario_refuses(merchant: Merchant, name: str, method: str, code: str) -> None:
    """PAY: in the window; CERT: there, or by the confirm. Nothing is charged, and the number may be tried again."""
    paid = merchant.claim(name, PCD_PAY_TYPE=method, PCD_PAY_WORK="PAY")
    certified = merchant.claim(name, PCD_PAY_TYPE=method)
    confirmed = certified if SCENARIOS[name].at is Moment.WINDOW else merchant.confirm(certified)

    for told in (paid, confirmed):
        assert (told["PCD_PAY_RST"], told["PCD_PAY_CODE"], bool(told["PCD_PAY_MSG"])) == ("error", code, True)
        assert merchant.payment(told["PCD_PAY_OID"])["state"] == "declined"
    assert merchant.claim(PCD_PAY_OID=paid["PCD_PAY_OID"])["PCD_PAY_RST"] == "success"


@pytest.mark.parametrize(("name", "state"), [("lost_paid", "approved"), ("lost_unpaid", "declined")])
def test_a_lost_result_never_arrives(merchant: Merchant, name: str, state: str) -> None:
    fields = merchant.fields(PCD_PAY_WORK="PAY")

    window = merchant.payer.open(fields).approve(name)

    assert window.result is None
    assert "window-undelivered" in window.page.texts
    assert merchant.payment(fields["PCD_PAY_OID"])["state"] == state


@pytest.mark.parametrize(
    ("scenario", "field", "told"),
    [
        ("tampered_amount", "PCD_PAY_TOTAL", "900"),
        ("tampered_number", "PCD_PAY_OID", "OMUNX"),
        ("tampered_confirm_url", "PCD_PAY_HOST", "https://payple.kr.attacker.invalid"),
    ],
)
def test_what_is_tampered_with_is_in_the_result_only(merchant: Merchant, scenario: str, field: str, told: str) -> None:
    claim = merchant.claim(scenario, PCD_PAY_OID="NUMO")

    assert claim[field] == told
    confirmed = merchant.confirm(claim, "/php/PayCardConfirmAct.php?ACT_=PAYM")
    assert (confirmed["PCD_PAY_TOTAL"], confirmed["PCD_PAY_OID"]) == ("1000", "NUMO")


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


def test_twelve_confirms_at_once_charge_once(merchant: Merchant) -> None:
    claim = merchant.claim()

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: merchant.confirm(claim)["PCD_PAY_RST"], range(12)))

    assert sorted(answers) == ["error"] * 11 + ["success"]
    assert [entry["effect"] for entry in merchant.ledger()].count("charged") == 1
