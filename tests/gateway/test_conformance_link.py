"""Payment links: registered by a server, paid by whoever has the address."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.gateway.merchant import Merchant
from tests.payer import Page, Window

LINK = {"PCD_PAY_WORK": "LINKREG"}


def register(merchant: Merchant, **changes: str) -> dict[str, str]:
    """Register a link; a blank change leaves its field out."""
    fields = {"PCD_PAY_TYPE": "transfer+card", "PCD_PAY_GOODS": "강의", "PCD_PAY_TOTAL": "15000"}
    return merchant.call(LINK, **LINK | fields | changes)


def visit(merchant: Merchant, link: dict[str, str]) -> Page:
    """What somebody sees who opens the link."""
    return Page(merchant.session.get(link["PCD_LINK_URL"]))


def choose(merchant: Merchant, link: dict[str, str], method: str) -> Window:
    """Press the button of a method; the window opens in its place."""
    form = visit(merchant, link).form_with(f"link-pay-{method}")
    return Window(merchant.session, merchant.session.post(form.action, data=form.fields))


def test_a_link_is_registered(merchant: Merchant) -> None:
    """PCD_LINK_KEY and PCD_LINK_URL (링크결제 API)."""
    link = register(merchant, PCD_LINK_EXPIREDATE="2099123123")

    assert (link["PCD_LINK_RST"], link["PCD_LINK_MSG"]) == ("success", "링크생성이 완료되었습니다.")
    assert link["PCD_LINK_URL"] == f"{merchant.origin}/php/link/?SID={link['PCD_LINK_KEY']}"
    assert (link["PCD_PAY_GOODS"], link["PCD_PAY_TOTAL"], link["PCD_PAY_WORK"]) == ("강의", "15000", "LINKREG")
    assert link["PCD_LINK_EXPIREDATE"] == "2099123123"
    assert not [name for name in link if name in ("PCD_AUTH_KEY", "PCD_CST_ID", "PCD_CUST_KEY")]


@pytest.mark.parametrize(
    ("kind", "version", "choices"),
    [
        ("card", "", {"card"}),
        ("card", "02", {"app_card"}),
        ("transfer", "01", {"transfer"}),
        ("transfer|card", "01+02", {"card", "app_card", "transfer"}),
        ("card|transfer", "01", {"card", "transfer"}),
        ("transfer+card", "02|01", {"card", "app_card", "transfer"}),
        ("card+transfer", "", {"card", "transfer"}),
    ],
)
def test_the_page_offers_what_was_registered(merchant: Merchant, kind: str, version: str, choices: set[str]) -> None:
    """Card, app card, transfer, or several, as the samples' forms send them (링크결제 API; official samples)."""
    page = visit(merchant, register(merchant, PCD_PAY_TYPE=kind, PCD_CARD_VER=version))

    assert {name.removeprefix("link-pay-") for form in page.forms for name in form.buttons} == choices
    assert (page.texts["link-goods"], page.texts["link-amount"]) == ("강의", "15,000원")


@pytest.mark.parametrize(("choice", "method"), [("card", "card"), ("app_card", "card"), ("transfer", "transfer")])
def test_the_window_opens_and_takes_the_money(merchant: Merchant, choice: str, method: str) -> None:
    """The window behind the link is a payment window (링크결제 API)."""
    window = choose(merchant, register(merchant, PCD_CARD_VER="01+02"), choice)
    assert (window.amount, window.goods) == ("15,000원", "강의")

    done = window.approve()

    assert "link-paid" in done.page.texts
    assert done.result is None
    (payment,) = merchant.order("GET", "/payments")
    assert (payment["type"], payment["state"], payment["total"]) == (method, "approved", 15000)
    assert merchant.inquire(payment["oid"], method)["PCD_PAY_RST"] == "success"


def test_every_visit_is_a_payment_of_its_own(merchant: Merchant) -> None:
    """A link may be paid many times (undocumented: our choice)."""
    link = register(merchant)

    for _ in range(2):
        choose(merchant, link, "card").approve()

    assert len({payment["oid"] for payment in merchant.order("GET", "/payments")}) == 2


def test_who_closes_the_window_may_come_again(merchant: Merchant) -> None:
    """Closing spends nothing (undocumented: our choice)."""
    link = register(merchant)
    choose(merchant, link, "card").close()

    assert "link-paid" in choose(merchant, link, "card").approve().page.texts


def test_a_transfer_asks_about_the_receipt(merchant: Merchant) -> None:
    """PCD_TAXSAVE_FLAG of the registration (official samples)."""
    window = choose(merchant, register(merchant, PCD_TAXSAVE_FLAG="Y"), "transfer")

    assert "link-paid" in window.approve().ask_for_receipt().page.texts


def test_after_the_payment_it_goes_on(merchant: Merchant) -> None:
    """PCD_LINK_URL of the registration (official samples)."""
    link = register(merchant, PCD_LINK_URL="https://shop.example/thanks")

    done = choose(merchant, link, "card").approve()

    assert "link-on" in done.page.texts


def test_a_link_expires_on_the_hour_in_korea(merchant: Merchant) -> None:
    """PCD_LINK_EXPIREDATE, yyyyMMddHH (링크결제 API)."""
    now = datetime.fromisoformat(merchant.order("GET", "/clock")["now"])
    link = register(merchant, PCD_LINK_EXPIREDATE=(now + timedelta(hours=2)).strftime("%Y%m%d%H"))
    form = visit(merchant, link).form_with("link-pay-card")
    merchant.order("POST", "/clock", {"advance": 2 * 3600})

    page = visit(merchant, link)

    assert (page.status, "link-over" in page.texts, page.forms) == (410, True, [])
    assert merchant.session.post(form.action, data=form.fields).status_code == 410
    assert merchant.order("GET", "/payments") == []


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"PCD_PAY_TYPE": "cash"}, "link_malformed"),
        ({"PCD_PAY_TYPE": "card|cash"}, "link_malformed"),
        ({"PCD_CARD_VER": "03"}, "link_malformed"),
        ({"PCD_PAY_TYPE": ""}, "link_malformed"),
        ({"PCD_PAY_GOODS": ""}, "link_malformed"),
        ({"PCD_PAY_TOTAL": ""}, "link_malformed"),
        ({"PCD_PAY_TOTAL": "999"}, "link_malformed"),
        ({"PCD_PAY_TAXTOTAL": "15000"}, "link_malformed"),
        ({"PCD_LINK_EXPIREDATE": "2020010100"}, "link_expiry_wrong"),
        ({"PCD_LINK_EXPIREDATE": "tomorrow"}, "link_expiry_wrong"),
        ({"PCD_LINK_EXPIREDATE": "209901010"}, "link_expiry_wrong"),
        ({"PCD_LINK_URL": "javascript:alert(1)"}, "link_url_wrong"),
        ({"PCD_AUTH_KEY": "made up"}, "token_unknown"),
    ],
)
def test_a_wrong_registration_is_refused(merchant: Merchant, changes: dict[str, str], rule: str) -> None:
    """Method, goods, amount, tax, expiry, address, tokens (링크결제 API)."""
    answer = register(merchant, **changes)

    assert (answer["PCD_LINK_RST"], "PCD_LINK_URL" in answer) == ("error", False)
    merchant.broke(rule)


@pytest.mark.parametrize("sid", ["", "nothing"])
def test_an_unknown_link_is_a_404(merchant: Merchant, sid: str) -> None:
    """No page for a key that was never given out (undocumented: our choice)."""
    assert merchant.session.get(f"{merchant.origin}/php/link/", params={"SID": sid}).status_code == 404


def test_a_method_that_is_not_offered_opens_nothing(merchant: Merchant) -> None:
    """The payer chooses among what was registered (링크결제 API)."""
    link = register(merchant, PCD_PAY_TYPE="card")

    response = merchant.session.post(link["PCD_LINK_URL"], data={"method": "transfer"})

    assert "link-pay-card" in response.text
    assert merchant.order("GET", "/payments") == []


def test_markup_stays_text(merchant: Merchant) -> None:
    """PCD_PAY_GOODS is shown, not run (undocumented: our choice)."""
    link = register(merchant, PCD_PAY_GOODS="<script>alert(1)</script>")

    assert "<script>alert" not in merchant.session.get(link["PCD_LINK_URL"]).text
