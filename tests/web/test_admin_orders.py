"""Finding orders, reading one, and the settlement sheet of a day."""

import csv
import io
import re
from datetime import timedelta
from urllib.parse import quote

import pytest

from shop import clock
from shop.db import db
from shop.models import Order
from shop.services import orders, reports
from shop.services.orders import OrderFilter
from shop.views.admin import reports as admin_reports
from tests.page import Page, PageClient
from tests.staff import paid_order, refund, sign_in
from tests.world import World


def found(page: Page) -> list[str]:
    return page.values("order-row", "data-order")


def test_every_staff_page_in_both_languages(world: World, officer: PageClient, order_no: str) -> None:
    card, transfer = paid_order(world), paid_order(world, method="transfer", cash_receipt="y")
    refund(officer, card, amount="1000")
    world.fault("cancel", "lost_answer", phase="after")
    refund(officer, transfer, amount="1000")

    for language in ("ko", "en"):
        officer.get(f"/admin/orders?lang={language}")
        for path in ("orders", f"orders/{card}", f"orders/{transfer}", "desk", "settlement", "login"):
            assert officer.get(f"/admin/{path}").language == language


@pytest.mark.stricter_engine
def test_orders_are_found_by_number_name_phone_state_and_trade_date(world: World, officer: PageClient) -> None:
    mine = world.browser().place_order(payer_name="이나직", payer_phone="010-2222-3333")
    paid = paid_order(world)
    today = clock.korea_date(clock.now())
    searches = {
        "": [paid, mine],
        **{f"q={words}": [mine] for words in (mine, mine.lower(), "이나직", "3333", "010-2222-3333")},
        **{
            f"q={quote(pasted)}": [mine]
            for pasted in ("+82 10-2222-3333", f"https://shop.example.kr/orders/{mine}?a=1")
        },
        "q=010-9999-3333": [],
        f"q={world.order(paid).attempts[0].attempt_no}": [paid],
        "state=paid": [paid],
        "state=awaiting_payment&q=이나직": [mine],
        f"date={today}": [paid],
        f"date={today - timedelta(days=1)}": [],
        "q=%25": [],
    }

    for query, expected in searches.items():
        assert found(officer.get(f"/admin/orders?{query}")) == expected, query


def test_the_last_digits_of_a_phone_number_are_searched_as_they_are(world: World, officer: PageClient) -> None:
    """Alone they may look like the beginning of a number of any country."""
    for ending in ("0000", "0123", "8210"):
        order_no = world.browser().place_order(payer_phone=f"010-2222-{ending}")

        assert found(officer.get(f"/admin/orders?q={ending}")) == [order_no], ending


def test_an_unknown_filter_day_or_order_is_an_error_and_not_a_default(officer: PageClient) -> None:
    for query in ("state=everything", "state=%20", "date=2026-13-40", "date=yesterday", "q=" + "a" * 201):
        assert found(officer.get(f"/admin/orders?{query}", 422)) == [], query
    for day in ("", "2026-02-30", "today"):
        for path in ("settlement", "settlement.csv", "settlement/comparison"):
            officer.get(f"/admin/{path}?date={day}", 422)
    for number in ("20260101-AAAAAAAA", "x", "a" * 500):
        officer.get(f"/admin/orders/{number}", 404)


def test_pages_follow_each_other_without_gaps(
    world: World, officer: PageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orders, "STAFF_PAGE_SIZE", 2)
    placed = [world.browser().place_order() for _number in range(5)]

    pages = [officer.get("/admin/orders")]
    for _page in range(2):
        world.browser().place_order()
        pages.append(officer.get(pages[-1].link(**{"data-testid": "next-page"})))

    assert [number for page in pages for number in found(page)] == placed[::-1]
    assert not pages[-1].has("next-page")


def test_a_search_reads_an_index_and_not_all_orders(world: World) -> None:
    for words in ("20260101-AAAAAAAA", "20260101_AAAAAAAAAAAAAAAAAAAA", "홍길동", "5678", "01012345678"):
        statement = orders._matching(OrderFilter(words)).order_by(Order.id.desc()).limit(51)
        text = str(statement.compile(db.engine, compile_kwargs={"literal_binds": True}))

        plan = [str(row[3]) for row in db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {text}")]

        assert [line for line in plan if line.startswith(("SCAN orders", "SCAN attempts"))] == [], words


def test_an_order_page_tells_what_happened_and_hides_the_phone(world: World, officer: PageClient) -> None:
    order_no = paid_order(world)
    refund(officer, order_no, amount="1000")

    page = officer.get(f"/admin/orders/{order_no}")

    story = ["order_placed", "attempt_started", "confirming", "confirm", "paid"]
    story += ["refund_reserved", "refund", "refund_done"]
    assert [event for event in page.values("journal-entry", "data-event") if event in story] == story
    assert "010-****-5678" in page.text
    assert "010-1234-5678" not in page.text
    assert "01012345678" not in page.text
    assert page.values("attempt-row", "data-state") == ["paid"]
    assert 'journal-event"><code>' not in page.text, "an event without a name"


@pytest.mark.stricter_engine
def test_the_settlement_sheet_adds_up_and_can_be_downloaded_as_csv(world: World, officer: PageClient) -> None:
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
    table = officer.open(f"/admin/settlement.csv?date={day}")
    assert table.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert table.headers["Content-Disposition"] == f'attachment; filename="settlement-{day}.csv"'
    assert table.text.startswith("\ufeff")
    lines = csv.DictReader(io.StringIO(table.text.removeprefix("\ufeff")))
    assert {(line["구분"], line["주문번호"], line["금액"]) for line in lines} == {
        *(("승인", card, "10000"), ("환불", card, "-3000")),
        *(("승인", transfer, "5000"), ("환불", transfer, "-5000")),
    }


def test_a_refund_of_the_next_day_stands_on_the_next_days_sheet(world: World, officer: PageClient) -> None:
    order_no = paid_order(world)
    world.advance(days=1)
    refund(sign_in(officer), order_no, amount="1000")
    today = clock.korea_date(clock.now())

    sheets = [reports.settlement_sheet(day) for day in (today - timedelta(days=1), today)]

    assert [[line.amount for line in sheet.lines] for sheet in sheets] == [[10000], [-1000]]


def comparison_form(page: Page) -> dict[str, str]:
    form = page.text.partition('action="/admin/settlement/comparison"')[2].partition("</form>")[0]
    return dict(re.findall(r'name="(date|after)" value="([^"]*)"', form))


def test_payments_of_a_day_are_compared_with_the_gateway_some_at_a_press(
    world: World, officer: PageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin_reports, "COMPARED_AT_ONCE", 2)
    paid = [paid_order(world) for _ in range(3)]
    world.order(paid[2]).attempts[0].charged_amount = 9_000
    db.session.commit()
    sheet = officer.get("/admin/reconciliation")
    assert (sheet.path, world.calls("inquiry"), sheet.has("comparison")) == ("/admin/settlement", 0, False)

    first = officer.get("/admin/settlement/comparison", query_string=comparison_form(sheet))
    second = officer.get("/admin/settlement/comparison", query_string=comparison_form(first))

    assert (first.values("comparison", "data-left"), first.has("difference")) == (["1"], False)
    assert second.values("comparison", "data-left") == ["0"]
    assert second.values("difference", "data-kind") == ["amount"]
    assert second.values("difference", "data-order") == [paid[2]]
    assert "9,000원" in second.text
