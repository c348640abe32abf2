"""The real shop and the real simulator on one stage: everything that buyers, staff, time and bad luck can do to them.

    with stages.on_sqlite(folder) as stage:
        stage.begin()
        order = stage.place("test-product", 10)
        opening = stage.start(order)
        stage.deliver(stage.pay(opening))
        assert stage.settled() == []

Time is virtual and stands still until somebody lets it pass, for the shop and for the simulator alike.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from unittest.mock import patch
from urllib.parse import urlencode

from flask import Flask
from sqlalchemy import bindparam, select
from werkzeug.test import TestResponse

from shop import clock
from shop.db import db
from shop.errors import NotFound, ReceiptRefused, RefundRefused
from shop.extensions import client
from shop.models import Attempt, CashReceipt, Order, Product, Refund
from shop.payple import ReceiptPurpose
from shop.payple.flow import WINDOW_LIFETIME
from shop.rules.cash_receipt import ReceiptWish
from shop.rules.money import Won
from shop.rules.states import AttemptState, CashReceiptState, RefundState, Source
from shop.services import cash_receipts, desk, refunds, reports, settlement, sweep
from shop.services.refunds import RefundWish
from shop.settings import Settings
from shop.simulator import clock as simulator_clock
from shop.simulator.webhooks import WebhookSender
from tests.model.wire import Killed, Points
from tests.oracle import DeskRow, Evidence, Placed, Row, Violation, violations
from tests.page import PAYER
from tests.payer import Pairs, Payer, Window, wsgi_session
from tests.world import SHOP, SIMULATOR

Result = TypeVar("Result")
NOON = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
WEBHOOKS = "/payments/webhook"
HTML = "text/html"
DRAIN = (45, 30, 60, 240, 1_080, 180, 1_440, 1_440, 1_440)
"""Minutes between the sweeps of the end: through every schedule of ours, and past the tax office's next days."""


@dataclass
class Opening:
    """A payment window that somebody may use, and what came out of it."""

    order_no: str
    attempt_no: str
    fields: dict[str, str]
    until: datetime
    claims: list[Pairs] = field(default_factory=list)
    waiting: Window | None = None


@dataclass
class Stage:
    """One installation. ``begin`` gives it a new life."""

    app: Flask
    simulator: Flask
    points: Points
    secrets: tuple[str, ...]
    renew: Callable[[], None]
    moment: datetime = NOON
    noted: list[Violation] = field(default_factory=list)
    orders: dict[str, Placed] = field(default_factory=dict)
    refund_forms: set[tuple[str, str]] = field(default_factory=set)
    excused: set[str] = field(default_factory=set)
    notices: list[tuple[str, bytes]] = field(default_factory=list)

    # --- life -------------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Empty books on both sides, noon in Korea, a buyer without cookies."""
        self.points.rest()
        self.moment, self.noted, self.orders, self.notices = NOON, [], {}, []
        self.refund_forms, self.excused = set(), set()
        self.renew()
        self._control = wsgi_session(self.simulator, SIMULATOR)
        self.control("DELETE", "")
        self.control("POST", "partners", {"webhook_url": SIMULATOR + WEBHOOKS})
        self._ledger: list[Row] = []
        self._buyer = Browser(self)
        self._postman = WebhookSender(self.simulator.extensions["simulator_store"], send=self._keep_notice)
        self.has_worked = True
        self.intents = self.killed = self.crossed = 0
        with self.app.app_context():
            self.first_stock = _stock()

    def note(self, invariant: str, text: str) -> None:
        """Something happened that must not."""
        self.noted.append(Violation(invariant, text))

    def now(self) -> datetime:
        """The one clock."""
        return self.moment

    def advance(self, **units: float) -> None:
        """Let time pass."""
        self.moment += timedelta(**units)

    def advance_to(self, hour: int, minute: int, second: int = 0) -> None:
        """Let time pass until it is so late in Korea."""
        here = clock.korea_time(self.moment)
        then = here.replace(hour=hour, minute=minute, second=second, microsecond=0)
        self.moment = (then if then > here else then + timedelta(days=1)).astimezone(UTC)

    def work(self, act: Callable[[], Result]) -> Result | None:
        """Let a worker of the shop do something; None if it died. Only here does anybody die or come in."""
        self.points.is_watched = self.has_worked = True
        try:
            return act()
        except Killed:
            self.killed += 1
            return None
        finally:
            meanwhile = self.points.trouble
            self.crossed += self.points.crossed
            self.points.rest(dies_at=self.points.dies_at)
            if meanwhile:
                raise meanwhile[0]

    def in_shop(self, act: Callable[[], Result]) -> Result | None:
        """The same for what needs no request."""

        def run() -> Result:
            with self.app.app_context():
                return act()

        return self.work(run)

    def control(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        """One call of the simulator's control panel."""
        response = self._control.request(method, f"{SIMULATOR}/_sim/{path}".rstrip("/"), json=body)
        assert response.ok, response.text
        return response.json() if response.content else None

    # --- buyers -----------------------------------------------------------------------------------------------------

    def place(self, *lines: str | int) -> str | None:
        """Order products: slug, quantity, slug, quantity, … Answers the order's number; None if it was refused."""
        for slug, quantity in zip(lines[::2], lines[1::2], strict=True):
            self._buyer.post("/cart/items", {"product": str(slug), "quantity": str(quantity)})
        response = self._buyer.post("/orders", PAYER)
        return _order_in(response)

    def start(self, order_no: str, **choices: str) -> Opening | None:
        """Press the pay button; None if the shop or the gateway refused."""
        chosen = {"method": "card", "window": "popup", "work": "CERT", "delivery": "redirect"} | choices
        response = self._buyer.post(f"/orders/{order_no}/attempts", chosen, may_fail=True)
        if response is None or response.status_code != 200:
            return None
        told = response.get_json()
        return Opening(order_no, told["attempt_no"], told["fields"], self.moment + WINDOW_LIFETIME)

    def pay(self, opening: Opening, scenario: str = "", *, receipt: str = "send", **changed: str) -> Pairs | None:
        """Go through the window with some of its fields changed; answers what the browser would deliver.

        ``receipt`` is what the payer says about the cash receipt: send, skip, or wait (``finish`` answers later).
        """
        payer = Payer(self._control, page_url=f"{SHOP}/orders/some", simulator=SIMULATOR)
        window = payer.open(opening.fields | changed)
        if "window-refused" not in window.page.texts:
            window = window.approve(scenario)
        self.excused |= {opening.attempt_no} if scenario == "inquiry_none" else set()
        return self._leave(opening, window, receipt)

    def finish(self, opening: Opening, receipt: str = "send") -> Pairs | None:
        """Answer about the cash receipt at last."""
        return self._leave(opening, opening.waiting, receipt) if opening.waiting else None

    def close(self, opening: Opening) -> Pairs | None:
        """Open the window and close it."""
        payer = Payer(self._control, page_url=f"{SHOP}/orders/some", simulator=SIMULATOR)
        window = payer.open(opening.fields)
        return self._leave(opening, window if "window-refused" in window.page.texts else window.close(), "send")

    def _leave(self, opening: Opening, window: Window, receipt: str) -> Pairs | None:
        opening.waiting = None
        if "window-cash-receipt-submit" in window.page.texts:
            if receipt == "wait":
                opening.waiting = window
                return None
            window = window.ask_for_receipt() if receipt == "send" else window.skip_receipt()
        if window.result is not None:
            opening.claims.append(window.result)
        return window.result

    def deliver(self, claim: Pairs | None, **changed: str) -> TestResponse | None:
        """Post a result, perhaps changed, as a browser without our cookie does."""
        if claim is None:
            return None
        pairs = list((dict(claim) | changed).items())
        self.excused |= {dict(claim)["PCD_PAY_OID"]} - {dict(pairs)["PCD_PAY_OID"]}
        response = Browser(self).post("/payments/result", pairs)
        if response is not None and "Set-Cookie" in response.headers:
            self.note("I8", "the result route has set a cookie")
        return response

    def look(self, order_no: str) -> TestResponse | None:
        """Look at one's own order."""
        return self._buyer.get(f"/orders/{order_no}")

    def look_as_stranger(self, order_no: str) -> TestResponse | None:
        """Look at somebody else's order."""
        response = Browser(self).get(f"/orders/{order_no}")
        if response is not None and response.status_code != 404:
            self.note("I12", f"a stranger saw {order_no}: {response.status_code}")
        return response

    # --- the gateway ------------------------------------------------------------------------------------------------

    @property
    def has_webhooks(self) -> bool:
        """Whether this shop listens to webhooks yet."""
        return any(rule.rule == WEBHOOKS for rule in self.app.url_map.iter_rules())

    def collect_notices(self) -> None:
        """Take what the gateway's postman has brought."""
        self._postman.deliver_due()

    def notify(self, number: int, **changed: str) -> TestResponse | None:
        """Bring one of the notices to the shop: late, again, out of order, or changed on the way."""
        if not self.has_webhooks:
            return None
        content_type, body = self.notices[number]
        if changed and "json" in content_type:
            body = json.dumps(json.loads(body) | changed).encode()
        return Browser(self).post(WEBHOOKS, body, content_type=content_type)

    def forge_notice(self, claim: Pairs) -> None:
        """A webhook that the gateway did not send, and the sweep after it."""
        Browser(self).post(WEBHOOKS, json.dumps(dict(claim)).encode(), content_type="application/json")
        self.advance(seconds=6)
        self.sweep()

    def _keep_notice(self, method: str, _url: str, headers: Mapping[str, str], body: bytes) -> int:
        if method == "POST":
            self.notices.append((headers["Content-Type"], body))
        return 200

    # --- staff and the clock's own work -----------------------------------------------------------------------------

    def sweep(self) -> None:
        """One run of the sweep."""
        report = self.in_shop(lambda: sweep.run(client()))
        if report is not None and report.failed:
            self.note("I10", f"the sweep failed at {report.failed}")

    def refundable(self, order_no: str) -> int:
        """What the refund form would show."""
        with self.app.app_context():
            order = db.session.scalars(select(Order).where(Order.order_no == order_no)).one()
            paid = refunds.facts(order)
            return paid.refundable if paid else 0

    def wish(self, order_no: str, amount: int, seen: int | None = None) -> RefundWish:
        """A refund form of its own."""
        self.intents += 1
        balance = self.refundable(order_no) if seen is None else seen
        return RefundWish(Won(amount), Won(balance), "변심", f"intent-{self.intents:020}")

    def refund(self, order_no: str, wish: RefundWish, by: str = "kim") -> None:
        """Send a refund form; what is refused changes nothing."""
        self.in_shop(lambda: self.press_refund(order_no, wish, by))

    def press_refund(self, order_no: str, wish: RefundWish, by: str = "kim") -> None:
        """The same in an application context that is there already."""
        self.refund_forms.add((order_no, wish.intent))
        with suppress(RefundRefused):
            refunds.request(order_no, wish, by=by, client=client())

    def decide(self) -> None:
        """A person looks at the gateway's own pages and says what became of each unknown partial refund."""
        really = {row["oid"]: int(row["refunded_total"]) for row in self.payments()}
        with self.app.app_context():
            query = select(Refund).where(Refund.state == RefundState.UNKNOWN, Refund.is_full.is_(False))
            waiting = [(row.id, row.attempt.attempt_no, _done(row.attempt)) for row in db.session.scalars(query)]
        for refund_id, attempt_no, done in waiting:
            truth = really[attempt_no] > done
            self.in_shop(lambda number=refund_id, told=truth: _decide(number, told))  # type: ignore[misc]

    def settle_attention(self) -> None:
        """A person asks again about each attempt in attention, and closes those with nothing to collect."""
        for attempt_no in self._in_attention():
            self.in_shop(lambda number=attempt_no: _ask_again(number))  # type: ignore[misc]
        rest = {row["oid"]: row["total"] - row["refunded_total"] for row in self.payments() if row["paid_at"]}
        for attempt_no in self._in_attention():
            if not rest.get(attempt_no):
                self.in_shop(lambda number=attempt_no: _close(number))  # type: ignore[misc]

    def _in_attention(self) -> list[str]:
        with self.app.app_context():
            query = select(Attempt.attempt_no).where(Attempt.state == AttemptState.ATTENTION)
            return list(db.session.scalars(query))

    def issue_receipt(self, order_no: str) -> None:
        """Staff issues a cash receipt later."""

        def issue() -> None:
            wish = ReceiptWish(ReceiptPurpose.PERSONAL, "01098765432")
            with suppress(ReceiptRefused):
                cash_receipts.issue(order_no, wish, by="kim", client=client())

        self.in_shop(issue)

    def cancel_receipt(self, order_no: str) -> None:
        """Staff cancels the cash receipt."""

        def cancel() -> None:
            self.orders[order_no].receipt_given_up = True
            with suppress(ReceiptRefused):
                cash_receipts.cancel(order_no, by="kim", client=client())

        self.in_shop(cancel)

    # --- books ------------------------------------------------------------------------------------------------------

    def payments(self) -> list[Row]:
        """What really happened, by the simulator's books."""
        found: list[Row] = self.control("GET", "payments")
        return found

    def evidence(self, *, with_desk: bool = True) -> Evidence:
        """Both sides as they are now."""
        self._ledger += self.control("GET", f"ledger?after={self._ledger[-1]['seq'] if self._ledger else 0}")
        with self.app.app_context():
            for order in db.session.scalars(select(Order).order_by(Order.id)):
                self._follow(order)
            lines = [asdict(line) for line in reports.ledger()]
            rows = _desk_rows(self.moment) if with_desk else []
            stock = {slug: (self.first_stock[slug], left) for slug, left in _stock().items()}
        return Evidence(
            entries=self._ledger,
            payments=self.payments(),
            lines=lines,
            orders=list(self.orders.values()),
            refund_forms=frozenset(self.refund_forms),
            desk=rows,
            stock=stock,
            excused=frozenset(self.excused),
        )

    def _follow(self, order: Order) -> None:
        lines = {line.slug: line.quantity for line in order.lines}
        prices = {line.slug: line.unit_price for line in order.lines}
        placed = self.orders.setdefault(order.order_no, Placed(order.order_no, lines, prices, may_be_on_desk=True))
        placed.attempts = [attempt.attempt_no for attempt in order.attempts]
        placed.note_state(order.state.value)

    def safe(self) -> list[Violation]:
        """What is wrong now; only what a worker did since the last look can have changed that."""
        if not self.has_worked:
            return list(self.noted)
        self.has_worked = False
        return [*self.noted, *violations(self.evidence(with_desk=False), at_rest=False)]

    def drain(self) -> None:
        """Faults are over, time passes, the sweep runs, people do what only people can."""
        self.points.rest()
        self.control("DELETE", "faults")
        self.control("DELETE", "scenarios")
        calm = {"inquiry_lag_seconds": 0, "receipt_on_refund": "settled", "confirm_minutes": 10}
        self.control("POST", "policy", calm)
        for minutes in DRAIN:
            self.advance(minutes=minutes)
            self.sweep()
            self.decide()
            self.settle_attention()

    def settled(self) -> list[Violation]:
        """What is wrong once everything has come to rest."""
        self.drain()
        return [*self.noted, *violations(self.evidence(), at_rest=True)]


class Browser:
    """A browser that does not read pages, only what they must not hold."""

    def __init__(self, stage: Stage) -> None:
        self._stage, self._client, self._token = stage, stage.app.test_client(), ""

    def get(self, path: str) -> TestResponse | None:
        """Load a page; None if the worker died."""
        return self._open(path, "GET")

    def post(self, path: str, fields: Any, *, may_fail: bool = False, content_type: str = "") -> TestResponse | None:
        """Send a form, or bytes. ``may_fail``: the answer may be that the gateway cannot be reached."""
        more: dict[str, Any] = {"content_type": content_type or "application/x-www-form-urlencoded"}
        body = fields if isinstance(fields, bytes) else urlencode(fields)
        if not path.startswith("/payments/"):
            more["headers"] = {"X-CSRFToken": self._csrf_token()}
        return self._open(path, "POST", may_fail=may_fail, data=body, **more)

    def _csrf_token(self) -> str:
        if not self._token:
            page = self._client.get("/orders/lookup", base_url=SHOP).get_data(as_text=True)
            self._token = page.partition('name="csrf_token"')[2].partition('value="')[2].partition('"')[0]
        return self._token

    def _open(self, path: str, method: str, *, may_fail: bool = False, **more: Any) -> TestResponse | None:
        stage = self._stage

        def request() -> TestResponse:
            return self._client.open(path, method=method, base_url=SHOP, buffered=True, **more)

        response = stage.work(request)
        if response is not None:
            self._inspect(response, may_fail=may_fail)
        return response

    def _inspect(self, response: TestResponse, *, may_fail: bool) -> None:
        if response.status_code >= 500 and not (may_fail and response.status_code == 502):
            self._stage.note("I10", f"{response.status_code} at {response.request.path}")
        if response.mimetype != HTML and not may_fail:
            return
        page = response.get_data(as_text=True)
        for secret in self._stage.secrets:
            if secret in page:
                self._stage.note("I9", f"a secret at {response.request.path}")


@contextmanager
def one_clock(stage: Stage) -> Iterator[None]:
    """Make shop and simulator live by the stage's clock."""
    with patch.object(clock, "now", stage.now), patch.object(simulator_clock, "real_now", stage.now):
        yield


def secrets_of(settings: Settings) -> tuple[str, ...]:
    """What no page may show."""
    return (settings.secret_key, settings.credentials.cust_key, settings.credentials.refund_key)


def _order_in(response: TestResponse | None) -> str | None:
    if response is None or response.status_code != 303:
        return None
    return str(response.headers["Location"]).rsplit("/", 1)[1]


def _done(attempt: Attempt) -> int:
    return sum(row.amount for row in attempt.refunds if row.state is RefundState.DONE)


def _decide(refund_id: int, was_refunded: bool) -> None:
    with suppress(RefundRefused):
        refunds.decide(refund_id, was_refunded=was_refunded, by="lee")


def _ask_again(attempt_no: str) -> None:
    settlement.settle(attempt_no, client(), source=Source.STAFF, at_once=True)


def _close(attempt_no: str) -> None:
    with suppress(NotFound):
        settlement.close(attempt_no, by="lee")


def _stock() -> dict[str, int]:
    rows = db.session.execute(select(Product.slug, Product.stock).where(Product.stock.is_not(None))).all()
    return {slug: left for slug, left in rows if left is not None}


def _desk_rows(now: datetime) -> list[DeskRow]:
    rows = desk.load(now).rows
    return [DeskRow(type(row.subject).__name__, row.subject.state.value, row.attempt.order.order_no) for row in rows]


CONFIRMING = select(Attempt.id).where(Attempt.state == AttemptState.CONFIRMING)
OF_PAYMENT = Attempt.attempt_no == bindparam("oid")
SUBMITTED = select(Refund.id).join(Attempt).where(Refund.state == RefundState.SUBMITTED, OF_PAYMENT)
DUE = CashReceipt.state.in_((CashReceiptState.REQUESTED, CashReceiptState.CANCEL_DUE))
INTENTS = {
    "ConfirmAct.php": ("I1", CONFIRMING),
    "approval/confirm": ("I1", CONFIRMING),
    "cPayCAct.php": ("I3", SUBMITTED),
    "tsAct.php": ("I5", select(CashReceipt.id).join(Attempt).where(DUE, OF_PAYMENT)),
}
"""What must stand in the database when a call leaves, and the invariant that breaks otherwise."""


def insist_on_intent(stage: Stage, path: str, asked: Mapping[str, Any]) -> None:
    """Whether what is about to be called for stands in the database, committed, for everybody to see."""
    for place, (invariant, query) in INTENTS.items():
        if place in path:
            with stage.app.app_context(), db.engine.connect() as connection:
                if not connection.execute(query, {"oid": asked.get("PCD_PAY_OID", "")}).first():
                    stage.note(invariant, f"{path} was called without a committed intent")
