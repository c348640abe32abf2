"""The desk: a row for everything that is open, with its evidence, and actions that are safe to press."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from shop.db import db
from shop.models import JournalEntry, Refund
from shop.rules.states import AttemptState, OrderState, RefundState, Source
from tests import world as worlds
from tests.page import Page, PageClient
from tests.staff import PASSWORD, paid_order, refund
from tests.world import World

FORM = re.compile(r'<form[^>]*action="([^"]+)" method="post">(.*?)</form>', re.DOTALL)
SWEEP = "/admin/desk/run"


def orphan(world: World) -> str:
    """Money that belongs to no order: the second of two windows; answers its attempt number."""
    buyer = world.browser()
    order_no = buyer.place_order()
    first, second = (buyer.start_attempt(order_no, 200, work="PAY") for _window in range(2))
    world.deliver(world.payer().pay(first["fields"]))
    world.deliver(world.payer().pay(second["fields"]))
    return str(second["attempt_no"])


def silent_confirm(world: World, officer: PageClient) -> None:
    buyer = world.browser()
    claim = world.payer().pay(buyer.start_attempt(buyer.place_order(), 200)["fields"])
    world.fault("confirm", "lost_answer", phase="before")
    world.deliver(claim)
    world.advance(minutes=11)


def contradiction(world: World, officer: PageClient) -> None:
    buyer = world.browser()
    opening = buyer.start_attempt(buyer.place_order(quantity=11), 200, work="PAY")
    world.fault("inquiry", "other_oid")
    world.deliver(world.payer().pay(opening["fields"]))


def lost_part(world: World, officer: PageClient) -> None:
    order_no = paid_order(world)
    world.fault("cancel", "lost_answer", phase="after")
    refund(officer, order_no, amount="1000")
    world.advance(minutes=10)


def stuck_full(world: World, officer: PageClient) -> None:
    """A full cancel whose answer was lost, and whose repeats tell nothing: two tries stand for eight."""
    world.monkeypatch.setattr("shop.models.refund.MOST_UNANSWERED", 2)
    order_no = paid_order(world)
    world.fault("cancel", "lost_answer", phase="before")
    refund(officer, order_no)
    world.fault("cancel", "refused", phase="before")
    world.advance(seconds=10)
    officer.submit(SWEEP, {})


def refused_refund(world: World, officer: PageClient) -> None:
    order_no = paid_order(world)
    world.fault("cancel", "refused", phase="before")
    refund(officer, order_no, amount="1000")


def refused_return(world: World, officer: PageClient) -> None:
    world.fault("cancel", "refused", phase="before")
    orphan(world)


def owed_receipt(world: World, officer: PageClient) -> None:
    order_no = paid_order(world, method="transfer", cash_receipt="y")
    world.control("POST", "policy", {"receipt_on_refund": "fail"})
    refund(officer, order_no, amount="4000")


def failed_receipt(world: World, officer: PageClient) -> None:
    order_no = paid_order(world, method="transfer")
    world.fault("receipt_issue", "refused", phase="before")
    form = {"purpose": "personal", "identity": "01098765432", "password": PASSWORD}
    officer.submit(f"/admin/orders/{order_no}/cash-receipts", form)


Situation = Callable[[World, PageClient], None]
# What is open, its row, and every action that the row offers.
OPEN: list[tuple[Situation, str, str, set[str]]] = [
    (silent_confirm, "attempt", "unknown", {"ask-again"}),
    (contradiction, "attempt", "attention", {"ask-again", "close-attention"}),
    (lost_part, "refund", "unknown", {"was-refunded", "was-not-refunded"}),
    (stuck_full, "refund", "unknown", {"repeat-refund", "was-refunded", "was-not-refunded"}),
    (refused_return, "refund", "refused", {"repeat-refund", "returned-elsewhere"}),
    (owed_receipt, "cash-receipt", "cancel_due", {"retry-receipt"}),
]
each = pytest.mark.parametrize(
    ("situation", "kind", "state", "actions"), OPEN, ids=[found[0].__name__ for found in OPEN]
)
ACTIONS = {
    *("ask-again", "close-attention", "was-refunded", "was-not-refunded", "repeat-refund", "retry-receipt"),
    "returned-elsewhere",
}


def offered(page: Page) -> set[str]:
    """The actions on a page."""
    return {tag.get("data-testid", "") for _name, tag in page.tags.all} & ACTIONS


def addresses(page: Page) -> dict[str, str]:
    """Where each action of the desk goes."""
    found: dict[str, str] = {}
    form = ""
    for name, tag in page.tags.all:
        if name == "form":
            form = tag.get("action", "")
        elif name == "button" and tag.get("data-testid") in ACTIONS:
            found[tag["data-testid"]] = tag.get("formaction", form)
    return found


@each
def test_whatever_is_open_has_its_row_with_evidence_and_actions(
    world: World, officer: PageClient, situation: Situation, kind: str, state: str, actions: set[str]
) -> None:
    situation(world, officer)

    page = officer.get("/admin/desk")

    assert page.values("desk-row", "data-kind") == [kind]
    assert page.values("desk-row", "data-state") == [state]
    assert all(page.values("desk-row", name)[0] for name in ("data-attempt", "data-order"))
    assert page.values("desk-count", "data-state") == ["waiting"]
    assert offered(page) == actions
    assert len(page.values("evidence", "class")) == 1
    assert set(page.values("journal-entry", "data-event")) & {"confirm", "inquire", "refund", "issue_cash_receipt"}


@each
def test_every_action_wants_the_token_a_sign_in_and_where_it_decides_the_password(
    world: World, officer: PageClient, situation: Situation, kind: str, state: str, actions: set[str]
) -> None:
    situation(world, officer)
    page = officer.get("/admin/desk")
    world.advance(minutes=16)
    before = money(world)

    for action, address in addresses(page).items():
        assert officer.post(address, {"answer": "refunded"}).status_code == 400
        assert officer.open(address).status_code == 405
        visitor = world.browser()
        token = visitor.csrf_token()
        refused = visitor.post(address, {"answer": "refunded", "csrf_token": token})
        assert (refused.status_code, "/admin/login" in refused.headers["Location"]) == (303, True)
        if action != "ask-again":
            officer.submit(address, {"answer": "refunded", "password": "wrong"}, 403)

    assert money(world) == before


def money(world: World) -> str:
    """Everything that an action could change, as text."""
    return world.dump(only={"attempts", "refunds", "cash_receipts", "orders"})


@pytest.mark.parametrize(
    ("situation", "action"),
    [(situation, action) for situation, _kind, _state, actions in OPEN for action in sorted(actions)],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_every_action_may_be_pressed_again_and_again(
    world: World, officer: PageClient, situation: Situation, action: str
) -> None:
    situation(world, officer)
    address = addresses(officer.get("/admin/desk"))[action]
    token = officer.csrf_token()
    answer = "not_refunded" if action == "was-not-refunded" else "refunded"
    form = {"answer": answer, "password": PASSWORD, "csrf_token": token}

    answers = [officer.post(address, form).status_code for _press in range(3)]

    assert answers[0] == 303
    assert set(answers) <= {303, 404, 409}
    charged = sum(int(row["total"]) for row in world.control("GET", "payments") if row["paid_at"])
    back = sum(int(row["refunded_total"]) for row in world.control("GET", "payments"))
    assert 0 <= back <= charged


def test_a_gateway_that_never_answered_is_not_said_to_contradict(world: World, officer: PageClient) -> None:
    silent_confirm(world, officer)
    [attempt_no] = officer.get("/admin/desk").values("desk-row", "data-attempt")
    attempt = world.attempt(attempt_no)
    attempt.state, attempt.order.state = AttemptState.ATTENTION, OrderState.ATTENTION
    db.session.commit()

    text = officer.get("/admin/desk").text

    assert "여러 번 물어도 페이플이 답하지 않았습니다" in text
    assert "맞지 않습니다" not in text


def test_the_desk_asks_for_the_password_once(world: World, officer: PageClient) -> None:
    for situation in (lost_part, refused_return):
        situation(world, officer)
    world.advance(minutes=16)
    page = officer.get("/admin/desk")

    assert page.text.count('type="password"') == 1
    officer.submit(addresses(page)["repeat-refund"], {"password": PASSWORD})
    assert officer.get("/admin/desk").text.count('type="password"') == 0


def test_an_empty_desk_says_so(world: World, officer: PageClient) -> None:
    paid_order(world)

    page = officer.get("/admin/desk")

    assert "확인할 일이 없습니다" in page.text
    assert page.values("desk-row", "data-kind") == []


def test_a_full_refund_that_nobody_can_tell_about_is_decided_by_a_person(world: World, officer: PageClient) -> None:
    stuck_full(world, officer)
    address = addresses(officer.get("/admin/desk"))["was-not-refunded"]

    officer.submit(address, {"answer": "not_refunded", "password": PASSWORD})

    [row] = db.session.query(Refund)
    assert (row.state, row.decided_by) == (RefundState.REFUSED, "kim")


def test_a_full_refund_that_will_be_asked_again_waits_for_nobody(world: World, officer: PageClient) -> None:
    order_no = paid_order(world)
    world.fault("cancel", "lost_answer", phase="before")
    refund(officer, order_no)
    [row] = world.order(order_no).refunds

    page = officer.get("/admin/desk")
    address = f"/admin/orders/{order_no}/refunds/{row.id}/decision"
    officer.submit(address, {"answer": "not_refunded", "password": PASSWORD}, 409)

    assert offered(page) == {"repeat-refund"}
    officer.submit(addresses(page)["repeat-refund"], {"password": PASSWORD})
    assert world.order(order_no).state == "refunded"


def test_a_return_that_was_refused_is_sent_again_and_leaves_the_desk(world: World, officer: PageClient) -> None:
    world.fault("cancel", "refused", phase="before")
    attempt_no = orphan(world)
    page = officer.get("/admin/desk")

    officer.submit(addresses(page)["repeat-refund"], {"password": PASSWORD})

    assert officer.get("/admin/desk").values("desk-row", "data-kind") == []
    states = [row.state for row in world.attempt(attempt_no).refunds]
    assert states == [RefundState.REFUSED, RefundState.DONE]


def test_a_return_that_somebody_made_elsewhere_leaves_the_desk_for_good_and_the_name_is_kept(
    world: World, officer: PageClient
) -> None:
    world.fault("cancel", "refused", phase="before")
    attempt_no = orphan(world)
    addresses_before = addresses(officer.get("/admin/desk"))

    page = officer.submit(addresses_before["returned-elsewhere"], {"password": PASSWORD})
    officer.submit(addresses_before["repeat-refund"], {"password": PASSWORD}, 409)
    officer.submit(addresses_before["returned-elsewhere"], {"password": PASSWORD}, 409)

    assert page.values("desk-row", "data-kind") == []
    [row] = world.attempt(attempt_no).refunds
    assert (row.state, row.returned_elsewhere_by) == (RefundState.REFUSED, "kim")
    assert world.events(attempt_no).count("returned_elsewhere") == 1


def test_a_return_that_was_sent_again_cannot_have_been_made_elsewhere(world: World, officer: PageClient) -> None:
    world.fault("cancel", "refused", phase="before")
    orphan(world)
    before = addresses(officer.get("/admin/desk"))

    officer.submit(before["repeat-refund"], {"password": PASSWORD})

    officer.submit(before["returned-elsewhere"], {"password": PASSWORD}, 409)


def test_a_cash_receipt_is_cancelled_though_its_money_went_back_elsewhere(world: World, officer: PageClient) -> None:
    buyer = world.browser()
    order_no = buyer.place_order()
    choices = {"work": "PAY", "method": "transfer", "cash_receipt": "y"}
    first, second = (buyer.start_attempt(order_no, 200, **choices) for _window in range(2))
    world.deliver(world.payer().pay(first["fields"]))
    world.fault("cancel", "refused", phase="before")
    world.deliver(world.payer().pay(second["fields"]))

    page = officer.submit(addresses(officer.get("/admin/desk"))["returned-elsewhere"], {"password": PASSWORD})

    assert page.values("desk-row", "data-state") == ["cancel_due"]


@pytest.mark.parametrize("situation", [refused_refund, failed_receipt], ids=lambda made: made.__name__)
def test_a_refusal_that_a_person_saw_is_no_row(world: World, officer: PageClient, situation: Situation) -> None:
    situation(world, officer)

    assert officer.get("/admin/desk").values("desk-row", "data-kind") == []


def test_the_desk_is_one_list_oldest_first_with_its_total(world: World, officer: PageClient) -> None:
    for situation in (lost_part, contradiction, owed_receipt, refused_return):
        situation(world, officer)
        world.advance(minutes=1)

    page = officer.get("/admin/desk")

    kinds = ["refund", "attempt", "cash-receipt", "refund"]
    assert page.values("desk-row", "data-kind") == kinds
    assert page.values("desk-total", "data-amount") == [str(1_000 + 11_000 + 1_000)]


def test_rows_of_another_order_cannot_be_reached_through_this_one(world: World, officer: PageClient) -> None:
    refused_return(world, officer)
    other = paid_order(world)
    for address in addresses(officer.get("/admin/desk")).values():
        moved = re.sub(r"/orders/[^/]+/", f"/orders/{other}/", address)
        officer.submit(moved, {"password": PASSWORD}, 404)


def test_asking_again_settles_an_attempt_long_before_its_schedule(world: World, officer: PageClient) -> None:
    silent_confirm(world, officer)
    page = officer.get("/admin/desk")
    [attempt_no] = page.values("desk-row", "data-attempt")
    world.fault("inquiry", "lost_answer")

    for _press in range(4):
        officer.submit(addresses(page)["ask-again"], {})

    assert world.attempt(attempt_no).state is AttemptState.UNKNOWN
    asked = [entry for entry in world.control("GET", "ledger") if entry["op"] == "inquiry"]
    assert len(asked) == 4


def test_what_a_webhook_claimed_is_among_the_evidence(world: World, officer: PageClient) -> None:
    silent_confirm(world, officer)
    [attempt_no] = officer.get("/admin/desk").values("desk-row", "data-attempt")
    order_no = world.attempt(attempt_no).order.order_no
    told = {"result": "success", "code": "0000"}
    db.session.add(
        JournalEntry(
            at=worlds.now(),
            order_no=order_no,
            attempt_no=attempt_no,
            event="webhook",
            source=Source.WEBHOOK.value,
            evidence=told,
        )
    )
    db.session.commit()

    assert "webhook" in officer.get("/admin/desk").values("journal-entry", "data-event")


def test_a_check_that_is_long_overdue_is_a_warning_and_no_row(world: World, officer: PageClient) -> None:
    buyer = world.browser()
    buyer.start_attempt(buyer.place_order())
    assert officer.get("/admin/desk").values("sweep-silent", "data-kind") == []
    world.advance(minutes=51)
    page = officer.get("/admin/desk")
    assert (page.values("sweep-silent", "data-kind"), page.values("desk-row", "data-kind")) == (["warn"], [])

    page = officer.submit(SWEEP, {})

    assert page.values("sweep-silent", "data-kind") == []
