"""The real shop and the real simulator in one process, for stories and random histories of any length.

    with open_stage(folder) as stage:
        stage.begin()
        opening = stage.start(stage.place("test-product", 10))
        stage.deliver(stage.pay(opening))
        assert stage.settled() == []

Time stands still until somebody lets it pass, for the shop and for the simulator alike.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest
import requests
from sqlalchemy import bindparam, select
from werkzeug.test import TestResponse

from shop import clock
from shop.db import db
from shop.errors import NotFound, ReceiptRefused, RefundRefused
from shop.extensions import client
from shop.factory import create_app
from shop.models import Attempt, CashReceipt, Order, Product, Refund
from shop.payple import ReceiptPurpose
from shop.rules.cash_receipt import ReceiptWish
from shop.rules.money import Won
from shop.rules.states import AttemptState, CashReceiptState, OrderState, RefundState, Source
from shop.services import cash_receipts, desk, links, refunds, reports, settlement, sweep
from shop.services.refunds import RefundWish
from shop.simulator import SimulatorSettings, create_simulator
from shop.simulator import clock as simulator_clock
from tests import world
from tests.model.wire import Canary, Killed, Points, Wire
from tests.oracle import PAID, DeskRow, Evidence, Placed, Row, Violation, violations
from tests.page import PAYER, PageClient
from tests.payer import Pairs, wsgi_session
from tests.world import SIMULATOR, World

Result = TypeVar("Result")
NOON = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
WEBHOOKS = "/payments/webhook"
CHOICES = {"method": "card", "window": "popup", "work": "CERT", "delivery": "redirect"}
DRAIN = (45, 30, 60, 240, 1_080, 180, 1_440, 1_440, 1_440)
"""Minutes between the last sweeps: through every schedule of the shop, and past the tax office's next days."""


@dataclass
class Opening:
    """A payment window that can be opened, and the results that came out of it."""

    order_no: str
    attempt_no: str
    fields: dict[str, str]
    claims: list[Pairs] = field(default_factory=list)


@dataclass
class Stage(World):
    """One installation. ``begin`` empties it."""

    points: Points = field(kw_only=True)
    secrets: tuple[str, ...] = field(kw_only=True)
    renew: Callable[[], None] = field(kw_only=True)
    moment: datetime = NOON

    def begin(self) -> None:
        self.points.reset()
        self.renew()
        self.moment = NOON
        self.noted: list[Violation] = []
        self.orders: dict[str, Placed] = {}
        self.refund_forms: set[tuple[str, str]] = set()
        self.excused: set[str] = set()
        self.cancelled: set[str] = set()
        self.entries: list[Row] = []
        self.has_worked = True
        self.forms = 0
        self.buyer = self.browser()
        self.control("DELETE", "")
        self.first_stock = _stock()
        self.client = client()

    def note(self, invariant: str, text: str) -> None:
        self.noted.append(Violation(invariant, text))

    def now(self) -> datetime:
        return self.moment

    def advance(self, **units: float) -> None:
        self.moment += timedelta(**units)

    def advance_to(self, hour: int, minute: int, second: int = 0) -> None:
        here = clock.korea_time(self.moment)
        then = here.replace(hour=hour, minute=minute, second=second, microsecond=0)
        self.moment = (then if then > here else then + timedelta(days=1)).astimezone(UTC)

    def work(self, act: Callable[..., Result], *args: Any, **more: Any) -> Result | None:
        """Let a worker of the shop do something; None if it refused or died. Only here another one acts meanwhile."""
        db.session.rollback()
        self.points.is_watched = self.has_worked = True
        try:
            return self.in_app_context(partial(act, *args, **more))()
        except (Killed, NotFound, ReceiptRefused, RefundRefused):
            return None
        finally:
            trouble = self.points.trouble
            self.points.reset(dies_at=self.points.dies_at)
            if trouble:
                raise trouble[0]

    def in_app_context(self, act: Callable[[], Result]) -> Callable[[], Result]:
        def run() -> Result:
            with self.app.app_context():
                return act()

        return run

    def browser(self) -> Browser:
        return Browser(self)

    # --- buyers -----------------------------------------------------------------------------------------------------

    def place(self, *lines: str | int) -> str | None:
        """Order products: slug, quantity, slug, quantity, … Answers the order's number; None if it was refused."""
        headers = {"X-CSRFToken": self.buyer.csrf_token()}

        def order() -> str | None:
            for slug, quantity in zip(lines[::2], lines[1::2], strict=True):
                self.buyer.post("/cart/items", {"product": slug, "quantity": quantity}, headers=headers)
            response = self.buyer.post("/orders", PAYER, headers=headers)
            return response.headers["Location"].rsplit("/", 1)[1] if response.status_code == 303 else None

        return self.work(order)

    def start(self, order_no: str, **choices: str) -> Opening | None:
        path, headers = f"/orders/{order_no}/attempts", {"X-CSRFToken": self.buyer.csrf_token()}
        response = self.work(self.buyer.post, path, CHOICES | choices, headers=headers)
        if response is None or response.status_code != 200:
            return None
        opening = response.get_json()
        return Opening(order_no, opening["attempt_no"], opening["fields"])

    def cancel(self, order_no: str) -> None:
        """Cancel an order, if it is not over and the shop lets the buyer."""
        path, headers = f"/orders/{order_no}/cancellation", {"X-CSRFToken": self.buyer.csrf_token()}
        is_open = self.order(order_no).state is OrderState.AWAITING_PAYMENT
        response = self.work(self.buyer.post, path, headers=headers)
        if is_open and response is not None and response.status_code == 303:
            self.cancelled.add(order_no)

    def pay(self, opening: Opening, scenario: str = "", *, receipt: bool = True, **changed: str) -> Pairs:
        """Go through the window with some of its fields changed; answers what the browser would deliver."""
        self.excused |= {opening.attempt_no} if scenario == "inquiry_none" else set()
        result = self.payer().pay(opening.fields | changed, scenario, cash_receipt=receipt)
        opening.claims += [result] if result else []
        return result

    def deliver(self, claim: Pairs, **fields: str) -> str:
        """Post a result, perhaps changed, as a browser without our cookie does. Nothing is posted if it was lost."""
        if claim:
            pairs = list((dict(claim) | fields).items())
            self.excused |= {dict(claim)["PCD_PAY_OID"]} - {dict(pairs)["PCD_PAY_OID"]}
            response = self.work(self.browser().post, "/payments/result", pairs)
            if response is not None and "Set-Cookie" in response.headers:
                self.note("I8", "the result route has set a cookie")
        return ""

    def look(self, order_no: str, browser: Browser | None = None) -> TestResponse | None:
        return self.work((browser or self.buyer).open, f"/orders/{order_no}")

    def look_as_stranger(self, order_no: str) -> None:
        response = self.look(order_no, self.browser())
        if response is not None and response.status_code != 404:
            self.note("I12", f"a stranger saw {order_no}: {response.status_code}")

    def order_as_stranger(self) -> None:
        """Order in another browser, which is not offered what this one has saved."""
        owner, self.buyer = self.buyer, self.browser()
        order_no = self.place("test-product", 1)
        response = self.look(order_no) if order_no else None
        if response is not None and 'value="saved-' in response.text:
            self.note("I12", f"{order_no} offers what another browser has saved")
        self.buyer = owner

    def forge_webhook(self, claim: Pairs) -> None:
        """A webhook that the gateway did not send, and the sweep after it."""
        body = json.dumps(dict(claim))
        self.work(self.browser().open, WEBHOOKS, method="POST", data=body, content_type="application/json")
        self.advance(seconds=6)
        self.run_sweep()

    # --- staff and sweep --------------------------------------------------------------------------------------------

    def run_sweep(self) -> None:
        report = self.work(sweep.run, self.client)
        if report is not None and report.failed:
            self.note("I10", f"the sweep failed at {report.failed}")

    def refundable(self, order_no: str) -> int:
        paid = refunds.facts(self.order(order_no))
        return paid.refundable if paid else 0

    def wish(self, order_no: str, amount: int, seen: int | None = None) -> RefundWish:
        self.forms += 1
        key = f"key-{self.forms:020}"
        return RefundWish(Won(amount), Won(self.refundable(order_no) if seen is None else seen), "변심", key)

    def refund(self, order_no: str, amount: int, seen: int | None = None) -> None:
        self.work(self.press_refund, order_no, self.wish(order_no, amount, seen))

    def press_refund(self, order_no: str, wish: RefundWish, by: str = "kim") -> None:
        """Send a refund form. Needs an application context; what is refused changes nothing."""
        self.refund_forms.add((order_no, wish.refund_no))
        with suppress(RefundRefused):
            refunds.request(order_no, wish, by=by, client=self.client)

    def decide(self) -> None:
        """A person looks at the gateway's own pages and says what became of each unknown partial refund."""
        really = {row["oid"]: row["refunded_total"] for row in self.payments()}
        unknown = select(Refund).where(Refund.state == RefundState.UNKNOWN, Refund.is_full.is_(False))
        for row in self._read(unknown):
            done = sum(other.amount for other in row.attempt.refunds if other.state is RefundState.DONE)
            truth = really[row.attempt.attempt_no] > done
            self.work(refunds.decide, row.id, was_refunded=truth, by="lee")

    def settle_attention(self) -> None:
        """A person asks again about each attempt in attention, and closes those with nothing to collect."""
        in_attention = select(Attempt.attempt_no).where(Attempt.state == AttemptState.ATTENTION)
        for attempt_no in self._read(in_attention):
            self.work(settlement.settle, attempt_no, self.client, source=Source.STAFF, at_once=True)
        rest = {row["oid"]: row["total"] - row["refunded_total"] for row in self.payments() if row["paid_at"]}
        for attempt_no in self._read(in_attention):
            if not rest.get(attempt_no):
                self.work(settlement.close_attention, attempt_no, by="lee")

    def make_link(self, order_no: str) -> None:
        ends_at = self.moment + timedelta(hours=1)
        self.work(links.create, self.order(order_no), "책", ends_at, by="kim", client=self.client)

    def issue_receipt(self, order_no: str) -> None:
        wish = ReceiptWish(ReceiptPurpose.PERSONAL, "01098765432")
        self.work(cash_receipts.issue, order_no, wish, by="kim", client=self.client)

    def cancel_receipt(self, order_no: str) -> None:
        self.evidence()
        self.orders[order_no].receipt_given_up = True
        self.work(cash_receipts.cancel, order_no, by="kim", client=self.client)

    # --- books ------------------------------------------------------------------------------------------------------

    def _read(self, query: Any) -> list[Any]:
        db.session.rollback()
        return list(db.session.scalars(query))

    def payments(self) -> list[Row]:
        found: list[Row] = self.control("GET", "payments")
        return found

    def evidence(self, *, with_desk: bool = True) -> Evidence:
        self.entries += self.control("GET", f"ledger?after={self.entries[-1]['seq'] if self.entries else 0}")
        for order in self._read(select(Order).order_by(Order.id)):
            self._follow(order)
        evidence = Evidence(
            entries=self.entries,
            payments=self.payments(),
            lines=list(reports.ledger()),
            orders=list(self.orders.values()),
            refund_forms=frozenset(self.refund_forms),
            desk=_desk_rows() if with_desk else [],
            stock={slug: (self.first_stock[slug], left) for slug, left in _stock().items()},
            excused=frozenset(self.excused),
            month_of=_months(),
        )
        db.session.rollback()
        return evidence

    def _follow(self, order: Order) -> None:
        lines = {line.slug: line.quantity for line in order.lines}
        prices = {line.slug: line.unit_price for line in order.lines}
        placed = self.orders.setdefault(order.order_no, Placed(order.order_no, lines, prices, may_be_on_desk=True))
        placed.attempts = [attempt.attempt_no for attempt in order.attempts]
        placed.note_state(order.state.value)
        if order.order_no in self.cancelled and order.state in PAID:
            self.note("I7", f"{order.order_no} was cancelled and is {order.state.value}")

    def safe(self) -> list[Violation]:
        """What is wrong now; only what a worker did since the last look can have changed that."""
        if not self.has_worked:
            return list(self.noted)
        self.has_worked = False
        return [*self.noted, *violations(self.evidence(with_desk=False), at_rest=False)]

    def settled(self) -> list[Violation]:
        """End all faults, let time pass, let sweep and staff do their work; what is wrong then."""
        self.points.reset()
        self.control("DELETE", "faults")
        self.control("DELETE", "scenarios")
        self.policy(inquiry_lag_seconds=0, receipt_on_refund="settled", confirm_minutes=10)
        for minutes in DRAIN:
            self.advance(minutes=minutes)
            self.run_sweep()
            self.decide()
            self.settle_attention()
        return [*self.noted, *violations(self.evidence(), at_rest=True)]


class Browser(PageClient):
    """A browser that does not judge pages, only what they must not hold."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage.app)
        self._stage = stage

    def csrf_token(self) -> str:
        """One token for the whole session."""
        return self._token[1] or super().csrf_token()

    def open(self, path: str, **more: Any) -> TestResponse:
        response = super().open(path, **more)
        is_not_let_in = response.status_code == 502 and path.endswith("/attempts")
        if response.status_code >= 500 and not is_not_let_in:
            self._stage.note("I10", f"{response.status_code} at {path}")
        if response.mimetype == "text/html":
            page = response.get_data(as_text=True)
            for _secret in (secret for secret in self._stage.secrets if secret in page):
                self._stage.note("I9", f"a secret at {path}")
        return response


@contextmanager
def open_stage(folder: Path) -> Iterator[Stage]:
    """A stage on a SQLite file in this folder. It is migrated once; every beginning starts from a copy."""
    filled, used = folder / "filled.sqlite", folder / "shop.sqlite"
    points, settings = Points(), world.shop_settings(f"sqlite:///{used}", folder)
    simulator = create_simulator(SimulatorSettings(folder / "simulator.sqlite", origin=SIMULATOR))
    session = requests.Session()
    session.trust_env = False
    for prefix in ("http://", "https://"):
        session.mount(prefix, Canary(lambda address: stage.note("I8", f"{address} was called")))
    session.mount(SIMULATOR + "/", Wire(simulator, points, lambda path, asked: check_intent(stage, path, asked)))
    app = create_app(settings, http=session)
    world.migrate(app)

    def disconnect() -> None:
        db.session.remove()
        db.engine.dispose()

    def renew() -> None:
        disconnect()
        for ending in ("", "-wal", "-shm"):
            used.with_name(used.name + ending).unlink(missing_ok=True)
        shutil.copyfile(filled, used)

    with app.app_context(), pytest.MonkeyPatch.context() as patch:
        disconnect()
        shutil.copyfile(used, filled)
        points.watch(db.engine)
        secrets = (settings.secret_key, settings.credentials.cust_key, settings.credentials.refund_key)
        gateway = wsgi_session(simulator, SIMULATOR)
        stage = Stage(app, gateway, patch, points=points, secrets=secrets, renew=renew)
        patch.setattr(clock, "now", stage.now)
        patch.setattr(simulator_clock, "real_now", stage.now)
        yield stage
        disconnect()
    simulator.extensions["simulator_store"].close()


def _stock() -> dict[str, int]:
    rows = db.session.execute(select(Product.slug, Product.stock).where(Product.stock.is_not(None))).all()
    return {slug: left for slug, left in rows if left is not None}


def _months() -> dict[str, str]:
    rows = db.session.execute(select(Order).where(Order.subscription_id.is_not(None))).scalars()
    return {order.order_no: f"{order.subscription_id} {order.month}" for order in rows}


def _desk_rows() -> list[DeskRow]:
    rows = desk.load().rows
    return [DeskRow(type(row.subject).__name__, row.subject.state.value, row.subject.order.order_no) for row in rows]


CONFIRMING = select(Attempt.id).where(Attempt.state == AttemptState.CONFIRMING)
OF_PAYMENT = Attempt.attempt_no == bindparam("oid")
SUBMITTED = select(Refund.id).join(Attempt).where(Refund.state == RefundState.SUBMITTED, OF_PAYMENT)
DUE = CashReceipt.state.in_((CashReceiptState.REQUESTED, CashReceiptState.CANCEL_DUE))
INTENTS = {
    "ConfirmAct.php": ("I1", CONFIRMING),
    "approval/confirm": ("I1", CONFIRMING),
    "RePay": ("I1", CONFIRMING),
    "cPayCAct.php": ("I3", SUBMITTED),
    "tsAct.php": ("I5", select(CashReceipt.id).join(Attempt).where(DUE, OF_PAYMENT)),
}
"""What must stand in the database when a call leaves, and the invariant that breaks otherwise."""


def check_intent(stage: Stage, path: str, asked: Mapping[str, Any]) -> None:
    """Note a call whose intent is not committed."""
    for place, (invariant, query) in INTENTS.items():
        if place in path:
            with stage.app.app_context(), db.engine.connect() as connection:
                if not connection.execute(query, {"oid": asked.get("PCD_PAY_OID", "")}).first():
                    stage.note(invariant, f"{path} was called without a committed intent")
