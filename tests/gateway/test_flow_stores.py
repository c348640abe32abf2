"""The checks of a store pass for our own two stores, and fail for a broken one."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from shop.payple import ChargeMode, PayType, WindowRequest
from shop.payple.attempts import Attempt, Verdict
from shop.payple.examples.check_store import check_payments, check_store
from shop.payple.examples.sqlite_store import SqliteStore
from shop.payple.refund_rules import Refund
from shop.payple.store import GatewayAnswer, LockedOrder
from shop.rules.states import Source
from shop.services.settlement import ShopStore
from tests.world import World


def new_attempt(order_no: str) -> Attempt:
    request = WindowRequest(secrets.token_hex(8), 1000, "책", PayType.CARD, ChargeMode.ON_CONFIRM, "/result")
    return Attempt.of(request, order_no)


def opener(store: SqliteStore) -> Callable[[], tuple[str, str]]:
    def open_two() -> tuple[str, str]:
        order_no = secrets.token_hex(8)
        first, second = new_attempt(order_no), new_attempt(order_no)
        store.open_attempt(first)
        store.open_attempt(second)
        return first.attempt_no, second.attempt_no

    return open_two


def check(store: SqliteStore) -> None:
    check_store(store, opener(store))


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


class ForgetsRefundsThatAreDue(SqliteStore):
    def due(self, now: datetime) -> list[str]:
        return [number for number in super().due(now) if not self.refunds_of(number)]


class ChangesTheOrder(SqliteStore):
    """A store whose lock() hands out something else."""

    @contextmanager
    def lock(self, attempt_no: str) -> Iterator[LockedOrder]:
        with super().lock(attempt_no) as order:
            yield self.change(order, attempt_no)

    def change(self, order: LockedOrder, attempt_no: str) -> LockedOrder:
        raise NotImplementedError


class ReadsOneAttempt(ChangesTheOrder):
    def change(self, order: LockedOrder, attempt_no: str) -> LockedOrder:
        return replace(order, attempts=[one for one in order.attempts if one.attempt_no == attempt_no])


class ForgetsTheTries(ChangesTheOrder):
    def change(self, order: LockedOrder, attempt_no: str) -> LockedOrder:
        return replace(order, refunds=[replace(refund, tries=0) for refund in order.refunds])


class ForgetsWhatTheBrowserSaid(ChangesTheOrder):
    def change(self, order: LockedOrder, attempt_no: str) -> LockedOrder:
        return replace(order, attempts=[replace(attempt, success_reported=None) for attempt in order.attempts])


class KeepsTheFirstOfTwoRefunds(ChangesTheOrder):
    def change(self, order: LockedOrder, attempt_no: str) -> LockedOrder:
        def insert(refund: Refund) -> None:
            with suppress(sqlite3.IntegrityError):
                order.insert(refund)

        return replace(order, insert=insert)


class ReadsWithoutALock(SqliteStore):
    """Writes under the lock what was read before it."""

    @contextmanager
    def lock(self, attempt_no: str) -> Iterator[LockedOrder]:
        with super().lock(attempt_no) as order:
            pass

        def update(row: Attempt | Refund, answer: GatewayAnswer | None) -> None:
            with super(ReadsWithoutALock, self).lock(attempt_no) as now:
                now.update(row, answer)

        def insert(row: Refund) -> None:
            with super(ReadsWithoutALock, self).lock(attempt_no) as now:
                now.insert(row)

        yield replace(order, insert=insert, update=update)


class KeepsNoIndex(SqliteStore):
    def __init__(self, path: Path) -> None:
        super().__init__(path)
        with closing(sqlite3.connect(path)) as db:
            db.execute(f"DROP INDEX {self.dropped}")

    dropped = "one_holding_attempt"


class KeepsNoIndexOfRefunds(KeepsNoIndex):
    dropped = "one_refund_in_flight"


@pytest.mark.parametrize(
    ("broken", "promise"),
    [
        (ConfirmsAgain, "agrees once"),
        (BelievesOldVerdicts, "earlier state"),
        (ClaimsAlways, "not due"),
        (ForgetsRefundsThatAreDue, "due refund"),
        (ReadsOneAttempt, "reads all"),
        (ForgetsTheTries, "every column of a refund"),
        (ForgetsWhatTheBrowserSaid, "every column of an attempt"),
        (KeepsTheFirstOfTwoRefunds, "in flight|number that exists"),
        (ReadsWithoutALock, "keeps all others away"),
        (KeepsNoIndex, "may be paid"),
        (KeepsNoIndexOfRefunds, "in flight"),
    ],
)
def test_a_broken_store_is_found(tmp_path: Path, broken: type[SqliteStore], promise: str) -> None:
    with pytest.raises(AssertionError, match=promise):
        check(broken(tmp_path / "shop.sqlite"))


def test_a_store_without_the_refund_of_an_orphaned_payment_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shop.payple.store.owed_refund", lambda *_: None)

    with pytest.raises(AssertionError, match="orphaned payment gets its refund"):
        check(SqliteStore(tmp_path / "shop.sqlite"))
