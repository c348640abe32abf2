"""Finding orders, reading one, taking a list away, and the settlement sheet of a day."""

import csv
import io
import json
import re
from datetime import timedelta

import pytest
import requests

from shop import clock
from shop.db import db
from shop.models import Order
from shop.services import orders, reports
from shop.services.orders import OrderFilter
from shop.views.admin import reports as admin_reports
from tests.page import Page, PageClient
from tests.payer import set_body
from tests.staff import paid_order, refund
from tests.world import World


def found(browser: PageClient, query: str = "") -> list[str]:
    return browser.get(f"/admin/orders{query}").values("order-row", "data-order")


def test_every_page_of_the_area_is_well_made_in_both_languages(world: World, officer: PageClient) -> None:
    card, transfer = paid_order(world), paid_order(world, method="transfer", cash_receipt="y")
    refund(officer, card, amount="1000")
    world.fault("cancel", "lost_answer", phase="after", times=1)
    refund(officer, transfer, amount="1000")
    world.browser().place_order()

    for language in ("ko", "en"):
        officer.get(f"/admin/orders?lang={language}")
        for path in ("orders", f"orders/{card}", f"orders/{transfer}", "desk", "settlement", "login"):
            page = officer.get(f"/admin/{path}")
            assert page.language == language


@pytest.mark.both_engines
def test_orders_are_found_by_number_name_phone_state_and_trade_date(world: World, officer: PageClient) -> None:
    buyer = world.browser()
    mine = buyer.place_order(payer_name="이나직", payer_phone="010-2222-3333")
    paid = paid_order(world)
    attempt = world.order(paid).paid_attempt
    assert attempt is not None
    today = clock.korea_date(clock.now())

    assert found(officer) == [paid, mine]
    assert found(officer, f"?q={mine}") == [mine]
    assert found(officer, f"?q={mine.lower()}") == [mine]
    assert found(officer, "?q=이나직") == [mine]
    assert found(officer, "?q=3333") == [mine]
    assert found(officer, "?q=010-2222-3333") == [mine]
    assert found(officer, "?q=010-9999-3333") == []
    assert found(officer, f"?q={attempt.attempt_no}") == [paid]
    assert found(officer, "?state=paid") == [paid]
    assert found(officer, "?state=awaiting_payment&q=이나직") == [mine]
    assert found(officer, f"?date={today}") == [paid]
    assert found(officer, f"?date={today - timedelta(days=1)}") == []
    assert found(officer, "?q=%25") == []


@pytest.mark.parametrize("query", ["state=everything", "date=2026-13-40", "date=yesterday", "q=" + "a" * 61])
def test_an_unknown_filter_is_an_error_and_not_a_default(officer: PageClient, query: str) -> None:
    assert officer.get(f"/admin/orders?{query}", 422).values("order-row", "data-order") == []


def test_pages_follow_each_other_without_gaps(
    world: World, officer: PageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orders, "STAFF_PAGE_SIZE", 2)
    placed = [world.browser().place_order() for _number in range(5)]

    first = officer.get("/admin/orders")
    [more] = [tag["href"] for _name, tag in first.tags.all if tag.get("data-testid") == "next-page"]
    world.browser().place_order()
    second = officer.get(more)
    [more] = [tag["href"] for _name, tag in second.tags.all if tag.get("data-testid") == "next-page"]
    third = officer.get(more)

    shown = [number for page in (first, second, third) for number in page.values("order-row", "data-order")]
    assert shown == placed[::-1]
    assert third.values("next-page", "href") == []


def test_every_way_of_searching_has_its_index(world: World) -> None:
    """Read from the engine's own plan: no search walks through all orders."""
    today = clock.korea_date(clock.now())
    searches = [
        OrderFilter("20260101-AAAAAAAA"),
        OrderFilter("20260101_AAAAAAAAAAAAAAAAAAAA"),
        OrderFilter("홍길동"),
        OrderFilter("5678"),
        OrderFilter("01012345678"),
        OrderFilter(trade_date=today),
    ]
    for wanted in searches:
        plan = explain(wanted)
        assert not [line for line in plan if line.startswith("SCAN orders")], (wanted, plan)
        assert not [line for line in plan if line.startswith("SCAN attempts")], (wanted, plan)


def explain(wanted: OrderFilter) -> list[str]:
    statement = orders._query(wanted, None).limit(51)
    text = str(statement.compile(db.engine, compile_kwargs={"literal_binds": True}))
    rows = db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {text}")
    return [str(row[3]) for row in rows]


def test_an_order_page_tells_what_happened_in_order_and_hides_the_phone(world: World, officer: PageClient) -> None:
    order_no = paid_order(world)
    refund(officer, order_no, amount="1000")

    page = officer.get(f"/admin/orders/{order_no}")

    events = page.values("journal-entry", "data-event")
    wanted = [
        "order_placed",
        "attempt_started",
        "confirming",
        "confirm",
        "paid",
        "refund_reserved",
        "refund",
        "refund_done",
    ]
    assert [event for event in events if event in wanted] == wanted
    assert "010-****-5678" in page.text
    assert "1234" not in page.text.replace(order_no, "")[: page.text.find("journal-title")]
    assert page.values("attempt-row", "data-state") == ["paid"]


def test_an_unknown_order_is_a_neutral_page(officer: PageClient) -> None:
    for number in ("20260101-AAAAAAAA", "x", "a" * 500):
        officer.get(f"/admin/orders/{number}", 404)


def test_asking_again_settles_what_is_open(world: World, officer: PageClient) -> None:
    buyer = world.browser()
    order_no = buyer.place_order()
    opening = buyer.start_attempt(order_no)
    claim = world.payer().pay(opening["fields"], scenario="lost_paid")
    world.deliver(claim)
    world.advance(minutes=11)
    assert officer.get("/admin/desk").values("desk-row", "data-kind") == ["attempt"]
    page = officer.get(f"/admin/orders/{order_no}")
    [action] = [form.attributes["action"] for form in page.tags.forms if "inquiry" in form.attributes["action"]]

    assert officer.submit(action, {}).state == "paid"
    assert officer.get("/admin/desk").values("desk-row", "data-kind") == []


@pytest.mark.both_engines
def test_due_work_runs_at_the_press_of_a_button(world: World, officer: PageClient) -> None:
    """A full refund whose answer was lost is repeated by the shop, not by a person."""
    order_no = paid_order(world)
    world.fault("cancel", "lost_answer", phase="after", times=1)
    refund(officer, order_no)
    assert officer.get("/admin/desk").values("desk-row", "data-state") == ["unknown"]
    assert officer.get("/admin/desk").values("was-refunded", "value") == []

    world.advance(minutes=1)
    page = officer.submit("/admin/desk/run", {})

    assert page.values("desk-row", "data-state") == []
    assert officer.get(f"/admin/orders/{order_no}").state == "refunded"


def test_money_that_fits_no_order_goes_back_and_the_buyer_is_told(world: World, officer: PageClient) -> None:
    buyer = world.browser()
    order_no = buyer.place_order()
    first, second = buyer.start_attempt(order_no, work="PAY"), buyer.start_attempt(order_no, work="PAY")
    world.deliver(world.payer().pay(first["fields"]))
    world.deliver(world.payer().pay(second["fields"]))
    assert "1,000원이 한 번 더 결제됐어요" in buyer.get(f"/orders/{order_no}").text

    world.advance(minutes=2)
    officer.submit("/admin/desk/run", {})

    assert "모두 돌려 드렸어요" in buyer.get(f"/orders/{order_no}").text
    assert officer.get("/admin/desk").values("desk-row", "data-state") == []
    rows = officer.get(f"/admin/orders/{order_no}").values("refund-row", "data-state")
    assert rows == ["done"]


def paid_with(world: World, discount: str) -> str:
    """An order of 10,000 won whose payment the gateway calls 9,900 won and so much discount."""

    def answered(response: requests.Response, **_: object) -> None:
        if "PayCardConfirmAct" in (response.request.url or ""):
            told = response.json() | {"PCD_PAY_AMOUNT_REAL": "9900", "PCD_PAY_DISCOUNT": discount}
            set_body(response, json.dumps(told).encode())

    world.gateway.hooks["response"].append(answered)
    order_no = paid_order(world)
    world.gateway.hooks["response"].remove(answered)
    return order_no


@pytest.mark.both_engines
def test_the_settlement_sheet_adds_up(world: World, officer: PageClient) -> None:
    card, transfer = paid_order(world), paid_order(world, method="transfer", quantity=5)
    refund(officer, card, amount="3000")
    refund(officer, transfer)
    day = clock.korea_date(clock.now())

    sheet = reports.settlement_sheet(day)

    sums = {method.value: (each.approved, each.refunded, each.net) for method, each in sheet.by_method.items()}
    assert sums == {"card": (10000, 3000, 7000), "transfer": (5000, 5000, 0)}
    assert (sheet.total.approved, sheet.total.refunded, sheet.total.net) == (15000, 8000, 7000)
    assert sheet.total.net == sum(line.amount for line in sheet.lines)
    payments = world.control("GET", "payments")
    assert sheet.total.net == sum(int(row["total"]) - int(row["refunded_total"]) for row in payments)
    page = officer.get(f"/admin/settlement?date={day}")
    assert len(page.values("sheet-line", "data-testid")) == 4
    assert "7,000원" in page.text


def test_a_refund_of_the_next_day_stands_on_the_next_days_sheet(world: World, officer: PageClient) -> None:
    order_no = paid_order(world)
    world.advance(hours=9)
    refund(officer, order_no, amount="1000")
    day = clock.korea_date(clock.now())
    paid = world.order(order_no).paid_attempt
    assert paid is not None

    days = {line.at: line.amount for line in reports.settlement_sheet(day).lines}

    assert -1000 in days.values()
    assert (10000 in days.values()) == (paid.trade_date == day)


@pytest.mark.parametrize("date", ["", "2026-02-30", "today"])
def test_a_day_that_is_none_is_refused(officer: PageClient, date: str) -> None:
    officer.get(f"/admin/settlement?date={date}", 422)


def test_old_orders_can_be_found_by_their_phone_end(world: World) -> None:
    order_no = world.browser().place_order()

    assert db.session.query(Order).filter(Order.phone_end == "5678").one().order_no == order_no


def test_the_settlement_sheet_can_be_downloaded_as_csv(world: World, officer: PageClient) -> None:
    order_no = paid_order(world)
    refund(officer, order_no, amount="1000")
    day = world.order(order_no).attempts[0].trade_date

    response = officer.open(f"/admin/settlement.csv?date={day}")

    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Content-Disposition"] == f'attachment; filename="settlement-{day}.csv"'
    assert response.text.startswith("\ufeff")
    head, *rows = csv.reader(io.StringIO(response.text.removeprefix("\ufeff")))
    lines = [dict(zip(head, row, strict=True)) for row in rows]
    assert [(line["구분"], line["주문번호"], line["금액"]) for line in lines] == [
        ("승인", order_no, "10000"),
        ("환불", order_no, "-1000"),
    ]
    officer.get("/admin/settlement.csv?date=yesterday", 422)


def compare_address(page: Page) -> dict[str, str]:
    """What the button of the comparison sends."""
    form = page.text.partition('action="/admin/settlement/comparison"')[2].partition("</form>")[0]
    return dict(re.findall(r'name="(date|after)" value="([^"]*)"', form))


def test_a_press_compares_some_payments_with_the_gateway_and_the_next_press_goes_on(
    world: World, officer: PageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin_reports, "COMPARED_AT_ONCE", 2)
    orders = [paid_order(world) for _ in range(3)]
    attempt = world.order(orders[2]).attempts[0]
    attempt.charged_amount = 9_000
    db.session.commit()
    asked = len(world.asked("inquiry"))
    sheet = officer.get("/admin/settlement")
    assert (len(world.asked("inquiry")), sheet.values("comparison", "data-left")) == (asked, [])

    first = officer.get("/admin/settlement/comparison", query_string=compare_address(sheet))
    second = officer.get("/admin/settlement/comparison", query_string=compare_address(first))

    assert (first.values("comparison", "data-left"), first.values("difference", "data-kind")) == (["1"], [])
    assert second.values("comparison", "data-left") == ["0"]
    assert second.values("difference", "data-kind") == ["amount"]
    assert second.values("difference", "data-order") == [orders[2]]
    assert "9,000원" in second.text


@pytest.mark.parametrize("form", [{}, {"date": "today"}, {"date": "2026-02-30"}])
def test_a_day_that_is_none_is_not_compared(officer: PageClient, form: dict[str, str]) -> None:
    officer.get("/admin/settlement/comparison", 422, query_string=form)


def test_the_old_address_of_the_comparison_leads_to_the_settlement_sheet(officer: PageClient) -> None:
    assert officer.get("/admin/reconciliation").path == "/admin/settlement"


def test_nobody_compares_without_a_sign_in(world: World) -> None:
    visitor = world.browser()
    form = {"date": "2026-11-01", "csrf_token": visitor.csrf_token()}

    assert (
        visitor.open("/admin/settlement/comparison", query_string=form).headers["Location"].startswith("/admin/login")
    )
