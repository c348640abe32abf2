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
from shop.db import db, end_reading, transaction
from shop.errors import OutOfStock
from shop.extensions import settings
from shop.models import Attempt, Order, PaymentLink, Product, SavedMethod
from shop.payple import (
    OutcomeUnknown,
    PaymentFound,
    PaypleClient,
    PayType,
    Refused,
    UnverifiedResult,
    attempts,
    flow,
    refund_rules,
)
from shop.payple.attempts import AttemptState, Reason, Verdict
from shop.payple.flow import PaymentFlow
from shop.payple.gateway import Gateway
from shop.rules.money import Won
from shop.rules.states import IN_FLIGHT, OrderState, Source
from shop.services import (
    cash_receipts,
    catalogue,
    checkout,
    links,
    monthly_charges,
    orders,
    refunds,
    saved_methods,
    settlement,
    transitions,
    webhooks,
)
from shop.services.checkout import CartOnHand
from shop.services.journal import Actor
from shop.services.orders import Visitor
from shop.services.settlement import ShopStore
from shop.views import error_pages

ONE_REFUND = "DROP INDEX IF EXISTS one_refund_in_flight"
ONE_PAYMENT = "DROP INDEX IF EXISTS one_holding_attempt"
Replacement = Callable[..., Any]
"""Called instead of the original, with it as the first argument."""
Place = tuple[Any, str, Replacement]
"""An object, the name of a function in it, and its replacement."""


@dataclass(frozen=True)
class Bug:
    """``caught_by`` are the invariants of ``tests.oracle`` that break; ``needs`` is a statement for the database."""

    name: str
    how: str
    caught_by: frozenset[str]
    places: tuple[Place, ...]
    needs: str

    @contextmanager
    def planted(self) -> Iterator[None]:
        with ExitStack() as patches:
            for owner, name, replacement in self.places:
                patches.enter_context(patch.object(owner, name, _replaced(getattr(owner, name), replacement)))
            yield


def _replaced(original: Any, replacement: Replacement) -> Any:
    if isinstance(original, property):
        return property(lambda one: replacement(original.fget, one))
    return lambda *args, **more: replacement(original, *args, **more)


BUGS: dict[str, Bug] = {}
Enter = Callable[[Replacement], Replacement]


def bug(how: str, *caught_by: str, at: tuple[Any, str], also: tuple[Place, ...] = (), needs: str = "") -> Enter:
    """Enter a replacement into the table under its own name."""

    def enter(replacement: Replacement) -> Replacement:
        name = replacement.__name__
        BUGS[name] = Bug(name, how, frozenset(caught_by), ((*at, replacement), *also), needs)
        return replacement

    return enter


# what a browser or a webhook says is believed


def _believe(said: UnverifiedResult, source: Source) -> None:
    store = ShopStore(source)
    attempt = store.find(said.attempt_no)
    if attempt and said.reports_success:
        now = clock.now().replace(microsecond=0)
        found = PaymentFound(attempt.attempt_no, attempt.pay_type, attempt.amount, attempt.amount, now)
        store.record(attempt.attempt_no, Verdict(AttemptState.PAID, attempt.state, found=found))


RESULT = (settlement, "handle_result")


@bug("a success that the browser posts is recorded without asking the gateway", "I1", "I13", at=RESULT)
def forged_success_believed(original: Any, result: UnverifiedResult, client: PaypleClient) -> Any:
    _believe(result, Source.BROWSER)
    return original(result, client)


WEBHOOK = (webhooks, "handle")


@bug("a success that a webhook brings is recorded without asking the gateway", "I1", "I13", at=WEBHOOK)
def webhook_believed(_original: Any, message: UnverifiedResult) -> None:
    _believe(message, Source.WEBHOOK)


@bug("a late success makes a refunded order paid again", "I7", at=RESULT)
def paid_again_by_a_late_result(original: Any, result: UnverifiedResult, client: PaypleClient) -> Any:
    order_no = original(result, client)
    if order_no and result.reports_success:
        with transaction():
            order = transitions.lock_order_no(order_no)
            if order.state in (OrderState.REFUNDED, OrderState.PARTIALLY_REFUNDED):
                order.state = OrderState.PAID
    return order_no


@bug("the confirm address of the browser is called as it came", "I8", at=(Gateway, "select_confirm"))
def confirm_address_dialled_as_received(_original: Any, _gateway: Gateway, received: str) -> str:
    return received


# what the gateway says is misread

JUDGE, CONFIRM = (flow, "judge"), (PaypleClient, "confirm")


@bug("the amount of the gateway's answer is not compared with the order", "I1", at=JUDGE)
def amount_not_compared(original: Any, attempt: attempts.Attempt, found: PaymentFound) -> Any:
    return original(attempt, replace(found, amount=attempt.amount, requested_amount=None))


@bug("the method of the gateway's answer is not compared with the one that was chosen", "I1", at=JUDGE)
def method_not_compared(original: Any, attempt: attempts.Attempt, found: PaymentFound) -> Any:
    return original(attempt, replace(found, pay_type=attempt.pay_type))


@bug("a payment that has gone back counts as paid", "I4", at=JUDGE)
def refunded_payment_counts_as_paid(original: Any, attempt: attempts.Attempt, found: PaymentFound) -> Any:
    return original(attempt, replace(found, refunded_amount=None, state=""))


@bug("whatever number the confirm's answer names, it pays the attempt that was posted", "I1", at=CONFIRM)
def number_not_compared(original: Any, client: PaypleClient, result: UnverifiedResult, **more: Any) -> Any:
    return replace(original(client, result, **more), attempt_no=result.attempt_no)


@bug("a confirm without an answer counts as declined, so the buyer pays again", "I1", at=CONFIRM)
def timeout_is_declined(original: Any, *args: Any, **more: Any) -> Any:
    try:
        return original(*args, **more)
    except OutcomeUnknown as error:
        raise Refused("no answer", "3112") from error


@bug("an inquiry that finds nothing counts as declined at once, so the buyer pays again", "I1", at=(flow, "not_found"))
def not_found_is_declined(_original: Any, attempt: attempts.Attempt, _now: datetime) -> Verdict:
    given_up = {AttemptState.PREPARED: AttemptState.EXPIRED, AttemptState.UNKNOWN: AttemptState.DECLINED}
    return Verdict(given_up.get(attempt.state, attempt.state), attempt.state, Reason.NOT_FOUND)


@bug("trade dates are those of UTC instead of Korea", "I4", at=(PaymentFound, "payment_date"))
def trade_date_from_utc(_original: Any, found: PaymentFound) -> date:
    return found.paid_at.astimezone(UTC).date()


# the confirm


@bug("the confirm leaves before its intent is committed", "I1", at=(ShopStore, "begin_confirm"))
def intent_not_committed(*_: Any) -> bool:
    return True


UNCHECKED = "the order is not checked again before the confirm, and no index admits one payment only"


@bug(UNCHECKED, "I1", at=(transitions, "begin_confirm"), needs=ONE_PAYMENT)
def order_not_checked_before_the_confirm(_original: Any, attempt: Attempt, source: Source) -> bool:
    actor = Actor(source)
    transitions.move(attempt, AttemptState.CONFIRMING, "confirming", actor, confirming_at=clock.now(), checks=0)
    return True


# when and where the gateway is asked


@bug("a window's time is over, so the sweep gives it up without asking", "I2", "I13", at=(settlement, "settle"))
def sweep_expires_without_asking(original: Any, attempt_no: str, client: Any, *, source: Source, **more: Any) -> Any:
    store = ShopStore(source)
    attempt = store.find(attempt_no)
    if source is not Source.SWEEP or attempt is None or clock.now() <= attempt.ends_at:
        return original(attempt_no, client, source=source, **more)
    if attempt.state is AttemptState.PREPARED:
        store.record(attempt_no, Verdict(AttemptState.EXPIRED, attempt.state))
    return True


NEXT_CHECK = (attempts, "next_check")


@bug("a call without an answer is never asked about again", "I11", at=NEXT_CHECK)
def unknown_without_a_next_check(original: Any, attempt: attempts.Attempt, now: datetime) -> Any:
    return None if attempt.state is AttemptState.UNKNOWN else original(attempt, now)


@bug("what was given up is not asked about once more", "I2", "I13", at=NEXT_CHECK)
def late_charge_not_looked_for(original: Any, attempt: attempts.Attempt, now: datetime) -> Any:
    return None if attempt.state in attempts.GIVEN_UP else original(attempt, now)


@bug("an inquiry names the day on which the window was opened, and no other", "I2", "I13", at=(flow, "days_to_ask"))
def one_day_asked(original: Any, started_at: datetime, now: datetime) -> Any:
    return original(started_at, now)[:1]


@bug("an inquiry names the method that was chosen, and no other", "I2", "I13", at=(PaymentFlow, "_inquire"))
def other_method_not_asked(
    _original: Any, asking: PaymentFlow, attempt: attempts.Attempt, now: datetime
) -> PaymentFound | None:
    ask, number = asking.inquirer or asking.client, attempt.attempt_no
    days = flow.days_to_ask(attempt.started_at, now)
    answers = (ask.inquire(number, day, attempt.pay_type) for day in days)
    return next((found for found in answers if found is not None), None)


# money that no order takes


@bug("money that no order can take is written down and kept", "I2", "I13", at=(transitions, "file_owed_refund"))
def orphan_not_cancelled(*_: Any) -> None:
    return


TAKEN = "a second payment of an order is taken, too, and no index admits one payment only"


@bug(TAKEN, "I1", at=(transitions, "_is_held"), needs=ONE_PAYMENT)
def second_payment_taken(*_: Any) -> bool:
    return False


@bug("a cancelled order is sold when its money comes after all", "I7", at=(orders, "_give_up"))
def cancelled_order_sold(original: Any, order: Order, event: str, source: Source, **_more: Any) -> None:
    original(order, event, source)


LATE = (transitions, "_take_stock_again")


@bug("an order that is paid late does not take its goods from the stock again", "I6", at=LATE)
def stock_not_taken_again(*_: Any) -> bool:
    return True


# refunds


@bug("a refund without an answer is sent again, a partial one too", "I3", at=(PaypleClient, "refund"))
def partial_refund_repeated(original: Any, *args: Any, **more: Any) -> Any:
    try:
        return original(*args, **more)
    except OutcomeUnknown:
        return original(*args, **more)


@bug("what has been refunded already is not taken off what can be", "I3", at=(refunds, "_facts"))
def refunds_not_counted(original: Any, attempt: Attempt) -> Any:
    return replace(original(attempt), gone=Won(0), gone_vat=Won(0))


def _facts_without_reserve(original: Any, attempt: Attempt) -> Any:
    facts = original(attempt)
    reserved = sum(refund.amount for refund in attempt.refunds if refund.state in IN_FLIGHT)
    return replace(facts, gone=Won(facts.gone - reserved))


@bug(
    "two operators can refund at once: nothing is reserved, no index says one at a time",
    "I3",
    at=(refund_rules, "check_refund"),
    also=((refunds, "_facts", _facts_without_reserve),),
    needs=ONE_REFUND,
)
def two_operators_at_once(original: Any, amount: int, **balances: Any) -> None:
    original(amount, **balances | {"is_in_flight": False})


@bug("the cash receipt does not follow a refund", "I5", at=(cash_receipts, "adjust_to_refund"))
def receipt_not_reduced(*_: Any) -> None:
    return


# stock

_seen = threading.local()


def _write_seen_stock(_original: Any, lines: Any) -> None:
    for line in lines:
        left = _seen.stock.get(line.product_id)
        if left is not None and left < line.quantity:
            raise OutOfStock(line.slug)
        if left is not None:
            statement = update(Product).where(Product.id == line.product_id).values(stock=left - line.quantity)
            db.session.connection().execute(statement)


@bug(
    "the stock is read first and written later",
    "I6",
    at=(checkout, "place_order"),
    also=((catalogue, "take_stock", _write_seen_stock),),
)
def oversold(original: Any, cart: CartOnHand, *args: Any, **more: Any) -> Any:
    query = select(Product.id, Product.stock).where(Product.slug.in_(cart.items))
    _seen.stock = {row.id: row.stock for row in db.session.execute(query)}
    end_reading()
    time.sleep(0.05)  # long enough for another buyer to look, too
    return original(cart, *args, **more)


# pages


@bug("the page of an error shows a key", "I9", at=(error_pages, "_answer"))
def secret_in_an_error_page(original: Any, problem: Any) -> Any:
    return original(replace(problem, sentence=f"{problem.sentence} ({settings().credentials.cust_key})"))


@bug("whoever knows its number may see an order", "I12", at=(Visitor, "owns"))
def owner_not_checked(*_: Any) -> bool:
    return True


@bug("an order offers what every browser has saved", "I12", at=(saved_methods, "saved_by"))
def saved_methods_of_everybody(*_: Any) -> list[SavedMethod]:
    return list(db.session.scalars(select(SavedMethod)))


# subscriptions and links


@bug("a month is charged without the gateway's guard", "I14", at=(monthly_charges, "_request"))
def charged_twice_a_month(original: Any, *args: Any) -> Any:
    return replace(original(*args), month=None)


@bug("a declined month is tried every day", "I14", at=(monthly_charges, "_is_last_try_used"))
def declined_charge_tried_for_ever(*_: Any) -> bool:
    return False


@bug("an unknown webhook pays the link whose amount it names", "I1", "I13", at=WEBHOOK)
def link_matched_by_the_webhook(_original: Any, message: UnverifiedResult) -> None:
    now, number, amount = clock.now().replace(microsecond=0), message.attempt_no, message.amount or 0
    for goods in db.session.scalars(select(PaymentLink.goods).join(Order).where(Order.amount == amount)).all():
        found = PaymentFound(number, PayType.CARD, amount, amount, now, goods=goods)
        links.record_found(number, found, source=Source.WEBHOOK)
