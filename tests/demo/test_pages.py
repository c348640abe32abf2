"""The presenter's pages, pressed as a person presses them: nothing is typed."""

from __future__ import annotations

import re

import pytest

from tests.demo.conftest import Demo
from tests.page import Page, PageClient


def press(browser: PageClient, path: str, status: int = 200, **fields: str) -> Page:
    return browser.submit(path, fields, status, page=browser.get("/demo/"))


def test_every_page_leads_to_seven_cards_and_three_personas(demo: Demo) -> None:
    pages = [demo.browser().get(path) for path in ("/", "/cart", "/admin/login", "/demo/states", "/demo/")]
    page = pages[-1]

    assert all('<a class="mode" href="/demo/">' in page.text for page in pages)
    assert len(set(page.values("demo-card", "data-card"))) == 7
    assert page.values("demo-persona", "data-persona") == ["buyer", "staff", "attacker"]


@pytest.mark.parametrize(
    ("card", "state", "chosen"),
    [
        ("popup-card", "awaiting_payment", {"card", "popup", "CERT", "redirect"}),
        ("direct-transfer", "awaiting_payment", {"transfer", "direct", "CERT", "redirect", "y"}),
        ("lost-answer", "awaiting_payment", {"card", "popup", "CERT", "redirect"}),
        ("changed-amount", "awaiting_payment", {"card", "popup", "CERT", "redirect"}),
        ("two-windows", "paid", set()),
    ],
)
def test_a_card_opens_an_order_page_with_its_choices(demo: Demo, card: str, state: str, chosen: set[str]) -> None:
    page = press(demo.browser(), f"/demo/cards/{card}")

    assert page.state == state
    assert {tag["value"] for name, tag in page.tags.all if name == "input" and "checked" in tag} == chosen


def test_the_next_payment_of_the_lost_answer_card_is_lost(demo: Demo) -> None:
    browser = demo.browser()
    press(browser, "/demo/cards/popup-card")
    press(browser, "/demo/cards/lost-answer")
    assert [armed["id"] for armed in demo.control("scenarios/armed")] == ["lost_paid"]

    press(browser, "/demo/cards/popup-card")
    assert demo.control("scenarios/armed") == []


def test_the_changed_amount_went_back_and_so_did_the_second_payment(demo: Demo) -> None:
    for card in ("changed-amount", "two-windows"):
        press(demo.browser(), f"/demo/cards/{card}")

    payments = sorted((row["total"], row["refunded_total"]) for row in demo.control("payments"))
    assert payments == [(1000, 1000), (15000, 0), (15000, 15000)]


def test_the_refund_card_leads_to_a_plan_that_staff_can_send_without_typing(demo: Demo) -> None:
    browser = demo.browser()
    page = press(browser, "/demo/cards/partial-refund")
    fields = {
        tag["name"]: tag.get("value", "") for name, tag in page.tags.all if name == "input" and tag["type"] == "hidden"
    }

    assert page.path.endswith("/refund-plan")
    assert 'name="password"' not in page.text
    sent = browser.submit(page.path.replace("refund-plan", "refunds"), fields, page=page)
    assert sent.state == "partially_refunded"


def test_after_a_reset_personas_see_what_they_may_see(demo: Demo) -> None:
    browser = demo.browser()

    assert "처음 상태로 되돌렸어요" in press(browser, "/demo/reset").text
    assert press(browser, "/demo/personas/staff").path == "/admin/orders"
    history = press(browser, "/demo/personas/buyer")
    assert (history.path, history.text.count('href="/orders/2')) == ("/orders", 5)
    assert browser.get("/admin/orders").path == "/admin/login"
    stranger = browser.post("/demo/personas/attacker", {"csrf_token": browser.csrf_token()})
    browser.get(stranger.headers["Location"], 404)


def test_staff_stay_signed_in_when_a_day_passes(demo: Demo) -> None:
    browser = demo.browser()
    press(browser, "/demo/personas/staff")

    page = press(browser, "/demo/clock/day")

    assert "하루가 지났어요" in page.text
    assert browser.get("/admin/orders").path == "/admin/orders"


@pytest.mark.parametrize("state", ["refunded", "receipt_due"])
def test_a_button_makes_an_order_of_this_browser(demo: Demo, state: str) -> None:
    browser = demo.browser()

    page = press(browser, "/demo/states", state=state, method="card")
    (order_no,) = page.values("demo-made", "data-order")

    assert browser.get(f"/orders/{order_no}").state in ("refunded", "partially_refunded")


def test_the_pages_are_in_english_too(demo: Demo) -> None:
    for path in ("/demo/?lang=en", "/demo/states?lang=en"):
        left = re.sub(r'<a[^>]*lang="ko"[^>]*>[^<]*</a>', "", demo.browser().get(path).text)
        assert not re.search("[가-힣]", left)


@pytest.mark.parametrize("path", ["/demo/cards/nothing", "/demo/personas/king", "/demo/clock/year", "/demo/states"])
def test_what_is_not_there_is_a_404(demo: Demo, path: str) -> None:
    press(demo.browser(), path, 404, state="lost")


def test_the_subscription_card_leads_to_one_subscription_whose_next_month_is_charged(demo: Demo) -> None:
    browser = demo.browser()
    first, again = (press(browser, "/demo/cards/subscription") for _time in range(2))
    press(browser, "/demo/clock/month")

    assert first.path == again.path
    assert browser.get(first.path).values("subscription-month", "data-state") == ["paid", "paid"]
