"""Settlement: whoever says what, only the gateway's answer to our own question moves money state."""

from datetime import timedelta
from typing import Any

import pytest
import requests
from sqlalchemy.pool import QueuePool

from shop.db import db
from shop.extensions import client
from shop.payple.flow import CONFIRM_PATIENCE
from shop.rules.states import AttemptState, OrderState
from shop.services import settlement, sweep
from tests import world as worlds
from tests.page import PageClient
from tests.payer import Pairs
from tests.services.on_the_way import GoOn, intercept, meanwhile
from tests.world import World

METHODS = ["card", "transfer"]
WORKS = ["CERT", "PAY"]


def begin(world: World, **choices: str) -> tuple[PageClient, str, str, dict[str, str]]:
    """A buyer with an order and an attempt whose window can be opened."""
    buyer = world.browser()
    order_no = buyer.place_order()
    opening = buyer.start_attempt(order_no, status=200, **choices)
    return buyer, order_no, opening["attempt_no"], opening["fields"]


def changed(claim: Pairs, **fields: str) -> Pairs:
    """The same claim with other values."""
    return list((dict(claim) | {f"PCD_{name}": value for name, value in fields.items()}).items())


def confirms(world: World) -> int:
    """How often a confirm reached the gateway."""
    return sum(1 for entry in world.control("GET", "ledger") if entry["op"] == "confirm")


def assert_returned(world: World, order_no: str, attempt_no: str, amount: int) -> None:
    """The money belongs to no order, so all of it is back, and the order can be paid."""
    payment = world.control("GET", f"payments/{attempt_no}")
    assert (payment["state"], int(payment["refunded_total"])) == ("cancelled", amount)
    assert world.attempt(attempt_no).state is AttemptState.ORPHANED
    assert world.order(order_no).state is OrderState.AWAITING_PAYMENT


@pytest.mark.both_engines
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("work", WORKS)
def test_a_payment_ends_paid_and_both_books_agree(world: World, method: str, work: str) -> None:
    buyer, order_no, attempt_no, fields = begin(world, method=method, work=work)

    world.deliver(world.payer().pay(fields))

    assert buyer.get(f"/orders/{order_no}").state == "paid"
    assert world.attempt(attempt_no).state is AttemptState.PAID
    assert world.charged() == {attempt_no: 1000}


def test_a_card_payment_keeps_what_its_receipt_needs(world: World) -> None:
    _buyer, _order_no, attempt_no, fields = begin(world)

    world.deliver(world.payer().pay(fields))

    attempt = world.attempt(attempt_no)
    assert all([attempt.card_issuer, attempt.approval_no, attempt.trade_key, attempt.payer_id])
    assert "*" in attempt.card_number
    assert attempt.slip_url.startswith(worlds.SIMULATOR)
    assert attempt.trade_date is not None


@pytest.mark.parametrize("work", WORKS)
@pytest.mark.parametrize(("wanted", "receipts"), [(True, [("issued", 1000)]), (False, [])])
def test_a_transfer_keeps_its_cash_receipt(
    world: World, work: str, wanted: bool, receipts: list[tuple[str, int]]
) -> None:
    _buyer, _order_no, attempt_no, fields = begin(world, method="transfer", work=work, cash_receipt="y")

    world.deliver(world.payer().pay(fields, cash_receipt=wanted))

    attempt = world.attempt(attempt_no)
    assert attempt.state is AttemptState.PAID
    assert [(receipt.state, receipt.amount) for receipt in attempt.cash_receipts] == receipts
    assert all(receipt.number for receipt in attempt.cash_receipts)


# --- claims are not facts -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("work", WORKS)
@pytest.mark.parametrize("result", ["success", "error", "close", "", "SUCCESS", "paid"])
def test_a_forged_claim_neither_pays_nor_kills_a_live_attempt(world: World, work: str, result: str) -> None:
    _buyer, order_no, attempt_no, fields = begin(world, work=work)
    window = world.payer().open(fields)

    world.deliver([("PCD_PAY_OID", attempt_no), ("PCD_PAY_RST", result), ("PCD_PAY_TOTAL", "1000")])

    assert world.order(order_no).state is OrderState.AWAITING_PAYMENT
    world.advance(seconds=40)
    world.deliver(window.approve().result or [])
    assert world.order(order_no).state is OrderState.PAID


def test_forged_keys_decline_one_attempt_and_the_buyer_pays_with_the_next(world: World) -> None:
    buyer, order_no, attempt_no, fields = begin(world)
    real = world.payer().pay(fields)

    world.deliver(changed(real, PAY_REQKEY="forged"))
    world.deliver(real)

    assert world.attempt(attempt_no).state is AttemptState.DECLINED
    assert (confirms(world), world.charged()) == (1, {})
    world.deliver(world.payer().pay(buyer.start_attempt(order_no)["fields"]))
    assert world.order(order_no).state is OrderState.PAID


@pytest.mark.both_engines
def test_a_second_result_is_not_confirmed_while_the_first_one_is(world: World) -> None:
    _buyer, order_no, attempt_no, fields = begin(world)
    real = world.payer().pay(fields)
    meanwhile(world, "ConfirmAct", lambda: world.deliver(real))

    world.deliver(real)

    assert (world.order(order_no).state, confirms(world)) == (OrderState.PAID, 1)
    assert world.events(attempt_no).count("confirming") == 1


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/php/PayCardConfirmAct.php?ACT_=PAYM",
        "http://127.0.0.1:8001@evil.example/php/PayCardConfirmAct.php?ACT_=PAYM",
        "http://127.0.0.1:8002/php/PayCardConfirmAct.php?ACT_=PAYM",
        "http://169.254.169.254/latest/meta-data",
        "//127.0.0.1:8001/php/PayCardConfirmAct.php?ACT_=PAYM",
        "javascript:alert(1)",
        "",
    ],
)
def test_a_foreign_confirm_address_is_never_dialled(world: World, address: str) -> None:
    _buyer, order_no, _attempt_no, fields = begin(world)
    real = world.payer().pay(fields)

    world.deliver(changed(real, PAY_COFURL=address))

    assert confirms(world) == 0
    assert world.order(order_no).state is OrderState.AWAITING_PAYMENT
    world.deliver(real)
    assert world.order(order_no).state is OrderState.PAID


@pytest.mark.parametrize("fields_of_claim", [{"PAY_TOTAL": "10"}, {"PAY_TYPE": "transfer"}])
def test_a_claim_that_differs_from_the_order_is_not_confirmed(world: World, fields_of_claim: dict[str, str]) -> None:
    _buyer, order_no, _attempt_no, fields = begin(world)

    world.deliver(changed(world.payer().pay(fields), **fields_of_claim))

    assert confirms(world) == 0
    assert world.charged() == {}
    assert world.order(order_no).state is OrderState.AWAITING_PAYMENT


def test_an_amount_changed_in_the_browser_is_found_in_the_gateways_own_answer(world: World) -> None:
    """The window charges 10,000 won less and the claim lies about it: only the confirm's answer tells."""
    buyer = world.browser()
    order_no = buyer.place_order(quantity=11)
    opening = buyer.start_attempt(order_no)
    claim = world.payer().pay(opening["fields"] | {"PCD_PAY_TOTAL": "1000"})

    world.deliver(changed(claim, PAY_TOTAL="11000"))

    assert_returned(world, order_no, opening["attempt_no"], 1000)


def test_in_pay_mode_a_changed_amount_is_found_by_the_inquiry(world: World) -> None:
    buyer = world.browser()
    order_no = buyer.place_order(quantity=11)
    opening = buyer.start_attempt(order_no, work="PAY")
    claim = world.payer().pay(opening["fields"] | {"PCD_PAY_TOTAL": "1000"})

    world.deliver(changed(claim, PAY_TOTAL="11000"))

    assert_returned(world, order_no, opening["attempt_no"], 1000)


def test_the_keys_of_a_cheap_payment_do_not_pay_a_dear_order(world: World) -> None:
    buyer, _order_no, _attempt_no, cheap_fields = begin(world)
    cheap = dict(world.payer().pay(cheap_fields))
    dear_no = buyer.place_order(quantity=50)
    dear = buyer.start_attempt(dear_no)
    keys = {name: cheap[f"PCD_{name}"] for name in ("PAY_REQKEY", "AUTH_KEY", "PAYER_ID")}
    claim = changed(world.payer().pay(dear["fields"]), **keys)

    world.deliver(claim)

    assert world.attempt(dear["attempt_no"]).state is AttemptState.DECLINED
    assert world.order(dear_no).state is OrderState.AWAITING_PAYMENT


@pytest.mark.parametrize(
    ("kind", "state"), [("other_amount", AttemptState.ORPHANED), ("other_oid", AttemptState.ATTENTION)]
)
@pytest.mark.parametrize(("work", "op"), [("CERT", "confirm"), ("PAY", "inquiry")])
def test_an_answer_about_something_else_never_becomes_paid(
    world: World, kind: str, state: AttemptState, work: str, op: str
) -> None:
    _buyer, _order_no, attempt_no, fields = begin(world, work=work)
    claim = world.payer().pay(fields)
    world.fault(op, kind)

    world.deliver(claim)

    assert world.attempt(attempt_no).state is state


def test_a_claim_about_a_number_we_never_gave_asks_nobody(world: World) -> None:
    before = len(world.control("GET", "ledger"))

    location = world.deliver([("PCD_PAY_OID", "20261123_AAAAAAAAAAAAAAAAAAAA"), ("PCD_PAY_RST", "success")])

    assert location == "/orders/lookup"
    assert len(world.control("GET", "ledger")) == before


@pytest.mark.parametrize("work", WORKS)
def test_a_result_sent_again_changes_nothing(world: World, work: str) -> None:
    _buyer, order_no, attempt_no, fields = begin(world, work=work)
    claim = world.payer().pay(fields)
    world.deliver(claim)
    entries, events = len(world.control("GET", "ledger")), world.events(attempt_no)

    for again in (claim, changed(claim, PAY_RST="close"), changed(claim, PAY_RST="error", PAY_CODE="3112")):
        world.deliver(again)

    assert len(world.control("GET", "ledger")) == entries
    assert world.events(attempt_no) == events
    assert world.order(order_no).state is OrderState.PAID


# --- trying again ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("work", WORKS)
@pytest.mark.parametrize("method", METHODS)
def test_after_closing_the_window_the_buyer_pays_at_once_with_a_new_number(
    world: World, work: str, method: str
) -> None:
    buyer, order_no, first, fields = begin(world, work=work, method=method)
    world.deliver(world.payer().close(fields))
    assert "결제창을 닫았어요" in buyer.get(f"/orders/{order_no}").text

    second = buyer.start_attempt(order_no, work=work, method=method)
    world.deliver(world.payer().pay(second["fields"]))

    assert second["attempt_no"] != first
    assert world.order(order_no).state is OrderState.PAID


@pytest.mark.parametrize("work", WORKS)
def test_after_a_refusal_the_buyer_pays_at_once_with_another_card(world: World, work: str) -> None:
    buyer, order_no, _first, fields = begin(world, work=work)

    world.deliver(world.payer().pay(fields, scenario="limit"))

    page = buyer.get(f"/orders/{order_no}")
    assert (page.state, "3112" in page.text) == ("awaiting_payment", True)
    world.deliver(world.payer().pay(buyer.start_attempt(order_no, work=work)["fields"]))
    assert world.order(order_no).state is OrderState.PAID


def test_a_definite_refusal_of_the_confirm_declines_the_attempt(world: World) -> None:
    _buyer, order_no, attempt_no, fields = begin(world)

    world.deliver(world.payer().pay(fields, scenario="balance"))

    attempt = world.attempt(attempt_no)
    assert (attempt.state, attempt.result_code) == (AttemptState.DECLINED, "3133")
    assert world.order(order_no).state is OrderState.AWAITING_PAYMENT


def test_a_paid_order_cannot_be_paid_again(world: World) -> None:
    buyer, order_no, _attempt_no, fields = begin(world)
    world.deliver(world.payer().pay(fields))

    answer = buyer.start_attempt(order_no, status=409)

    assert answer["error"]["code"] == "paid"


def test_a_second_window_of_a_paid_order_is_never_confirmed(world: World) -> None:
    buyer, order_no, first, fields = begin(world)
    second = buyer.start_attempt(order_no)
    late = world.payer().pay(second["fields"])
    world.deliver(world.payer().pay(fields))

    world.deliver(late)

    assert world.charged() == {first: 1000}
    assert confirms(world) == 1


def test_of_two_windows_that_both_charged_one_pays_and_the_other_is_an_orphan(world: World) -> None:
    buyer, order_no, first, fields = begin(world, work="PAY")
    second = buyer.start_attempt(order_no, work="PAY")
    world.deliver(world.payer().pay(fields))

    world.deliver(world.payer().pay(second["fields"]))

    assert world.order(order_no).state is OrderState.PAID
    assert world.attempt(first).state is AttemptState.PAID
    assert world.attempt(second["attempt_no"]).state is AttemptState.ORPHANED
    assert "모두 돌려 드렸어요" in buyer.get(f"/orders/{order_no}").text


# --- answers that never came ----------------------------------------------------------------------------------------


@pytest.mark.both_engines
@pytest.mark.parametrize("kind", ["lost_answer", "http_500", "html_200", "truncated_json", "bad_code", "pending"])
def test_a_lost_answer_of_a_confirm_that_charged_ends_paid_without_a_second_charge(world: World, kind: str) -> None:
    buyer, order_no, attempt_no, fields = begin(world)
    claim = world.payer().pay(fields)
    world.fault("confirm", kind, phase="after")

    world.deliver(claim)

    assert world.order(order_no).state is OrderState.CHECKING
    assert buyer.start_attempt(order_no, status=409)["error"]["code"] == "checking"
    world.advance(seconds=6)
    assert buyer.get(f"/orders/{order_no}").state == "paid"
    assert (world.charged(), confirms(world)) == ({attempt_no: 1000}, 1)


def test_a_lost_answer_shows_as_checking_and_refreshes_itself(world: World) -> None:
    buyer, order_no, _attempt_no, fields = begin(world)
    claim = world.payer().pay(fields)
    world.fault("confirm", "lost_answer", phase="after")
    world.deliver(claim)

    page = buyer.get(f"/orders/{order_no}")

    assert page.state == "checking"
    assert "js/watch.js" in page.text
    assert page.values("pay", "type") == []


def test_a_confirm_that_never_charged_is_declined_only_after_the_deadline(world: World) -> None:
    buyer, order_no, attempt_no, fields = begin(world)
    claim = world.payer().pay(fields)
    world.fault("confirm", "lost_answer", phase="before")
    world.deliver(claim)

    world.advance(minutes=20)
    assert buyer.get(f"/orders/{order_no}").state == "checking"
    world.advance(minutes=25)
    assert buyer.get(f"/orders/{order_no}").state == "awaiting_payment"

    assert world.attempt(attempt_no).state is AttemptState.DECLINED
    world.deliver(world.payer().pay(buyer.start_attempt(order_no)["fields"]))
    assert world.order(order_no).state is OrderState.PAID


@pytest.mark.both_engines
@pytest.mark.parametrize("paid_meanwhile", [False, True])
def test_money_of_a_declined_number_is_found_without_any_result_or_webhook(world: World, paid_meanwhile: bool) -> None:
    """A browser opens a second window with the fields of the first, changed so that it charges at once."""
    buyer, order_no, attempt_no, fields = begin(world)
    world.deliver(world.payer().pay(fields, scenario="limit"))
    assert world.attempt(attempt_no).state is AttemptState.DECLINED
    keys = ("PCD_AUTH_KEY", "PCD_PAY_URL")
    others = {name: value for name, value in fields.items() if name not in keys} | {"clientKey": client().client_key}
    world.payer().pay(others | {"PCD_PAY_WORK": "PAY"})
    assert world.charged() == {attempt_no: 1000}
    if paid_meanwhile:
        world.deliver(world.payer().pay(buyer.start_attempt(order_no)["fields"]))

    world.advance(hours=1, minutes=1)
    sweep.run(client())

    state = AttemptState.ORPHANED if paid_meanwhile else AttemptState.PAID
    assert (world.attempt(attempt_no).state, world.order(order_no).state) == (state, OrderState.PAID)
    assert len(world.charged()) == (2 if paid_meanwhile else 1)


def test_an_order_can_be_paid_again_as_soon_as_nothing_can_come_any_more(world: World) -> None:
    """The gateway is asked less and less often, but also at the moment from which on "nothing found" is an answer."""
    buyer, order_no, _attempt_no, fields = begin(world)
    claim = world.payer().pay(fields)
    world.fault("confirm", "lost_answer", phase="before")
    world.deliver(claim)

    for minute in range(40):
        assert buyer.get(f"/orders/{order_no}").state == "checking", minute
        world.advance(minutes=1)

    world.advance(seconds=1)
    assert buyer.get(f"/orders/{order_no}").state == "awaiting_payment"


def test_a_looked_at_page_asks_less_and_less_often(world: World) -> None:
    buyer, order_no, _attempt_no, fields = begin(world)
    claim = world.payer().pay(fields)
    world.fault("confirm", "lost_answer", phase="before")
    world.deliver(claim)

    for _look in range(30):
        world.advance(seconds=2)
        buyer.get(f"/orders/{order_no}")

    inquiries = [entry for entry in world.control("GET", "ledger") if entry["op"] == "inquiry"]
    assert len(inquiries) == 2


@pytest.mark.parametrize(("scenario", "paid"), [("unknown_paid", True), ("unknown_unpaid", False)])
def test_an_outcome_that_the_bank_does_not_know_yet_blocks_until_it_is_known(
    world: World, scenario: str, paid: bool
) -> None:
    buyer, order_no, attempt_no, fields = begin(world, method="transfer")

    world.deliver(world.payer().pay(fields, scenario=scenario))

    assert world.order(order_no).state is OrderState.CHECKING
    world.advance(seconds=6)
    assert buyer.get(f"/orders/{order_no}").state == ("paid" if paid else "checking")
    assert (attempt_no in world.charged()) is paid


def test_a_pay_window_whose_inquiry_is_lost_blocks_until_it_is_answered(world: World) -> None:
    buyer, order_no, attempt_no, fields = begin(world, work="PAY")
    claim = world.payer().pay(fields)
    world.fault("inquiry", "lost_answer")

    world.deliver(claim)

    assert world.attempt(attempt_no).state is AttemptState.UNKNOWN
    assert buyer.start_attempt(order_no, status=409)["error"]["code"] == "checking"
    world.advance(seconds=6)
    assert buyer.get(f"/orders/{order_no}").state == "paid"


def test_a_forged_pay_success_whose_inquiry_is_lost_blocks_only_until_it_is_answered(world: World) -> None:
    buyer, order_no, attempt_no, _fields = begin(world, work="PAY")
    world.fault("inquiry", "lost_answer")
    world.deliver([("PCD_PAY_OID", attempt_no), ("PCD_PAY_RST", "success")])
    assert world.order(order_no).state is OrderState.CHECKING

    world.advance(seconds=6)

    assert buyer.get(f"/orders/{order_no}").state == "awaiting_payment"


def test_a_payment_that_the_inquiry_shows_late_is_found_by_looking_again(world: World) -> None:
    world.control("POST", "policy", {"inquiry_lag_seconds": 20})
    buyer, order_no, _attempt_no, fields = begin(world, work="PAY")
    world.deliver(world.payer().pay(fields))
    page = buyer.get(f"/orders/{order_no}")
    assert (page.state, "결제사에 확인하고 있어요" in page.text) == ("awaiting_payment", True)

    for _wait in range(5):
        world.advance(seconds=30)
        page = buyer.get(f"/orders/{order_no}")

    assert page.state == "paid"


def test_a_pay_result_that_never_arrives_is_found_by_the_sweep(world: World) -> None:
    _buyer, order_no, attempt_no, fields = begin(world, work="PAY")
    assert world.payer().pay(fields, scenario="lost_paid") == []

    assert sweep.run(client()).asked == []
    world.advance(minutes=41)
    assert sweep.run(client()).asked == [attempt_no]

    assert world.order(order_no).state is OrderState.PAID


def test_a_confirm_whose_worker_died_is_settled_by_the_sweep(world: World) -> None:
    """The intent was committed, the gateway charged, and nobody lived to write it down."""
    _buyer, order_no, attempt_no, fields = begin(world)
    claim = world.payer().pay(fields)
    world.fault("confirm", "lost_answer", phase="after")
    world.deliver(claim)
    attempt = world.attempt(attempt_no)
    attempt.state, attempt.next_check_at = AttemptState.CONFIRMING, worlds.now() + CONFIRM_PATIENCE
    db.session.commit()

    sweep.run(client())
    assert world.attempt(attempt_no).state is AttemptState.CONFIRMING
    world.advance(seconds=71)
    sweep.run(client())

    assert world.order(order_no).state is OrderState.PAID
    assert confirms(world) == 1


def test_keys_of_another_order_settle_the_order_they_belong_to(world: World) -> None:
    buyer, cheap_no, _cheap, cheap_fields = begin(world)
    cheap = dict(world.payer().pay(cheap_fields))
    dear_no = buyer.place_order(quantity=50)
    dear = buyer.start_attempt(dear_no)
    keys = {name: cheap[f"PCD_{name}"] for name in ("PAY_REQKEY", "AUTH_KEY", "PAYER_ID")}

    world.deliver(changed(world.payer().pay(dear["fields"]), **keys))

    assert world.order(cheap_no).state is OrderState.PAID
    assert world.order(dear_no).state is OrderState.AWAITING_PAYMENT


def test_nothing_found_is_no_news_about_a_payment_we_know(world: World) -> None:
    _buyer, order_no, _attempt_no, fields = begin(world, work="PAY")
    world.deliver(world.payer().pay(fields))
    world.control("DELETE", "")

    world.advance(hours=2)
    sweep.run(client())

    assert world.order(order_no).state is OrderState.PAID


@pytest.mark.both_engines
def test_two_pay_windows_and_a_gateway_that_does_not_answer_block_the_order_once(world: World) -> None:
    """The second unknown finds the order held already: it is asked about again, and nothing fails."""
    buyer, order_no, first, _fields = begin(world, work="PAY")
    second = buyer.start_attempt(order_no, work="PAY")
    world.fault("inquiry", "http_500", times=2)

    for number in (first, second["attempt_no"]):
        world.deliver([("PCD_PAY_OID", number), ("PCD_PAY_RST", "success")])

    states = {world.attempt(first).state, world.attempt(second["attempt_no"]).state}
    assert states == {AttemptState.UNKNOWN, AttemptState.PREPARED}
    assert buyer.get(f"/orders/{order_no}").state == "checking"
    world.advance(hours=2)
    assert sweep.run(client()).failed == []


def test_one_row_that_fails_does_not_keep_the_sweep_from_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts = [begin(world, work="PAY")[2] for _order in range(3)]
    settle = settlement.settle

    def failing(attempt_no: str, *more: Any, **named: Any) -> bool:
        if attempt_no == attempts[0]:
            raise ValueError("planted")
        return settle(attempt_no, *more, **named)

    monkeypatch.setattr(settlement, "settle", failing)
    world.advance(minutes=45)
    report = sweep.run(client())

    assert (report.failed, report.asked) == ([attempts[0]], attempts[1:])


def test_an_attempt_that_nobody_answers_about_for_days_is_given_to_a_person(world: World) -> None:
    _buyer, order_no, _attempt_no, fields = begin(world, work="PAY")
    world.fault("inquiry", "http_500", times=100)
    world.deliver(world.payer().pay(fields))

    for _day in range(12):
        world.advance(days=1)
        sweep.run(client())

    assert world.order(order_no).state is OrderState.ATTENTION


# --- expiry ---------------------------------------------------------------------------------------------------------


@pytest.mark.both_engines
def test_an_unpaid_order_expires_and_gives_its_stock_back(world: World) -> None:
    slug = worlds.scarce_product(world, stock=3)
    buyer = world.browser()
    order_no = buyer.place_order(slug, 2)
    assert world.stock(slug) == 1

    world.advance(minutes=61)
    report = sweep.run(client())
    again = sweep.run(client())

    assert (report.expired, again.expired) == ([order_no], [])
    assert (world.stock(slug), buyer.get(f"/orders/{order_no}").state) == (3, "expired")


def test_an_order_expires_when_somebody_looks_at_it_too(world: World) -> None:
    buyer = world.browser()
    order_no = buyer.place_order()

    world.advance(minutes=61)

    assert buyer.get(f"/orders/{order_no}").state == "expired"
    assert buyer.start_attempt(order_no, status=409)["error"]["code"] == "expired"


def test_an_order_does_not_expire_under_an_open_window(world: World) -> None:
    buyer = world.browser()
    order_no = buyer.place_order()
    buyer.start_attempt(order_no)
    world.advance(minutes=55)
    opening = buyer.start_attempt(order_no)
    world.advance(minutes=20)
    sweep.run(client())
    assert world.order(order_no).state is OrderState.AWAITING_PAYMENT

    world.deliver(world.payer().pay(opening["fields"]))

    assert world.order(order_no).state is OrderState.PAID


def test_the_gateway_is_asked_before_an_order_with_a_pay_window_expires(world: World) -> None:
    _buyer, order_no, attempt_no, fields = begin(world, work="PAY")
    world.payer().pay(fields, scenario="lost_paid")
    world.advance(hours=3)
    world.fault("inquiry", "lost_answer")
    sweep.run(client())
    assert world.order(order_no).state is not OrderState.EXPIRED

    world.advance(hours=1)
    sweep.run(client())

    assert world.attempt(attempt_no).state is AttemptState.PAID


def test_a_confirm_that_is_found_only_after_we_gave_up_is_not_lost(world: World) -> None:
    """The confirm left in the last seconds, its answer was lost, and the inquiry shows it an hour late."""
    world.control("POST", "policy", {"inquiry_lag_seconds": 3600})
    buyer = world.browser()
    order_no = buyer.place_order()
    opening = buyer.start_attempt(order_no)
    world.advance(minutes=29)
    window = world.payer().open(opening["fields"])
    world.advance(minutes=2)
    claim = window.approve().result or []
    world.advance(minutes=8, seconds=50)
    world.fault("confirm", "lost_answer", phase="after")
    world.deliver(claim)

    world.advance(minutes=1)
    assert buyer.get(f"/orders/{order_no}").state == "checking", (
        "one silent inquiry is no proof so soon after a confirm"
    )
    world.advance(minutes=20)
    buyer.get(f"/orders/{order_no}")
    world.advance(hours=2)
    sweep.run(client())

    assert world.order(order_no).state is OrderState.PAID
    assert len(world.charged()) == 1


@pytest.mark.parametrize("work", WORKS)
def test_a_window_that_charged_late_is_found_although_the_attempt_was_given_up(world: World, work: str) -> None:
    _buyer, order_no, attempt_no, fields = begin(world, work=work)
    window = world.payer().open(fields | {"PCD_PAY_WORK": "PAY"})
    world.control("POST", "policy", {"inquiry_lag_seconds": 7200})
    window.approve()
    world.advance(minutes=61)
    sweep.run(client())
    assert world.attempt(attempt_no).state is AttemptState.EXPIRED

    world.control("POST", "policy", {"inquiry_lag_seconds": 0})
    world.advance(minutes=61)
    sweep.run(client())

    assert world.order(order_no).state is OrderState.PAID


def test_a_result_that_comes_after_the_attempt_was_given_up_still_makes_us_ask(world: World) -> None:
    _buyer, order_no, attempt_no, fields = begin(world, work="PAY")
    world.control("POST", "policy", {"inquiry_lag_seconds": 4000})
    claim = world.payer().pay(fields)
    world.advance(minutes=41)
    sweep.run(client())
    assert world.attempt(attempt_no).state is AttemptState.EXPIRED

    world.control("POST", "policy", {"inquiry_lag_seconds": 0})
    world.deliver(claim)

    assert world.order(order_no).state is OrderState.PAID


def test_work_changed_in_the_browser_from_cert_to_pay_is_asked_about_at_once(world: World) -> None:
    _buyer, order_no, attempt_no, fields = begin(world)

    world.deliver(world.payer().pay(fields | {"PCD_PAY_WORK": "PAY"}))

    assert world.charged() == {attempt_no: 1000}
    assert world.order(order_no).state is OrderState.PAID


def test_a_method_changed_in_the_browser_is_found_under_the_other_method(world: World) -> None:
    _buyer, order_no, attempt_no, fields = begin(world, work="PAY")

    world.deliver(world.payer().pay(fields | {"PCD_PAY_TYPE": "transfer"}))

    assert_returned(world, order_no, attempt_no, 1000)


def test_before_another_window_opens_an_earlier_one_that_may_have_charged_is_asked_about(world: World) -> None:
    buyer, order_no, attempt_no, fields = begin(world, work="PAY")
    assert world.payer().pay(fields, scenario="lost_paid") == []

    answer = buyer.start_attempt(order_no, status=409, work="PAY")

    assert answer["error"]["code"] == "paid"
    assert world.charged() == {attempt_no: 1000}
    assert world.order(order_no).state is OrderState.PAID


def test_a_confirm_for_an_expired_order_is_not_sent(world: World) -> None:
    _buyer, order_no, _attempt_no, fields = begin(world)
    claim = world.payer().pay(fields)
    world.advance(minutes=61)
    sweep.run(client())

    world.deliver(claim)

    assert confirms(world) == 0
    assert world.order(order_no).state is OrderState.EXPIRED


# --- the network ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("work", WORKS)
def test_no_transaction_is_open_while_the_gateway_is_asked(world: World, work: str) -> None:
    checked_out: list[int] = []
    pool = db.engine.pool
    assert isinstance(pool, QueuePool)

    def watching(url: str, go_on: GoOn) -> requests.Response:
        if "/php/" in url:
            checked_out.append(pool.checkedout())
        return go_on()

    _buyer, _order_no, _attempt_no, fields = begin(world, work=work)
    claim = world.payer().pay(fields)
    db.session.rollback()
    intercept(world, watching)
    world.deliver(claim)

    assert checked_out
    assert set(checked_out) == {0}


def test_a_failed_authentication_withdraws_the_attempt_and_the_buyer_can_try_again(world: World) -> None:
    buyer = world.browser()
    order_no = buyer.place_order()
    world.fault("auth", "http_500")

    answer = buyer.start_attempt(order_no, status=502)

    assert answer["error"]["message"]
    assert [attempt.state for attempt in world.order(order_no).attempts] == [AttemptState.EXPIRED]
    world.deliver(world.payer().pay(buyer.start_attempt(order_no)["fields"]))
    assert world.order(order_no).state is OrderState.PAID


def test_a_payment_approved_after_midnight_is_found_under_the_next_day(world: World) -> None:
    """Opened one minute before midnight in Korea, approved one after: the trade date is the day of the approval."""
    tomorrow = (worlds.korea_now() + timedelta(days=1)).replace(hour=0, minute=0, second=0)
    world.advance(seconds=(tomorrow - worlds.korea_now()).total_seconds() - 60)
    _buyer, order_no, attempt_no, fields = begin(world, work="PAY")
    window = world.payer().open(fields)
    world.advance(minutes=2)

    world.deliver(window.approve().result or [])

    assert world.order(order_no).state is OrderState.PAID
    assert world.attempt(attempt_no).trade_date == tomorrow.date()
    assert worlds.korea_date_of(world.attempt(attempt_no).started_at) == tomorrow.date() - timedelta(days=1)


def test_a_result_that_finds_every_line_to_the_gateway_taken_can_be_sent_again(world: World) -> None:
    """While others hang there: nothing left, the buyer is told at once, and the same keys still pay."""
    buyer, order_no, attempt_no, fields = begin(world)
    claim = world.payer().pay(fields)
    places = client()._transport._places
    taken = [places for _ in range(9) if places.acquire(blocking=False)]

    assert world.deliver(claim).endswith(order_no)

    page = buyer.get(f"/orders/{order_no}")
    assert (page.state, confirms(world)) == ("awaiting_payment", 0)
    assert "돈은 빠져나가지 않았어요" in page.text
    assert page.values("pay", "data-testid") == ["pay"]
    for place in taken:
        place.release()
    world.deliver(claim)
    assert (world.attempt(attempt_no).state, confirms(world)) == (AttemptState.PAID, 1)
