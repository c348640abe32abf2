"""Bugs that are planted on purpose, each a thing that real shops do. The invariants have to catch each one by name.

A bug is put in by ``with bug.planted(): …`` before the shop works (``PLANTED_BUG`` does it for a whole server, see
``tests.planted.app``), and taken out again behind it. ``needs`` is a statement for the database that belongs to it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any
from unittest.mock import patch

from flask import has_request_context, session
from sqlalchemy import select, update

from shop import policy
from shop.db import db, release, transaction
from shop.errors import OutOfStock
from shop.extensions import settings
from shop.graph import Proof
from shop.models import Order, OrderLine, Product
from shop.money import Won
from shop.payple import Authentication, Claim, OutcomeUnknown, PaymentFound, PaypleClient, Purpose, Refused, codes
from shop.payple.endpoints import Gateway
from shop.policy import Verdict
from shop.refund_policy import PaidFacts, RefundPlan
from shop.services import ordering, recording, refunding, settlement, told
from shop.services.ordering import CartOnHand, Visitor
from shop.services.refunding import RefundWish
from shop.states import IN_FLIGHT, AttemptState, OrderState, Source
from shop.views import error_pages

Plant = Callable[[], Iterator[None]]
ONE_REFUND = "DROP INDEX IF EXISTS one_refund_in_flight"


@dataclass(frozen=True)
class Bug:
    """``caught_by`` are the invariants of ``tests.model.invariants`` that a run with this bug breaks."""

    name: str
    how: str
    caught_by: frozenset[str]
    plant: Callable[[], Any]
    needs: str = ""

    @contextmanager
    def planted(self) -> Iterator[None]:
        """While this lasts the shop has the bug."""
        with ExitStack() as patches:
            for one in self.plant():
                patches.enter_context(one)
            yield


BUGS: dict[str, Bug] = {}


def bug(how: str, *caught_by: str, needs: str = "") -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    """Write a planting function into the table under its own name."""

    def enter(plant: Callable[[], Any]) -> Callable[[], Any]:
        BUGS[plant.__name__] = Bug(plant.__name__, how, frozenset(caught_by), plant, needs)
        return plant

    return enter


# --- what a browser or a webhook says is believed -------------------------------------------------------------------


def _believe(claim: Claim, source: Source, now: datetime) -> None:
    facts = settlement._find(claim.attempt_no)
    if facts and claim.is_success:
        asked = facts.asked
        found = PaymentFound(asked.attempt_no, asked.method, asked.amount, now.replace(microsecond=0))
        recording.record(facts, Verdict(AttemptState.PAID, Proof.INQUIRY, found=found), source=source, now=now)


@bug("a success that the browser posts is recorded without asking the gateway", "I1", "I20")
def forged_success_believed() -> Any:
    original = settlement.hear

    def hear(claim: Claim, client: PaypleClient, *, source: Source, now: datetime) -> str | None:
        if source is Source.BROWSER:
            _believe(claim, source, now)
        return original(claim, client, source=source, now=now)

    return [patch.object(settlement, "hear", hear)]


@bug("a success that a webhook brings is recorded without asking the gateway", "I1", "I20")
def webhook_believed() -> Any:
    original = settlement.handle_webhook

    def handle_webhook(claim: Claim, *, now: datetime) -> None:
        _believe(claim, Source.WEBHOOK, now)
        original(claim, now=now)

    return [patch.object(settlement, "handle_webhook", handle_webhook)]


@bug("a failure that the browser posts gives the stock back", "I9")
def stock_back_on_forged_failure() -> Any:
    original = settlement.hear

    def hear(claim: Claim, client: PaypleClient, *, source: Source, now: datetime) -> str | None:
        order_no = original(claim, client, source=source, now=now)
        if order_no and claim.result in ("error", "close"):
            with transaction():
                ordering.give_stock_back(recording.lock_order_no(order_no).lines)
        return order_no

    return [patch.object(settlement, "hear", hear)]


@bug("a late success makes a refunded order paid again", "I10")
def paid_again_by_a_late_result() -> Any:
    original = settlement.hear

    def hear(claim: Claim, client: PaypleClient, *, source: Source, now: datetime) -> str | None:
        order_no = original(claim, client, source=source, now=now)
        if order_no and claim.is_success:
            with transaction():
                order = recording.lock_order_no(order_no)
                if order.state in (OrderState.REFUNDED, OrderState.PARTIALLY_REFUNDED):
                    order.state = OrderState.PAID
        return order_no

    return [patch.object(settlement, "hear", hear)]


@bug("the confirm address of the browser is dialled as it came", "I11")
def confirm_address_dialled_as_received() -> Any:
    return [patch.object(Gateway, "select_confirm", lambda _gateway, received: received)]


@bug("the result route keeps the number in the session", "I19")
def cookie_from_the_result_route() -> Any:
    original = settlement.hear

    def hear(claim: Claim, client: PaypleClient, *, source: Source, now: datetime) -> str | None:
        if has_request_context() and source is Source.BROWSER:
            session["last"] = claim.attempt_no
        return original(claim, client, source=source, now=now)

    return [patch.object(settlement, "hear", hear)]


# --- what the gateway says is misread -------------------------------------------------------------------------------


@bug("number and amount of the confirm's answer are not compared with the order", "I4")
def amount_not_compared() -> Any:
    return [patch.object(policy, "mismatches", lambda _asked, _found: [])]


@bug('a code that contains "0000" counts as a success', "I18")
def success_by_substring() -> Any:
    return [patch.object(codes, "is_success", lambda code: not code or "0000" in code)]


@bug("a confirm without an answer counts as declined, for good", "I2", "I20")
def timeout_is_declined() -> Any:
    original, after_refusal = PaypleClient.confirm, policy.after_refusal

    def confirm(client: PaypleClient, claim: Claim, *, about: str = "") -> PaymentFound:
        try:
            return original(client, claim, about=about)
        except OutcomeUnknown as error:
            raise Refused("3112", "no answer") from error

    def for_good(refused: Refused, *, blames_claim: bool) -> Verdict:
        return replace(after_refusal(refused, blames_claim=blames_claim), asks_again=False)

    return [patch.object(PaypleClient, "confirm", confirm), patch.object(policy, "after_refusal", for_good)]


@bug("an inquiry that finds nothing counts as declined at once", "I3")
def not_found_is_declined() -> Any:
    return [patch.object(policy, "nothing_found", lambda state, _work, **_: _given_up(state))]


def _given_up(state: AttemptState) -> AttemptState | None:
    if state in policy.LATE:
        return None
    return AttemptState.EXPIRED if state is AttemptState.PREPARED else AttemptState.DECLINED


@bug("trade dates are those of UTC instead of Korea", "I17")
def trade_date_from_utc() -> Any:
    def trade_date(found: PaymentFound) -> date:
        return found.paid_at.astimezone(UTC).date()

    return [patch.object(PaymentFound, "trade_date", property(trade_date))]


# --- our own calls --------------------------------------------------------------------------------------------------


@bug("a confirm without an answer is sent again", "I14")
def confirmed_twice() -> Any:
    original = PaypleClient.confirm

    def confirm(client: PaypleClient, claim: Claim, *, about: str = "") -> PaymentFound:
        try:
            return original(client, claim, about=about)
        except OutcomeUnknown:
            return original(client, claim, about=about)

    return [patch.object(PaypleClient, "confirm", confirm)]


@bug("the confirm leaves before its intent is committed", "I14")
def intent_not_committed() -> Any:
    return [patch.object(recording, "begin_confirm", lambda *_facts, **_more: True)]


@bug("one partner authentication serves every later call", "I13")
def authentication_reused() -> Any:
    original, kept = PaypleClient.authenticate, threading.local()

    def authenticate(client: PaypleClient, purpose: Purpose = Purpose.WINDOW, *, about: str = "") -> Authentication:
        fresh = original(client, purpose, about=about)
        if purpose is Purpose.WINDOW:
            return fresh
        first: Authentication = getattr(kept, "first", fresh)
        kept.first = first
        return replace(fresh, cst_id=first.cst_id, cust_key=first.cust_key, auth_key=first.auth_key)

    return [patch.object(PaypleClient, "authenticate", authenticate)]


@bug("a window's time is over, so the sweep gives it up without asking the gateway", "I2", "I20")
def sweep_expires_without_asking() -> Any:
    original = settlement.look

    def look(attempt_no: str, client: PaypleClient, *, source: Source, now: datetime, **more: Any) -> bool:
        facts = settlement._find(attempt_no)
        if source is not Source.SWEEP or facts is None or not facts.is_over(now):
            return original(attempt_no, client, source=source, now=now, **more)
        state = AttemptState.EXPIRED if facts.state is AttemptState.PREPARED else AttemptState.DECLINED
        recording.record(facts, Verdict(state, Proof.NOTHING_FOUND), source=source, now=now)
        return True

    return [patch.object(settlement, "look", look)]


@bug("money that no order can take is written down and kept", "I2", "I20")
def orphan_not_cancelled() -> Any:
    return [patch.object(told, "owe_orphan", lambda *_: None)]


@bug("whatever sum an answer names goes back at the word of that one answer", "I5")
def one_answer_is_enough() -> Any:
    return [patch.object(policy, "one_answer_is_enough", lambda asked, found: found.attempt_no == asked.attempt_no)]


# --- refunds --------------------------------------------------------------------------------------------------------


@bug("a refund without an answer is sent again, a partial one too", "I7")
def partial_refund_repeated() -> Any:
    original = PaypleClient.refund

    def refund(client: PaypleClient, request: Any, *, about: str = "") -> Any:
        try:
            return original(client, request, about=about)
        except OutcomeUnknown:
            return original(client, request, about=about)

    return [patch.object(PaypleClient, "refund", refund)]


def _without_reserve(order: Order, attempt: Any) -> PaidFacts:
    facts = _facts(order, attempt)
    reserved = sum(refund.amount for refund in attempt.refunds if refund.state in IN_FLIGHT)
    return replace(facts, gone=Won(facts.gone - reserved))


_facts = refunding._facts
_insist = refunding._insist


@bug("what has been refunded already is not taken off what can be", "I5")
def refunds_not_counted() -> Any:
    return [
        patch.object(
            refunding,
            "_facts",
            lambda order, attempt: replace(_facts(order, attempt), gone=Won(0), gone_vat=Won(0)),
        )
    ]


@bug("balance and amount of a refund are those of the form", "I5")
def refund_amount_from_the_form() -> Any:
    def insist(order: Order, wish: RefundWish, *_later: Any) -> RefundPlan:
        left = Won(max(0, wish.seen_refundable - wish.amount))
        return RefundPlan(wish.amount, Won(0), sends_vat=False, remainder=left, receipt_after=None)

    return [patch.object(refunding, "_insist", insist)]


@bug("two operators can refund at once: nothing is reserved, no index says one at a time", "I5", needs=ONE_REFUND)
def two_operators_at_once() -> Any:
    def insist(order: Order, wish: RefundWish, *_later: Any) -> RefundPlan:
        return refunding.plan(order, wish.amount, wish.line_ids)

    return [patch.object(refunding, "_insist", insist), patch.object(refunding, "_facts", _without_reserve)]


@bug("the cash receipt does not follow a refund", "I8")
def receipt_not_reduced() -> Any:
    return [patch.object(refunding, "change_receipt", lambda *_refund, **_more: None)]


# --- stock ----------------------------------------------------------------------------------------------------------


class _Looked(threading.local):
    stock: dict[int, int | None] = {}  # noqa: RUF012 - a default, never changed in place


@bug("the stock is read first and written later", "I9")
def oversold() -> Any:
    original, looked = ordering.place_order, _Looked()

    def place_order(cart: CartOnHand, payer: Any, visitor: Visitor, **more: Any) -> Order:
        query = select(Product.id, Product.stock).where(Product.slug.in_(cart.items))
        looked.stock = {row.id: row.stock for row in db.session.execute(query)}
        release()
        time.sleep(0.05)  # long enough for another buyer to look, too
        return original(cart, payer, visitor, **more)

    def take_stock(lines: Any) -> None:
        for line in lines:
            _write_stock(line, looked.stock.get(line.product_id))

    return [patch.object(ordering, "place_order", place_order), patch.object(ordering, "take_stock", take_stock)]


def _write_stock(line: OrderLine, seen: int | None) -> None:
    if seen is None:
        return
    if seen < line.quantity:
        raise OutOfStock(line.slug)
    changed = update(Product).where(Product.id == line.product_id).values(stock=seen - line.quantity)
    db.session.connection().execute(changed)


# --- pages ----------------------------------------------------------------------------------------------------------


@bug("the page that says that nothing is here shows a key", "I12")
def secret_in_an_error_page() -> Any:
    original = error_pages._nothing_here

    def nothing_here() -> Any:
        problem = original()
        return replace(problem, sentence=f"{problem.sentence} ({settings().credentials.cust_key})")

    return [patch.object(error_pages, "_nothing_here", nothing_here)]


@bug("whoever knows its number may see an order", "I19")
def owner_not_checked() -> Any:
    return [patch.object(Visitor, "owns", lambda _visitor, _order: True)]


def quiet() -> None:
    """A planted bug is loud in the logs on purpose; a harness may want it quiet."""
    logging.getLogger("shop").setLevel(logging.CRITICAL)
