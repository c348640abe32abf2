"""Refunds that happen at once or unknown to the shop, and what a refund does to a cash receipt."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.gateway.merchant import Fields, Merchant


@pytest.fixture
def receipted(merchant: Merchant) -> Fields:
    """A transfer with the receipt that the payer asked for in the window."""
    return merchant.paid(PCD_PAY_TYPE="transfer", PCD_TAXSAVE_FLAG="Y")


def cancel_in_admin(merchant: Merchant, paid: Fields, **order: int) -> None:
    """As if in Payple's partner admin, unknown to the shop."""
    merchant.order("POST", f"/payments/{paid['PCD_PAY_OID']}/cancel", order)


def test_a_confirmed_card_has_a_sales_slip_at_an_unguessable_address(merchant: Merchant) -> None:
    paid = merchant.confirmed()

    slip = merchant.session.get(paid["PCD_PAY_CARDRECEIPT"]).text

    assert paid["PCD_PAY_CARDAUTHNO"] in slip
    assert "시뮬레이터" in slip
    assert merchant.session.get(f"{merchant.origin}/slip/guess").status_code == 404


def test_cancels_at_the_same_time_do_not_overrun(merchant: Merchant) -> None:
    paid = merchant.paid()

    with ThreadPoolExecutor(6) as pool:
        codes = list(pool.map(lambda _: merchant.cancel(paid, 300)["PCD_PAY_CODE"], range(6)))

    assert sorted(codes) == ["PAYC0000"] * 3 + ["PAYC0011"] * 3
    assert merchant.refunded(paid)[1] == 900


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


def test_a_refund_unknown_to_the_shop_leaves_less_for_its_own(merchant: Merchant) -> None:
    paid = merchant.paid()
    cancel_in_admin(merchant, paid, amount=300)

    assert merchant.ledger()[-1]["note"] == "done behind the shop's back"
    assert merchant.cancel(paid)["PCD_PAY_CODE"] == "PAYC0011"
    assert merchant.cancel(paid, 600)["PCD_PAY_RST"] == "success"
    cancel_in_admin(merchant, paid)
    assert merchant.refunded(paid) == ("cancelled", 1000)


@pytest.mark.parametrize(("amount", "after"), [(1000, ("cancelled", 0)), (300, ("issued", 700))])
def test_a_refund_cancels_or_reduces_the_receipt(
    merchant: Merchant, receipted: Fields, amount: int, after: tuple[str, int]
) -> None:
    done = merchant.cancel(receipted, amount)

    assert (done["PCD_TAXSAVE_RST"], done["PCD_TAXSAVE_MSG"]) == ("0000", "현금영수증 발행취소 성공")
    assert merchant.cash_receipt(receipted) == after


def test_a_smaller_receipt_stays_as_long_as_it_fits(merchant: Merchant) -> None:
    paid = merchant.paid(PCD_PAY_TYPE="transfer")
    merchant.receipt("TSREG", paid, PCD_TAXSAVE_AMOUNT="500")

    merchant.cancel(paid, 300)

    assert merchant.cash_receipt(paid) == ("issued", 500)


@pytest.mark.parametrize(("switch", "code"), [("fail", "0000"), ("fail_for_good", "-10002122")])
def test_a_failed_receipt_stops_no_refund(merchant: Merchant, receipted: Fields, switch: str, code: str) -> None:
    merchant.policy(receipt_on_refund=switch)

    done = merchant.cancel(receipted, 300)

    assert (done["PCD_PAY_RST"], done["PCD_TAXSAVE_RST"]) == ("success", "-10002122")
    assert merchant.cash_receipt(receipted) == ("issued", 1000)
    assert merchant.receipt("TSCANCEL", receipted)["PCD_PAY_CODE"] == "-10002122"
    merchant.broke("receipt_cancel_blocked")
    merchant.advance(24 * 3600)
    assert merchant.receipt("TSCANCEL", receipted)["PCD_PAY_CODE"] == code


def test_a_refund_unknown_to_the_shop_takes_the_receipt_too(merchant: Merchant) -> None:
    """Also while the window still waits for the wish of a receipt."""
    window = merchant.open(PCD_PAY_TYPE="transfer", PCD_PAY_WORK="PAY", PCD_TAXSAVE_FLAG="Y").approve()
    paid = {"PCD_PAY_OID": merchant.payments()[0]["oid"]}
    cancel_in_admin(merchant, paid, amount=400)
    window.ask_for_receipt()
    assert merchant.cash_receipt(paid) == ("issued", 600)

    cancel_in_admin(merchant, paid, amount=100)

    assert merchant.cash_receipt(paid) == ("issued", 500)


def test_the_ledger_tells_the_story_of_a_receipt(merchant: Merchant, receipted: Fields) -> None:
    merchant.cancel(receipted, 300)
    merchant.receipt("TSCANCEL", receipted)
    merchant.receipt("TSREG", receipted)

    assert [(entry["effect"], entry["amount"]) for entry in merchant.ledger() if "receipt" in entry["effect"]] == [
        ("receipt_issued", 1000),
        ("receipt_reduced", 700),
        ("receipt_cancelled", 700),
        ("receipt_issued", 700),
    ]
