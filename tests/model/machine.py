"""The state machine: hypothesis plays buyers, browsers, staff, time and bad luck, and shrinks what breaks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from shop.services import sweep
from shop.simulator.control.faults import KINDS, OPS
from shop.simulator.scenarios import SCENARIOS
from tests.model.stage import Opening, Stage
from tests.oracle import Violation
from tests.payer import Pairs

WAITS = {"read_hang", "drip"}
"""These fault kinds take real seconds."""
UNUSUAL = {"slow", "refunded_behind"}
"""The first takes real seconds; the second moves money behind the shop's back, where it cannot follow."""
FAULTS = sorted(
    (op, kind.id, phase)
    for kind in KINDS.values()
    for op in kind.ops
    for phase in kind.phases
    if op in OPS and op != "repay" and kind.id not in WAITS | {"intact", "other_amount"}
)
CARTS = (
    ("test-product", 1),
    ("test-product", 10),
    ("quiet-fountain-pen", 1),
    ("quiet-fountain-pen", 3),
    ("test-product", 3, "alley-timetable", 1),
)
CLAIMS: tuple[dict[str, str], ...] = (
    {},
    {"PCD_PAY_RST": "success", "PCD_PAY_CODE": "0000"},
    {"PCD_PAY_RST": "error", "PCD_PAY_CODE": "3112"},
    {"PCD_PAY_RST": "close", "PCD_PAY_CODE": ""},
    {"PCD_PAY_TOTAL": "100"},
    {"PCD_PAY_TYPE": "transfer"},
    {"PCD_AUTH_KEY": "x" * 40, "PCD_PAY_REQKEY": "y" * 40},
    {"PCD_PAY_COFURL": "http://127.0.0.9:8001/php/PayCardConfirmAct.php?ACT_=PAYM"},
)
WINDOWS = ({"PCD_PAY_TOTAL": "1000"}, {"PCD_PAY_TOTAL": "9990"})
TIMES: dict[str, dict[str, float]] = {
    "a moment": {"seconds": 6},
    "a minute": {"seconds": 61},
    "minutes": {"minutes": 11},
    "a window's time": {"minutes": 41},
    "an order's time": {"minutes": 61},
    "a day": {"days": 1, "hours": 1},
    "midnight": {},
}
PASSING = [*(["a moment", "a minute", "minutes"] * 3), *TIMES]
"""Mostly a little: whoever waits too long finds every order expired."""
POLICIES = (
    {"inquiry_lag_seconds": 60},
    {"inquiry_lag_seconds": 600},
    {"inquiry_lag_seconds": 0},
    {"receipt_on_refund": "fail"},
    {"receipt_on_refund": "settled"},
    {"dup_confirm": "repeat"},
    {"inquiry_shows_refund": "on"},
    {"inquiry_code": "0000"},
    {"transfer_code": "BILL0000"},
)
Cart = tuple[str | int, ...]
Fault = tuple[str, str, str]
CART = st.sampled_from(CARTS)
METHOD = st.sampled_from(["card", "transfer"])
WORK = st.sampled_from(["CERT", "PAY"])
NUMBER = st.integers(0, 7)
FAULT = st.sampled_from(FAULTS)
PERHAPS_FAULT = st.one_of(st.none(), FAULT)


class ShopMachine(RuleBasedStateMachine):
    """Any sequence of acts. A subclass says on which stage."""

    stage: ClassVar[Stage]
    paid = 0

    def __init__(self) -> None:
        super().__init__()
        self.stage.begin()
        self.orders: list[str] = []
        self.openings: list[Opening] = []

    # --- buyers

    @precondition(lambda self: len(self.orders) < 6)
    @rule(cart=CART, method=METHOD, work=WORK, is_paid=st.booleans(), fault=PERHAPS_FAULT)
    def buy(self, cart: Cart, method: str, work: str, is_paid: bool, fault: Fault | None) -> None:
        order_no = self.stage.place(*cart)
        if order_no and order_no not in self.orders:
            self.orders.append(order_no)
            self.start(-1, method, work, cash_receipt=True)
            if is_paid and self.openings:
                self.pay(-1, "", {}, receipt=True, is_delivered=True, fault=fault)

    @precondition(lambda self: self.orders)
    @rule(number=NUMBER, method=METHOD, work=WORK, cash_receipt=st.booleans())
    def start(self, number: int, method: str, work: str, cash_receipt: bool) -> None:
        choices = {"method": method, "work": work} | ({"cash_receipt": "y"} if cash_receipt else {})
        opening = self.stage.start(self._order(number), **choices)
        if opening:
            self.openings.append(opening)

    @precondition(lambda self: self.orders)
    @rule(number=NUMBER, fault=PERHAPS_FAULT)
    def cancel(self, number: int, fault: Fault | None) -> None:
        self._break(fault)
        self.stage.cancel(self._order(number))

    @precondition(lambda self: self.openings)
    @rule(
        number=st.one_of(st.just(-1), NUMBER),
        scenario=st.one_of(st.just(""), st.sampled_from(sorted(set(SCENARIOS) - UNUSUAL))),
        changes=st.one_of(st.just({}), st.sampled_from(WINDOWS)),
        receipt=st.booleans(),
        is_delivered=st.booleans(),
        fault=PERHAPS_FAULT,
    )
    def pay(
        self,
        number: int,
        scenario: str,
        changes: dict[str, str],
        *,
        receipt: bool,
        is_delivered: bool,
        fault: Fault | None,
    ) -> None:
        self._break(fault)
        claim = self.stage.pay(self._opening(number), scenario, receipt=receipt, **changes)
        self.stage.deliver(claim if is_delivered else [])

    @precondition(lambda self: self.openings)
    @rule(number=NUMBER, changes=st.sampled_from(CLAIMS), to=st.one_of(st.none(), NUMBER), fault=PERHAPS_FAULT)
    def post(self, number: int, changes: dict[str, str], to: int | None, fault: Fault | None) -> None:
        """Post a result again, late, changed, made up, or the keys of one window under the number of another."""
        self._break(fault)
        number_of_another = {} if to is None else {"PCD_PAY_OID": self._opening(to).attempt_no}
        self.stage.deliver(self._claim(number), **changes | number_of_another)

    @precondition(lambda self: self.orders)
    @rule(number=NUMBER, is_stranger=st.booleans())
    def look(self, number: int, is_stranger: bool) -> None:
        show = self.stage.look_as_stranger if is_stranger else self.stage.look
        show(self._order(number))

    # --- the gateway

    @rule(fault=FAULT, times=st.integers(1, 3))
    def break_gateway(self, fault: Fault, times: int) -> None:
        self._break(fault, times)

    @rule(policy=st.sampled_from(POLICIES))
    def change_policy(self, policy: dict[str, object]) -> None:
        self.stage.policy(**policy)

    # --- staff

    @precondition(lambda self: self.orders)
    @rule(number=NUMBER, percent=st.sampled_from([100, 100, 50, 30, 101]), fault=PERHAPS_FAULT)
    def refund(self, number: int, percent: int, fault: Fault | None) -> None:
        self._break(fault)
        order_no = self._order(number)
        self.stage.refund(order_no, self.stage.refundable(order_no) * percent // 100)

    @precondition(lambda self: self.orders)
    @rule(act=st.sampled_from(["decide", "close", "issue", "cancel"]), number=NUMBER, fault=PERHAPS_FAULT)
    def do_desk_work(self, act: str, number: int, fault: Fault | None) -> None:
        """Settle what is unknown or in attention, issue or cancel a cash receipt."""
        self._break(fault)
        acts: dict[str, Callable[[], None]] = {
            "decide": self.stage.decide,
            "close": self.stage.settle_attention,
            "issue": partial(self.stage.issue_receipt, self._order(number)),
            "cancel": partial(self.stage.cancel_receipt, self._order(number)),
        }
        acts[act]()

    # --- time and bad luck

    @rule(time=st.sampled_from(PASSING), is_swept=st.booleans())
    def wait(self, time: str, is_swept: bool) -> None:
        if time == "midnight":
            self.stage.advance_to(23, 59, 50)
        else:
            self.stage.advance(**TIMES[time])
        if is_swept:
            self.stage.run_sweep()

    @rule(point=st.integers(1, 12))
    def kill_a_worker(self, point: int) -> None:
        """One dies so many places further on: around a commit or around a call."""
        self.stage.points.dies_at = point

    @precondition(lambda self: self.openings)
    @rule(act=st.sampled_from(["sweep", "post", "look", "refund"]), number=NUMBER)
    def act_meanwhile(self, act: str, number: int) -> None:
        """While the next worker waits for the gateway, another one does this."""
        order_no = self._order(number)
        wish = self.stage.wish(order_no, max(1, self.stage.refundable(order_no) * 60 // 100))
        acts: dict[str, Callable[[], object]] = {
            "sweep": partial(sweep.run, self.stage.client),
            "post": partial(self.stage.browser().post, "/payments/result", self._claim(number)),
            "look": partial(self.stage.buyer.open, f"/orders/{order_no}"),
            "refund": partial(self.stage.press_refund, order_no, wish, "lee"),
        }
        self.stage.points.meanwhile = self.stage.in_app_context(acts[act])

    # --- checks

    @invariant()
    def nothing_is_wrong(self) -> None:
        require_none(self.stage.safe())

    def teardown(self) -> None:
        """Faults are over: everything has to come to rest, and both books have to agree."""
        found = self.stage.settled()
        type(self).paid += len(self.stage.charged())
        require_none(found)

    def _break(self, fault: Fault | None, times: int = 1) -> None:
        if fault:
            op, kind, phase = fault
            self.stage.fault(op, kind, phase=phase, times=times)

    def _order(self, number: int) -> str:
        return self.orders[number % len(self.orders)]

    def _opening(self, number: int) -> Opening:
        return self.openings[number % len(self.openings)]

    def _claim(self, number: int) -> Pairs:
        """A result that came out of a window, or one that no window made."""
        claims = [claim for opening in self.openings for claim in opening.claims]
        forged = [("PCD_PAY_OID", self._opening(number).attempt_no), ("PCD_PAY_RST", "success")]
        return [*claims, forged][number % (len(claims) + 1)]


def require_none(found: list[Violation]) -> None:
    assert not found, "\n".join(f"{violation.invariant}: {violation.text}" for violation in found)
