"""The reconciliation page: choose days, watch, see both sums and what differs, repair it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shop import clock
from tests import world as worlds
from tests.page import Page, PageClient
from tests.staff import PASSWORD, paid_order, refund
from tests.world import World

PATH = "/admin/reconciliation"


def start(officer: PageClient, days: int = 0) -> Page:
    """Ask for today, and some days before it."""
    today = clock.korea_date(worlds.now())
    return officer.submit(PATH, {"first": (today - timedelta(days=days)).isoformat(), "last": today.isoformat()})


def swept(world: World) -> None:
    assert world.app.test_cli_runner().invoke(args=["sweep"]).exit_code == 0


def sums(page: Page, side: str) -> list[str]:
    """Number, paid, refunded and net of one side, as the page says them."""
    row = page.text.partition(f'data-side="{side}"')[2].partition("</tr>")[0]
    cells = [cell.partition(">")[2].partition("</td>")[0] for cell in row.split("<td")[1:]]
    return [cell.replace('<span class="money">', "").replace("</span>", "").strip() for cell in cells]


def test_nothing_has_been_reconciled_yet(officer: PageClient) -> None:
    page = officer.get(PATH)

    assert "아직 대사한 기간이 없습니다" in page.text
    assert page.values("reconcile", "type") == ["submit"]


def test_an_honest_day_is_compared_by_the_sweep_and_agrees(world: World, officer: PageClient) -> None:
    for _order in range(2):
        paid_order(world)
    asked = [entry for entry in world.control("GET", "ledger") if entry["op"] == "inquiry"]

    page = start(officer)
    assert page.values("reconciliation", "data-state") == ["open"]
    assert "0 / 2건" in page.text
    assert [entry for entry in world.control("GET", "ledger") if entry["op"] == "inquiry"] == asked

    swept(world)
    page = officer.get(PATH)
    assert page.values("reconciliation", "data-state") == ["finished"]
    assert page.values("difference", "data-kind") == []
    assert sums(page, "ours") == ["2", "20,000원", "0원", "20,000원"]
    assert sums(page, "theirs") == ["2", "20,000원", "알려 주지 않음", "–"]
    assert page.values("conservation", "data-day") == [str(clock.korea_date(worlds.now()))]


def test_a_difference_is_repaired_by_name(world: World, officer: PageClient) -> None:
    world.control("POST", "policy", {"inquiry_shows_refund": "on"})
    order_no = paid_order(world)
    attempt_no = world.order(order_no).attempts[0].attempt_no
    world.control("POST", f"payments/{attempt_no}/cancel", {"amount": 4000})
    start(officer)
    swept(world)
    page = officer.get(PATH)
    assert page.values("difference", "data-kind") == ["refunded"]
    assert page.values("difference", "data-state") == ["open"]
    assert officer.get("/admin/desk").values("desk-row", "data-kind") == ["difference"]

    [address] = page.values("repair", "formaction")
    page = officer.submit(address, {"password": PASSWORD})

    assert page.values("difference", "data-state") == ["repaired"]
    assert "kim" in page.text
    assert world.order(order_no).refunded == 4000
    assert officer.get("/admin/desk").values("desk-row", "data-kind") == []
    again = officer.submit(address, {"password": PASSWORD})
    assert again.values("difference", "data-state") == ["repaired"]


def test_a_refund_without_an_answer_is_told_apart_from_what_surely_went_back(world: World, officer: PageClient) -> None:
    world.control("POST", "policy", {"inquiry_shows_refund": "on"})
    order_no = paid_order(world)
    world.fault("cancel", "lost_answer", phase="after")
    refund(officer, order_no, amount="1000")
    start(officer)
    swept(world)

    text = officer.get(PATH).text

    assert '<span class="money">0원</span> · 결과 모름 1,000원' in text
    assert '<span class="money">1,000원</span>' in text


def test_a_gateway_that_is_silent_has_said_nothing_and_not_none(world: World, officer: PageClient) -> None:
    paid_order(world)
    world.fault("inquiry", "lost_answer", times=50)
    start(officer)
    for _sweep in range(4):
        swept(world)
        world.advance(minutes=2)

    page = officer.get(PATH)

    assert page.values("difference", "data-kind") == ["no_answer"]
    assert '<dd data-field="theirs">답 없음</dd>' in page.text


@pytest.mark.parametrize(
    "days",
    [("2026-11-02", "2026-11-01"), ("2026-10-01", "2026-11-01"), ("", "2026-11-01"), ("gestern", "heute"), ("", "")],
)
def test_days_that_cannot_be_compared_are_refused(officer: PageClient, days: tuple[str, str]) -> None:
    page = officer.submit(PATH, {"first": days[0], "last": days[1]}, 422)

    assert page.values("form-errors", "data-kind") == ["bad"]
    assert page.values("reconciliation", "data-state") == []


def test_asking_twice_for_the_same_days_is_one_comparison(officer: PageClient) -> None:
    assert start(officer).response.request.query_string == start(officer).response.request.query_string


def test_a_comparison_that_is_not_there_is_a_neutral_page(officer: PageClient) -> None:
    officer.get(f"{PATH}?run=4711", 404)


def test_a_difference_of_another_order_cannot_be_reached(world: World, officer: PageClient) -> None:
    order_no = paid_order(world)

    for action in ("repair", "acknowledgement"):
        officer.submit(f"/admin/orders/{order_no}/differences/1/{action}", {"password": PASSWORD}, 404)


def test_the_page_is_in_the_menu_and_reads_well_in_english(world: World, officer: PageClient) -> None:
    assert f'href="{PATH}"' in officer.get("/admin/orders").text
    paid_order(world)
    start(officer, days=3)
    swept(world)

    assert officer.get(PATH + "?lang=en").language == "en"


def test_nobody_reconciles_without_a_sign_in(world: World) -> None:
    visitor = world.browser()

    assert visitor.get(PATH).path == "/admin/login"
    answer = visitor.post(PATH, {"first": "2026-11-01", "last": "2026-11-01", "csrf_token": visitor.csrf_token()})
    assert answer.headers["Location"].startswith("/admin/login")
