"""Cancels: money that goes back (quick guide 4-3), and a cancel that the shop did not ask for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.gateway.merchant import SIMULATOR, Merchant

CANCEL = {"PCD_PAYCANCEL_FLAG": "Y"}


def test_a_part_leaves_the_rest(merchant: Merchant) -> None:
    paid = merchant.paid()
    merchant.cancel(paid, 1)

    payment = merchant.payment(paid["PCD_PAY_OID"])

    assert (payment["state"], payment["refunded_total"], payment["total"]) == ("partially_cancelled", 1, 1000)


def test_cancels_at_the_same_time_do_not_overrun(merchant: Merchant) -> None:
    paid = merchant.paid()

    with ThreadPoolExecutor(6) as pool:
        codes = list(pool.map(lambda _: merchant.cancel(paid, 300)["PCD_PAY_CODE"], range(6)))

    assert sorted(codes) == ["PAYC0000"] * 3 + ["PAYC0011"] * 3
    assert merchant.payment(paid["PCD_PAY_OID"])["refunded_total"] == 900


def test_a_policy_splits_mixed_orders_too(merchant: Merchant) -> None:
    merchant.order("POST", "/policy", {"mixed_refund_tax": "split"})

    assert merchant.cancel(merchant.paid(PCD_PAY_TAXTOTAL="50"), 500)["PCD_REFUND_TAXTOTAL"] == "25"


class TestDate:
    """PCD_PAY_DATE around midnight: opened on one day, approved on the next."""

    @pytest.fixture
    def over_midnight(self, merchant: Merchant) -> tuple[dict[str, str], str, str]:
        """A payment, and the dates of its opening and its approval."""
        fields = merchant.fields(PCD_PAY_TYPE="transfer", PCD_PAY_WORK="PAY")
        opened = merchant.order("GET", "/clock")["now"][:10].replace("-", "")
        window = merchant.payer.open(fields)
        merchant.order("POST", "/clock", {"advance": 24 * 3600})
        paid = dict(window.approve().result or [])
        return paid, opened, paid["PCD_PAY_TIME"][:8]

    @pytest.mark.parametrize(
        ("rule", "expected"), [("approval", (False, True)), ("opening", (True, False)), ("either", (True, True))]
    )
    def test_a_policy_says_which_date_counts(
        self,
        merchant: Merchant,
        over_midnight: tuple[dict[str, str], str, str],
        rule: str,
        expected: tuple[bool, bool],
    ) -> None:
        """For the cancel and for the inquiry alike."""
        paid, *dates = over_midnight
        merchant.order("POST", "/policy", {"date_rule": rule})

        cancels = [merchant.cancel(paid, 1, PCD_PAY_DATE=date)["PCD_PAY_RST"] == "success" for date in dates]
        found = [merchant.inquire(paid["PCD_PAY_OID"], "transfer", date)["PCD_PAY_RST"] == "success" for date in dates]

        assert tuple(cancels) == tuple(found) == expected


def test_the_inquiry_tells_the_payment_as_it_was(merchant: Merchant) -> None:
    """Whether the domestic inquiry shows cancels is undocumented: it does not, unless the policy says so."""
    paid = merchant.paid()
    merchant.cancel(paid, 300)
    usual = merchant.inquire(paid["PCD_PAY_OID"])
    merchant.order("POST", "/policy", {"inquiry_shows_refund": "on"})
    telling = merchant.inquire(paid["PCD_PAY_OID"])
    merchant.cancel(paid, 700)

    assert (usual["PCD_PAY_RST"], usual["PCD_PAY_TOTAL"]) == ("success", "1000")
    assert {"PCD_PAY_STATE": "1", "PCD_REFUND_TOTAL": "300"}.items() == dict(telling.items() - usual.items()).items()
    assert merchant.inquire(paid["PCD_PAY_OID"])["PCD_PAY_STATE"] == "2"


def test_the_ledger_tells_what_went_back_and_why_it_did_not(merchant: Merchant) -> None:
    paid = merchant.paid()
    merchant.cancel(paid, 300)
    merchant.cancel(paid, 800)

    done, refused = [entry for entry in merchant.ledger() if entry["op"] == "cancel"]

    assert (done["effect"], done["amount"], done["oid"]) == ("cancelled", 300, paid["PCD_PAY_OID"])
    assert merchant.ledger()[done["follows"] - 1]["op"] == "auth"
    assert (refused["outcome"], refused["rule"], refused["code"]) == ("refused", "cancel_above_remainder", "PAYC0011")
    assert refused["why"]["en"]
    assert merchant.refund_key not in str(merchant.ledger())


class TestBehindTheShopsBack:
    """POST /_sim/payments/<oid>/cancel: as if in Payple's partner admin."""

    def test_a_part_and_then_the_rest(self, merchant: Merchant) -> None:
        oid = merchant.paid(PCD_PAY_TAXTOTAL="50")["PCD_PAY_OID"]

        assert merchant.order("POST", f"/payments/{oid}/cancel", {"amount": 300})["refunded_total"] == 300
        done = merchant.order("POST", f"/payments/{oid}/cancel", {})

        assert (done["state"], done["refunded_total"]) == ("cancelled", 1000)
        assert merchant.ledger()[-1]["note"] == "done behind the shop's back"

    def test_the_shops_own_cancel_then_finds_less(self, merchant: Merchant) -> None:
        paid = merchant.paid()
        merchant.order("POST", f"/payments/{paid['PCD_PAY_OID']}/cancel", {"amount": 300})

        assert merchant.cancel(paid)["PCD_PAY_CODE"] == "PAYC0011"
        assert merchant.cancel(paid, 700)["PCD_PAY_RST"] == "success"

    @pytest.mark.parametrize(
        ("order", "status"),
        [({"amount": 0}, 400), ({"amount": "1"}, 400), ({"amount": True}, 400), ([], 400), ({"amount": 1001}, 409)],
    )
    def test_a_wrong_order_gets_a_sentence(self, merchant: Merchant, order: object, status: int) -> None:
        oid = merchant.paid()["PCD_PAY_OID"]

        response = merchant.session.post(f"{SIMULATOR}/_sim/payments/{oid}/cancel", json=order)

        assert (response.status_code, merchant.payment(oid)["refunded_total"]) == (status, 0)
        assert response.json()["error"]

    def test_an_unpaid_payment_is_a_404(self, merchant: Merchant) -> None:
        oid = merchant.claim()["PCD_PAY_OID"]

        assert merchant.session.post(f"{SIMULATOR}/_sim/payments/{oid}/cancel", json={}).status_code == 404


def test_the_console_shows_refunds(merchant: Merchant) -> None:
    paid = merchant.paid(PCD_PAY_TYPE="transfer")
    merchant.cancel(paid, 300)

    assert "일부 취소" in merchant.session.get(f"{SIMULATOR}/_sim").text
    assert "환불됨" in merchant.session.get(f"{SIMULATOR}/_sim/story/{paid['PCD_PAY_OID']}").text
