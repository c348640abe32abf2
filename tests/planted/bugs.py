"""Bugs that are planted on purpose, each a thing that real shops do, and the invariants that they break.

``with bug.planted(): …`` puts one in and takes it out again. ``tests.planted.app`` does it for a whole server.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any
from unittest.mock import patch

from sqlalchemy import select, update

from shop import clock
from shop.db import db, release, transaction
from shop.errors import OutOfStock
from shop.extensions import settings
from shop.models import Attempt, Order, OrderLine, Product
from shop.payple import (
    OutcomeUnknown,
    PaymentFound,
    PaypleClient,
    Refused,
    UnverifiedResult,
    flow,
)
from shop.payple.endpoints import Gateway
from shop.payple.flow import AttemptState, PaymentFlow, Reason, Verdict
from shop.rules.money import Won
from shop.rules.refund import PaidFacts, RefundPlan
from shop.rules.states import IN_FLIGHT, OrderState, Source
from shop.services import cash_receipts, catalogue, orders, refunds, settlement, transitions
from shop.services.journal import Actor
from shop.services.orders import CartOnHand, Visitor
from shop.services.refunds import RefundWish
from shop.services.settlement import ShopStore
from shop.views import error_pages

ONE_REFUND = "DROP INDEX IF EXISTS one_refund_in_flight"
ONE_PAYMENT = "DROP INDEX IF EXISTS one_holding_attempt"


@dataclass(frozen=True)
class Bug:
    """``caught_by`` are the invariants of ``tests.oracle`` that break; ``needs`` is a statement for the database."""

    name: str
    how: str
    caught_by: frozenset[str]
    plant: Callable[[], Any]
    needs: str

    @contextmanager
    def planted(self) -> Iterator[None]:
        """While this lasts the shop has the bug."""
        with ExitStack() as patches:
            for one in self.plant():
                patches.enter_context(one)
            yield


BUGS: dict[str, Bug] = {}


def bug(how: str, *caught_by: str, needs: str = "") -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    """Enter a planting function into the table under its own name."""

    def enter(plant: Callable[[], Any]) -> Callable[[], Any]:
        BUGS[plant.__name__] = Bug(plant.__name__, how, frozenset(caught_by), plant, needs)
        return plant

    return enter


# what a browser or a webhook says is believed


def _believe(said: UnverifiedResult, source: Source) -> None:
    store = ShopStore(source)
    attempt = store.find(said.attempt_no)
    if attempt and said.reports_success:
        found = PaymentFound(
            attempt.attempt_no, attempt.pay_type, attempt.amount, attempt.amount, clock.now().replace(microsecond=0)
        )
        store.record(attempt.attempt_no, Verdict(AttemptState.PAID, attempt.state, found=found))


def _after_result(act: Callable[[UnverifiedResult, str], None]) -> Any:
    """Do this, too, once a result post about an order of ours has been handled."""
    original = settlement.handle_result

    def handle_result(result: UnverifiedResult, client: PaypleClient) -> str | None:
        order_no = original(result, client)
        if order_no:
            act(result, order_no)
        return order_no

    return [patch.object(settlement, "handle_result", handle_result)]


@bug("a success that the browser posts is recorded without asking the gateway", "I1", "I13")
def forged_success_believed() -> Any:
    original = settlement.handle_result

    def handle_result(result: UnverifiedResult, client: PaypleClient) -> str | None:
        _believe(result, Source.BROWSER)
        return original(result, client)

    return [patch.object(settlement, "handle_result", handle_result)]


@bug("a success that a webhook brings is recorded without asking the gateway", "I1", "I13")
def webhook_believed() -> Any:
    return [patch.object(settlement, "handle_webhook", lambda message: _believe(message, Source.WEBHOOK))]


@bug("a late success makes a refunded order paid again", "I7")
def paid_again_by_a_late_result() -> Any:
    def pay_again(result: UnverifiedResult, order_no: str) -> None:
        with transaction():
            order = transitions.lock_order_no(order_no)
            if result.reports_success and order.state in (OrderState.REFUNDED, OrderState.PARTIALLY_REFUNDED):
                order.state = OrderState.PAID

    return _after_result(pay_again)


@bug("the confirm address of the browser is dialled as it came", "I8")
def confirm_address_dialled_as_received() -> Any:
    return [patch.object(Gateway, "select_confirm", lambda _gateway, received: received)]


# what the gateway says is misread


def _decides(blind_to: Callable[[flow.Attempt, PaymentFound], PaymentFound]) -> Any:
    """Judge each charge as if it said something else."""
    original = flow.decide
    return [patch.object(flow, "decide", lambda attempt, found: original(attempt, blind_to(attempt, found)))]


@bug("the amount of the gateway's answer is not compared with the order", "I1")
def amount_not_compared() -> Any:
    return _decides(lambda attempt, found: replace(found, amount=attempt.amount, requested_amount=None))


@bug("the method of the gateway's answer is not compared with the one that was chosen", "I1")
def method_not_compared() -> Any:
    return _decides(lambda attempt, found: replace(found, pay_type=attempt.pay_type))


@bug("a payment that has gone back counts as paid", "I4")
def refunded_payment_counts_as_paid() -> Any:
    return _decides(lambda _attempt, found: replace(found, refunded_amount=None, state=""))


@bug("whatever number the confirm's answer names, it pays the attempt that was posted", "I1")
def number_not_compared() -> Any:
    original = PaypleClient.confirm

    def confirm(client: PaypleClient, result: UnverifiedResult, **more: Any) -> PaymentFound:
        return replace(original(client, result, **more), attempt_no=result.attempt_no)

    return [patch.object(PaypleClient, "confirm", confirm)]


@bug("a confirm without an answer counts as declined, so the buyer pays again", "I1")
def timeout_is_declined() -> Any:
    original = PaypleClient.confirm

    def confirm(client: PaypleClient, claim: UnverifiedResult, **more: Any) -> PaymentFound:
        try:
            return original(client, claim, **more)
        except OutcomeUnknown as error:
            raise Refused("3112", "no answer") from error

    return [patch.object(PaypleClient, "confirm", confirm)]


@bug("an inquiry that finds nothing counts as declined at once, so the buyer pays again", "I1")
def not_found_is_declined() -> Any:
    def not_found(attempt: flow.Attempt, _now: datetime) -> Verdict:
        given_up = {AttemptState.PREPARED: AttemptState.EXPIRED, AttemptState.UNKNOWN: AttemptState.DECLINED}
        return Verdict(given_up.get(attempt.state, attempt.state), attempt.state, Reason.NOT_FOUND)

    return [patch.object(flow, "not_found", not_found)]


@bug("trade dates are those of UTC instead of Korea", "I4")
def trade_date_from_utc() -> Any:
    def payment_date(found: PaymentFound) -> date:
        return found.paid_at.astimezone(UTC).date()

    return [patch.object(PaymentFound, "payment_date", property(payment_date))]


# the confirm


@bug("the confirm leaves before its intent is committed", "I1")
def intent_not_committed() -> Any:
    return [patch.object(ShopStore, "begin_confirm", lambda _store, _attempt_no: True)]


@bug("the order is not checked again before the confirm, and no index admits one payment only", "I1", needs=ONE_PAYMENT)
def order_not_checked_before_the_confirm() -> Any:
    def begin_confirm(attempt: Attempt) -> bool:
        actor = Actor(Source.BROWSER)
        transitions.move(attempt, AttemptState.CONFIRMING, "confirming", actor, confirming_at=clock.now(), checks=0)
        return True

    return [patch.object(transitions, "begin_confirm", begin_confirm)]


# when and where the gateway is asked


@bug("a window's time is over, so the sweep gives it up without asking the gateway", "I2", "I13")
def sweep_expires_without_asking() -> Any:
    original = settlement.settle

    def settle(attempt_no: str, client: PaypleClient, *, source: Source, **more: Any) -> bool:
        store = ShopStore(source)
        attempt = store.find(attempt_no)
        if source is not Source.SWEEP or attempt is None or clock.now() <= attempt.ends_at:
            return original(attempt_no, client, source=source, **more)
        if attempt.state is AttemptState.PREPARED:
            store.record(attempt_no, Verdict(AttemptState.EXPIRED, attempt.state))
        return True

    return [patch.object(settlement, "settle", settle)]


@bug("a call without an answer is never asked about again", "I11")
def unknown_without_a_next_check() -> Any:
    original = flow.next_check

    def next_check(attempt: flow.Attempt, now: datetime) -> datetime | None:
        return None if attempt.state is AttemptState.UNKNOWN else original(attempt, now)

    return [patch.object(flow, "next_check", next_check)]


@bug("what was given up is not asked about once more", "I2", "I13")
def late_charge_not_looked_for() -> Any:
    return [patch.object(flow, "LATE_CHECKS", ())]


@bug("an inquiry names the day on which the window was opened, and no other", "I2", "I13")
def one_day_asked() -> Any:
    original = flow.days_to_ask
    return [patch.object(flow, "days_to_ask", lambda opened_at, now: original(opened_at, now)[:1])]


@bug("an inquiry names the method that was chosen, and no other", "I2", "I13")
def other_method_not_asked() -> Any:
    def inquire(asking: PaymentFlow, attempt: flow.Attempt) -> PaymentFound | None:
        ask, number = asking.inquirer or asking.client, attempt.attempt_no
        days = flow.days_to_ask(attempt.opened_at, asking.now())
        answers = (ask.inquire(number, day, attempt.pay_type) for day in days)
        return next((found for found in answers if found is not None), None)

    return [patch.object(PaymentFlow, "_inquire", inquire)]


# money that no order takes


@bug("money that no order can take is written down and kept", "I2", "I13")
def orphan_not_cancelled() -> Any:
    return [patch.object(transitions, "_file_refund", lambda *_: None)]


@bug("a second payment of an order is taken, too, and no index admits one payment only", "I1", needs=ONE_PAYMENT)
def second_payment_taken() -> Any:
    return [patch.object(transitions, "_place", lambda _attempt, verdict: (verdict.state, verdict.reason.value))]


@bug("an order that is paid late does not take its goods from the stock again", "I6")
def stock_not_taken_again() -> Any:
    return [patch.object(transitions, "_take_stock_again", lambda _order: True)]


# refunds


@bug("a refund without an answer is sent again, a partial one too", "I3")
def partial_refund_repeated() -> Any:
    original = PaypleClient.refund

    def refund(client: PaypleClient, request: Any, **more: Any) -> Any:
        try:
            return original(client, request, **more)
        except OutcomeUnknown:
            return original(client, request, **more)

    return [patch.object(PaypleClient, "refund", refund)]


def _without_reserve(order: Order, attempt: Any) -> PaidFacts:
    facts = _facts(order, attempt)
    reserved = sum(refund.amount for refund in attempt.refunds if refund.state in IN_FLIGHT)
    return replace(facts, gone=Won(facts.gone - reserved))


_facts = refunds._facts


@bug("what has been refunded already is not taken off what can be", "I3")
def refunds_not_counted() -> Any:
    return [
        patch.object(
            refunds,
            "_facts",
            lambda order, attempt: replace(_facts(order, attempt), gone=Won(0), gone_vat=Won(0)),
        )
    ]


@bug("two operators can refund at once: nothing is reserved, no index says one at a time", "I3", needs=ONE_REFUND)
def two_operators_at_once() -> Any:
    def require(order: Order, wish: RefundWish, *_later: Any) -> RefundPlan:
        return refunds.plan(order, wish.amount, wish.line_ids)

    return [patch.object(refunds, "_require_refundable", require), patch.object(refunds, "_facts", _without_reserve)]


@bug("the cash receipt does not follow a refund", "I5")
def receipt_not_reduced() -> Any:
    return [patch.object(cash_receipts, "follow_refund", lambda *_refund: None)]


# stock


class _Looked(threading.local):
    stock: dict[int, int | None] = {}  # noqa: RUF012 - a default, never changed in place


@bug("the stock is read first and written later", "I6")
def oversold() -> Any:
    original, looked = orders.place_order, _Looked()

    def place_order(cart: CartOnHand, payer: Any, visitor: Visitor, **more: Any) -> Order:
        query = select(Product.id, Product.stock).where(Product.slug.in_(cart.items))
        looked.stock = {row.id: row.stock for row in db.session.execute(query)}
        release()
        time.sleep(0.05)  # long enough for another buyer to look, too
        return original(cart, payer, visitor, **more)

    def take_stock(lines: Any) -> None:
        for line in lines:
            _write_stock(line, looked.stock.get(line.product_id))

    return [patch.object(orders, "place_order", place_order), patch.object(catalogue, "take_stock", take_stock)]


def _write_stock(line: OrderLine, seen: int | None) -> None:
    if seen is None:
        return
    if seen < line.quantity:
        raise OutOfStock(line.slug)
    changed = update(Product).where(Product.id == line.product_id).values(stock=seen - line.quantity)
    db.session.connection().execute(changed)


# pages


@bug("the page that says that nothing is here shows a key", "I9")
def secret_in_an_error_page() -> Any:
    original = error_pages._nothing_here

    def nothing_here() -> Any:
        problem = original()
        return replace(problem, sentence=f"{problem.sentence} ({settings().credentials.cust_key})")

    return [patch.object(error_pages, "_nothing_here", nothing_here)]


@bug("whoever knows its number may see an order", "I12")
def owner_not_checked() -> Any:
    return [patch.object(Visitor, "owns", lambda _visitor, _order: True)]
