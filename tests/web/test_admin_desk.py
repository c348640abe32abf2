"""The desk: a row for everything that is open, with its evidence, and actions that are safe to press."""

from __future__ import annotations

import re

import pytest

from tests import situations
from tests.page import Page, PageClient
from tests.situations import OPEN, RUN_DUE, Open
from tests.staff import PASSWORD, paid_order, refund
from tests.world import World

DESK = "/admin/desk"
ACTIONS = {action for situation in OPEN for action in situation.actions}


def addresses(page: Page) -> dict[str, str]:
    found: dict[str, str] = {}
    form = ""
    for name, tag in page.tags.all:
        if name == "form":
            form = tag.get("action", "")
        elif tag.get("data-testid") in ACTIONS:
            found[tag["data-testid"]] = tag.get("formaction", form)
    return found


def kinds(page: Page) -> list[str]:
    return page.values("desk-row", "data-kind")


@pytest.mark.parametrize("situation", OPEN, ids=lambda situation: situation.arrange.__name__)
def test_whatever_is_open_has_a_row_with_evidence_and_actions_that_need_the_password(
    world: World, officer: PageClient, situation: Open
) -> None:
    situation.arrange(world, officer)

    page = officer.get(DESK)

    assert (kinds(page), page.values("desk-row", "data-state")) == ([situation.kind], [situation.state])
    assert all(page.values("desk-row", name)[0] for name in ("data-attempt", "data-order"))
    assert page.values("desk-count", "data-state") == ["waiting"]
    assert set(addresses(page)) == set(situation.actions)
    assert len(page.values("evidence", "class")) == 1
    assert set(page.values("journal-entry", "data-event")) & {"confirm", "inquire", "refund", "issue_cash_receipt"}
    world.advance(minutes=16)
    before = world.dump(only={"attempts", "refunds", "cash_receipts", "orders"})
    for action, address in addresses(page).items():
        assert officer.open(address).status_code == 405
        if action != "ask-again":
            officer.submit(address, {"answer": "refunded", "password": "wrong"}, 403)
    assert world.dump(only={"attempts", "refunds", "cash_receipts", "orders"}) == before


@pytest.mark.parametrize(
    ("situation", "action"),
    [(situation, action) for situation in OPEN for action in situation.actions],
    ids=lambda value: value if isinstance(value, str) else value.arrange.__name__,
)
def test_an_action_settles_its_row_and_may_be_pressed_again(
    world: World, officer: PageClient, situation: Open, action: str
) -> None:
    situation.arrange(world, officer)
    address = addresses(officer.get(DESK))[action]
    answer = "not_refunded" if action == "was-not-refunded" else "refunded"
    form = {"answer": answer, "password": PASSWORD, "csrf_token": officer.csrf_token()}

    statuses = [officer.post(address, form).status_code for _press in range(3)]

    assert statuses[0] == 303
    assert set(statuses) <= {303, 404, 409}
    assert kinds(officer.get(DESK)) == [situation.kind] * situation.actions[action]
    payments = world.control("GET", "payments")
    charged = sum(int(row["total"]) for row in payments if row["paid_at"])
    assert 0 <= sum(int(row["refunded_total"]) for row in payments) <= charged


@pytest.mark.parametrize(
    ("pressed", "refused", "left"),
    [
        ("returned-elsewhere", ["repeat-refund", "returned-elsewhere"], ["cancel_due"]),
        ("repeat-refund", ["returned-elsewhere"], []),
    ],
)
def test_money_goes_back_either_through_the_shop_or_elsewhere_and_its_receipt_is_cancelled(
    world: World, officer: PageClient, pressed: str, refused: list[str], left: list[str]
) -> None:
    situations.refused_return(world, officer, method="transfer", cash_receipt="y")
    before = addresses(officer.get(DESK))

    page = officer.submit(before[pressed], {"password": PASSWORD})

    assert page.values("desk-row", "data-state") == left
    for action in refused:
        officer.submit(before[action], {"password": PASSWORD}, 409)


def test_the_desk_asks_for_the_password_once(world: World, officer: PageClient) -> None:
    for arrange in (situations.lost_part, situations.refused_return):
        arrange(world, officer)
    world.advance(minutes=16)
    page = officer.get(DESK)

    assert page.text.count('type="password"') == 1
    officer.submit(addresses(page)["repeat-refund"], {"password": PASSWORD})
    assert 'type="password"' not in officer.get(DESK).text


def test_a_lost_full_refund_is_repeated_and_not_decided(world: World, officer: PageClient) -> None:
    order_no = paid_order(world)
    world.fault("cancel", "lost_answer", phase="before")
    refund(officer, order_no)
    [row] = world.order(order_no).refunds

    page = officer.get(DESK)
    officer.submit(f"/admin/orders/{order_no}/refunds/{row.id}/decision", {"answer": "not_refunded"}, 409)

    assert set(addresses(page)) == {"repeat-refund"}
    officer.submit(addresses(page)["repeat-refund"], {"password": PASSWORD})
    assert world.order(order_no).state == "refunded"


def test_the_desk_is_one_list_oldest_first_with_its_total(world: World, officer: PageClient) -> None:
    for refused in (situations.refused_refund, situations.failed_receipt):
        refused(world, officer)
    assert "확인할 일이 없습니다" in officer.get(DESK).text
    for arrange in (situations.lost_part, situations.contradiction, situations.owed_receipt, situations.refused_return):
        arrange(world, officer)
        world.advance(minutes=1)

    page = officer.get(DESK)

    assert kinds(page) == ["refund", "attempt", "cash-receipt", "refund"]
    assert page.values("desk-total", "data-amount") == [str(1_000 + 11_000 + 1_000)]


def test_rows_of_another_order_cannot_be_reached_through_this_one(world: World, officer: PageClient) -> None:
    situations.refused_return(world, officer)
    other = paid_order(world)
    for address in addresses(officer.get(DESK)).values():
        officer.submit(re.sub(r"/orders/[^/]+/", f"/orders/{other}/", address), {"password": PASSWORD}, 404)


def test_asking_again_waits_for_no_schedule(world: World, officer: PageClient) -> None:
    situations.silent_confirm(world, officer)
    address = addresses(officer.get(DESK))["ask-again"]
    world.fault("inquiry", "lost_answer")

    for _press in range(4):
        officer.submit(address, {})

    assert world.calls("inquiry") == 4


def test_a_sweep_that_is_overdue_is_a_warning_and_no_row(world: World, officer: PageClient) -> None:
    buyer = world.browser()
    buyer.start_attempt(buyer.place_order())
    assert not officer.get(DESK).has("sweep-silent")
    world.advance(minutes=51)

    page = officer.get(DESK)

    assert (page.values("sweep-silent", "data-kind"), kinds(page)) == (["warn"], [])
    assert not officer.submit(RUN_DUE, {}).has("sweep-silent")
