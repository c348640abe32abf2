"""The checks of a store pass for our own two stores, and fail for a broken one."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shop.payple import ChargeMode, PayType
from shop.payple.examples.check_store import check_payments, check_refunds
from shop.payple.examples.sqlite_store import SqliteStore
from shop.payple.flow import Attempt, AttemptState, Verdict, utc_now
from shop.payple.refund_rules import Refund, RefundRejected, RefundState, RefundVerdict
from shop.rules.states import Source
from shop.services.settlement import ShopStore
from tests.world import World


def new_attempt(order_no: str) -> Attempt:
    number = secrets.token_hex(8)
    state, opened = AttemptState.PREPARED, utc_now()
    return Attempt(number, 1000, PayType.CARD, ChargeMode.ON_CONFIRM, state, opened, order_no=order_no)


def opener(store: SqliteStore) -> Callable[[], tuple[str, str]]:
    def open_two() -> tuple[str, str]:
        order_no = secrets.token_hex(8)
        first, second = new_attempt(order_no), new_attempt(order_no)
        store.open_attempt(first)
        store.open_attempt(second)
        return first.attempt_no, second.attempt_no

    return open_two


def check(store: SqliteStore) -> None:
    check_payments(store, opener(store))
    check_refunds(store, opener(store))


def test_the_store_of_the_examples_keeps_its_promises(tmp_path: Path) -> None:
    check(SqliteStore(tmp_path / "shop.sqlite"))


class InContext:
    """Calls a store in an application context, from any thread."""

    def __init__(self, world: World, store: ShopStore) -> None:
        self.world = world
        self.store = store

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **more: Any) -> Any:
            with self.world.app.app_context():
                return getattr(self.store, name)(*args, **more)

        return call


def test_the_store_of_the_shop_keeps_its_promises(world: World) -> None:
    def open_two() -> tuple[str, str]:
        purchase = world.purchase()
        first = purchase.attempt_no
        return first, purchase.start().attempt_no

    check_payments(InContext(world, ShopStore(Source.PAGE)), open_two)


class ConfirmsAgain(SqliteStore):
    def begin_confirm(self, attempt_no: str) -> bool:
        return super().begin_confirm(attempt_no) or self.find(attempt_no) is not None


class BelievesOldVerdicts(SqliteStore):
    def record(self, attempt_no: str, verdict: Verdict) -> Attempt:
        now = self.find(attempt_no)
        return super().record(attempt_no, replace(verdict, judged_from=now.state) if now else verdict)


class ClaimsAlways(SqliteStore):
    def claim_check(self, attempt_no: str, *, at_once: bool = False) -> bool:
        return super().claim_check(attempt_no, at_once=True)


class IgnoresTheBalance(SqliteStore):
    def reserve_refund(self, new: Refund, seen_balance: int) -> Refund:
        try:
            return super().reserve_refund(new, seen_balance)
        except RefundRejected:
            return new


class SendsAgain(SqliteStore):
    def begin_refund(self, refund: Refund) -> bool:
        return super().begin_refund(refund) or refund.tries == 0


class ForgetsTheTries(SqliteStore):
    def begin_refund(self, refund: Refund) -> bool:
        now = self.find_refund(refund.refund_no)
        return now is not None and super().begin_refund(replace(refund, tries=now.tries))


class ForgetsRefunds(SqliteStore):
    def record_refund(self, refund_no: str, verdict: RefundVerdict) -> Refund:
        return super().record_refund(refund_no, replace(verdict, state=RefundState.UNKNOWN))


@pytest.mark.parametrize(
    ("broken", "promise"),
    [
        (ConfirmsAgain, "agrees once"),
        (BelievesOldVerdicts, "earlier state"),
        (ClaimsAlways, "not due"),
        (IgnoresTheBalance, "one at a time"),
        (SendsAgain, "agrees once"),
        (ForgetsTheTries, "sent meanwhile"),
        (ForgetsRefunds, "was made"),
    ],
)
def test_a_broken_store_is_found(tmp_path: Path, broken: type[SqliteStore], promise: str) -> None:
    with pytest.raises(AssertionError, match=promise):
        check(broken(tmp_path / "shop.sqlite"))


def test_a_store_without_the_refund_of_an_orphaned_payment_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shop.payple.flow.owed_refund", lambda *_: None)

    with pytest.raises(AssertionError, match="orphaned payment gets its refund"):
        check(SqliteStore(tmp_path / "shop.sqlite"))
