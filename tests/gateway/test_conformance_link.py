"""Payment links: registered by a server, paid by whoever has the address."""

from datetime import datetime, timedelta

import pytest

from tests.gateway.merchant import Fields, Merchant
from tests.payer import Page, Window

LINK = {"PCD_PAY_WORK": "LINKREG"}
GOODS = {"PCD_PAY_TYPE": "transfer+card", "PCD_PAY_GOODS": "강의", "PCD_PAY_TOTAL": "15000"}


def register(merchant: Merchant, **changes: str) -> Fields:
    """A blank change leaves its field out."""
    return merchant.call(LINK, **LINK | GOODS | changes)


def visit(merchant: Merchant, link: Fields) -> Page:
    return Page(merchant.session.get(link["PCD_LINK_URL"]))


def choose(merchant: Merchant, link: Fields, method: str = "card") -> Window:
    """Press the button of a method; the window opens in its place."""
    form = visit(merchant, link).form_with(f"link-pay-{method}")
    return Window(merchant.session, merchant.session.post(form.action, data=form.fields))


# 링크결제 API.
def test_a_link_is_registered(merchant: Merchant) -> None:
    link = register(merchant, PCD_LINK_EXPIREDATE="2099123123")

    assert (link["PCD_LINK_RST"], link["PCD_LINK_MSG"]) == ("success", "링크생성이 완료되었습니다.")
    assert link["PCD_LINK_URL"] == f"{merchant.origin}/php/link/?SID={link['PCD_LINK_KEY']}"
    assert (link["PCD_PAY_GOODS"], link["PCD_PAY_TOTAL"], link["PCD_PAY_WORK"]) == ("강의", "15000", "LINKREG")
    assert link["PCD_LINK_EXPIREDATE"] == "2099123123"
    assert not {"PCD_AUTH_KEY", "PCD_CST_ID", "PCD_CUST_KEY"} & set(link)


@pytest.mark.parametrize(
    ("kind", "version", "choices"),
    [
        ("card", "01", {"card"}),
        ("card", "02", {"app_card"}),
        ("transfer", "01", {"transfer"}),
        ("transfer|card", "01+02", {"card", "app_card", "transfer"}),
        ("transfer|card", "", {"card", "app_card", "transfer"}),
        ("card|transfer", "01", {"card", "transfer"}),
        ("transfer+card", "02|01", {"card", "app_card", "transfer"}),
    ],
)
def test_the_page_offers_what_was_registered(merchant: Merchant, kind: str, version: str, choices: set[str]) -> None:
    link = register(merchant, PCD_PAY_TYPE=kind, PCD_CARD_VER=version)
    page = visit(merchant, link)

    assert {name.removeprefix("link-pay-") for form in page.forms for name in form.buttons} == choices
    assert (page.texts["link-goods"], page.texts["link-amount"]) == ("강의", "15,000원")
    merchant.session.post(link["PCD_LINK_URL"], data={"method": "cash"})
    assert merchant.payments() == []


@pytest.mark.parametrize(("choice", "method"), [("card", "card"), ("app_card", "card"), ("transfer", "transfer")])
def test_the_window_behind_a_link_takes_the_money(merchant: Merchant, choice: str, method: str) -> None:
    window = choose(merchant, register(merchant, PCD_CARD_VER="01+02"), choice)
    assert (window.amount, window.goods) == ("15,000원", "강의")

    done = window.approve()

    assert ("link-paid" in done.page.texts, done.result) == (True, None)
    (payment,) = merchant.payments()
    assert (payment["type"], payment["state"], payment["total"]) == (method, "approved", 15000)
    assert merchant.inquire(payment["oid"], method)["PCD_PAY_RST"] == "success"


# Official samples. The form of the oldest one offers months of one digit.
def test_a_link_of_a_monthly_payment_tells_its_month(merchant: Merchant) -> None:
    month = {"PCD_REGULER_FLAG": "Y", "PCD_PAY_YEAR": "2026", "PCD_PAY_MONTH": "9"}

    assert register(merchant, **month).items() >= month.items()


def test_a_link_expires_on_the_hour_in_korea(merchant: Merchant) -> None:
    now = datetime.fromisoformat(merchant.order("GET", "/clock")["now"])
    link = register(merchant, PCD_LINK_EXPIREDATE=(now + timedelta(hours=2)).strftime("%Y%m%d%H"))
    form = visit(merchant, link).form_with("link-pay-card")
    merchant.advance(2 * 3600)

    page = visit(merchant, link)

    assert (page.status, "link-over" in page.texts, page.forms) == (410, True, [])
    assert merchant.session.post(form.action, data=form.fields).status_code == 410
    assert merchant.payments() == []


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"PCD_PAY_TYPE": "card|cash"}, "link_malformed"),
        ({"PCD_PAY_GOODS": ""}, "link_malformed"),
        ({"PCD_PAY_TOTAL": "999"}, "link_malformed"),
        ({"PCD_PAY_TAXTOTAL": "15000"}, "link_malformed"),
        ({"PCD_LINK_EXPIREDATE": "2020010100"}, "link_expiry_wrong"),
        ({"PCD_LINK_EXPIREDATE": "tomorrow"}, "link_expiry_wrong"),
        ({"PCD_LINK_URL": "javascript:alert(1)"}, "link_url_wrong"),
        ({"PCD_AUTH_KEY": "made up"}, "token_unknown"),
    ],
)
def test_a_wrong_registration_is_refused(merchant: Merchant, changes: Fields, rule: str) -> None:
    answer = register(merchant, **changes)

    assert (answer["PCD_LINK_RST"], "PCD_LINK_URL" in answer) == ("error", False)
    merchant.broke(rule)


# Official samples.
def test_a_link_may_ask_about_a_receipt_and_lead_on_after_the_payment(merchant: Merchant) -> None:
    link = register(merchant, PCD_TAXSAVE_FLAG="Y", PCD_LINK_URL="https://shop.example/thanks")

    done = choose(merchant, link, "transfer").approve().ask_for_receipt()

    assert {"link-paid", "link-on"} <= set(done.page.texts)


# Undocumented: our choice.
def test_a_link_may_be_closed_and_paid_many_times(merchant: Merchant) -> None:
    link = register(merchant)
    choose(merchant, link).close()

    for _ in range(2):
        choose(merchant, link).approve()

    assert [payment["state"] for payment in merchant.payments()].count("approved") == 2


def test_an_unknown_link_is_a_404_and_markup_stays_text(merchant: Merchant) -> None:
    link = register(merchant, PCD_PAY_GOODS="<script>alert(1)</script>")

    assert merchant.session.get(f"{merchant.origin}/php/link/", params={"SID": "nothing"}).status_code == 404
    assert "<script>alert" not in merchant.session.get(link["PCD_LINK_URL"]).text
