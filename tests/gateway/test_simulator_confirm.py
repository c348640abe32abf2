"""The confirm under the simulator's own conditions: scenarios, policies, many at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.gateway.merchant import Merchant


def test_dup_confirm_repeats_the_first_success(merchant: Merchant) -> None:
    """The policy for the other way in which a gateway may treat a repeated confirm: same answer, one charge."""
    merchant.order("POST", "/policy", {"dup_confirm": "repeat"})
    claim = merchant.claim()

    assert merchant.confirm(claim) == merchant.confirm(claim)
    assert [entry["effect"] for entry in merchant.ledger()].count("charged") == 1


def test_the_deadline_is_a_policy(merchant: Merchant) -> None:
    merchant.order("POST", "/policy", {"confirm_minutes": 30})
    claim = merchant.claim()
    merchant.order("POST", "/clock", {"advance": 29 * 60})

    assert merchant.confirm(claim)["PCD_PAY_RST"] == "success"


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


def test_twelve_confirms_at_once_charge_once(merchant: Merchant) -> None:
    claim = merchant.claim()

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: merchant.confirm(claim)["PCD_PAY_RST"], range(12)))

    assert sorted(answers) == ["error"] * 11 + ["success"]
    assert [entry["effect"] for entry in merchant.ledger()].count("charged") == 1


def test_a_confirmed_card_has_a_sales_slip(merchant: Merchant) -> None:
    """The address is unguessable, and the slip says that it is none."""
    answer = merchant.confirm(merchant.claim())

    slip = merchant.session.get(answer["PCD_PAY_CARDRECEIPT"]).text

    assert answer["PCD_PAY_CARDAUTHNO"] in slip
    assert "시뮬레이터" in slip
    assert merchant.session.get(f"{merchant.origin}/slip/guess").status_code == 404
