"""The state machine: hypothesis plays buyers, browsers, staff, time and bad luck, and shrinks what breaks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from shop.extensions import client
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
CLAIMS: dict[str, dict[str, str]] = {
    "as it is": {},
    "less": {"PCD_PAY_TOTAL": "100"},
    "failed": {"PCD_PAY_RST": "error", "PCD_PAY_CODE": "3112"},
    "closed": {"PCD_PAY_RST": "close", "PCD_PAY_CODE": ""},
    "succeeded": {"PCD_PAY_RST": "success", "PCD_PAY_CODE": "0000"},
    "other method": {"PCD_PAY_TYPE": "transfer"},
    "other keys": {"PCD_AUTH_KEY": "x" * 40, "PCD_PAY_REQKEY": "y" * 40},
    "other address": {"PCD_PAY_COFURL": "http://127.0.0.9:8001/php/PayCardConfirmAct.php?ACT_=PAYM"},
}
WINDOWS: dict[str, dict[str, str]] = {
    "as it is": {},
    "less": {"PCD_PAY_TOTAL": "1000"},
    "more": {"PCD_PAY_TOTAL": "9990"},
}
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
    {"webhook_format": "form"},
)
METHODS = st.sampled_from(["card", "transfer"])
WORKS = st.sampled_from(["CERT", "PAY"])
RECEIPTS = st.sampled_from(["send", "skip", "wait"])
some = st.integers(0, 7)
one_fault = st.sampled_from(FAULTS)
perhaps_a_fault = st.one_of(st.none(), one_fault)


class ShopMachine(RuleBasedStateMachine):
    """Any sequence of acts. A subclass says on which stage."""

    stage: ClassVar[Stage]
    reached: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.stage.begin()
        self.orders: list[str] = []
        self.openings: list[Opening] = []

    @property
    def claims(self) -> list[Pairs]:
        """Every result that came out of a window, in order."""
        return [claim for opening in self.openings for claim in opening.claims]

    # --- buyers

    @initialize(cart=st.sampled_from(CARTS), method=METHODS, work=WORKS)
    def begin(self, cart: tuple[str | int, ...], method: str, work: str) -> None:
        """Nothing can happen before there is a window."""
        self.place(cart)
        self.start(0, method, work, "popup", cash_receipt=True)

    @precondition(lambda self: len(self.orders) < 6)
    @rule(cart=st.sampled_from(CARTS), method=METHODS, work=WORKS, receipt=RECEIPTS, trouble=perhaps_a_fault)
    def buy(
        self,
        cart: tuple[str | int, ...],
        method: str,
        work: str,
        receipt: str,
        trouble: tuple[str, str, str] | None,
    ) -> None:
        """All of it in one go, as most people do."""
        self.place(cart)
        before = len(self.openings)
        self.start(-1, method, work, "popup", cash_receipt=True)
        if len(self.openings) > before:
            self.pay_well(-1, receipt, trouble)

    @precondition(lambda self: len(self.orders) < 6)
    @rule(cart=st.sampled_from(CARTS))
    def place(self, cart: tuple[str | int, ...]) -> None:
        """A new order."""
        order_no = self.stage.place(*cart)
        if order_no and order_no not in self.orders:
            self.orders.append(order_no)

    @precondition(lambda self: self.orders)
    @rule(
        number=some, method=METHODS, work=WORKS, window=st.sampled_from(["popup", "direct"]), cash_receipt=st.booleans()
    )
    def start(self, number: int, method: str, work: str, window: str, cash_receipt: bool) -> None:
        """A new window for an order."""
        if not self.orders:
            return
        choices = {"method": method, "work": work, "window": window} | ({"cash_receipt": "y"} if cash_receipt else {})
        opening = self.stage.start(self._order(number), **choices)
        if opening:
            self.openings.append(opening)

    @precondition(lambda self: self.openings)
    @rule(number=st.one_of(st.just(-1), some), receipt=RECEIPTS, trouble=perhaps_a_fault)
    def pay_well(self, number: int, receipt: str, trouble: tuple[str, str, str] | None) -> None:
        """An honest payer; the gateway may have its moments."""
        self._break(trouble)
        self.stage.deliver(self.stage.pay(self._opening(number), receipt=receipt))

    @precondition(lambda self: self.openings)
    @rule(
        number=st.one_of(st.just(-1), some),
        scenario=st.one_of(st.just(""), st.sampled_from(sorted(set(SCENARIOS) - UNUSUAL))),
        tampered=st.sampled_from(sorted(WINDOWS)),
        receipt=RECEIPTS,
        delivered=st.booleans(),
    )
    def pay_oddly(self, number: int, scenario: str, tampered: str, receipt: str, delivered: bool) -> None:
        """Another amount, a refused card, a lost result."""
        claim = self.stage.pay(self._opening(number), scenario, receipt=receipt, **WINDOWS[tampered])
        if delivered:
            self.stage.deliver(claim)

    @precondition(lambda self: any(opening.waiting for opening in self.openings))
    @rule(receipt=st.sampled_from(["send", "skip"]), delivered=st.booleans())
    def answer_about_receipt(self, receipt: str, delivered: bool) -> None:
        """At last, but not hours after the charge."""
        opening = next(opening for opening in self.openings if opening.waiting)
        if self.stage.moment > opening.until:
            opening.waiting = None
            return
        claim = self.stage.finish(opening, receipt)
        if delivered:
            self.stage.deliver(claim)

    @precondition(lambda self: self.openings)
    @rule(number=some, delivered=st.booleans())
    def close_window(self, number: int, delivered: bool) -> None:
        """Change one's mind."""
        claim = self.stage.close(self._opening(number))
        if delivered:
            self.stage.deliver(claim)

    @precondition(lambda self: self.claims)
    @rule(number=some, change=st.sampled_from(sorted(CLAIMS)), to=st.one_of(st.none(), some), trouble=perhaps_a_fault)
    def post(self, number: int, change: str, to: int | None, trouble: tuple[str, str, str] | None) -> None:
        """Post a result again, late, changed, or the keys of one window under the number of another."""
        self._break(trouble)
        number_of_another = {} if to is None else {"PCD_PAY_OID": self._opening(to).attempt_no}
        self.stage.deliver(self._claim(number), **CLAIMS[change] | number_of_another)

    @precondition(lambda self: self.openings)
    @rule(number=some, result=st.sampled_from(["success", "error", "close"]))
    def forge(self, number: int, result: str) -> None:
        """A claim out of thin air."""
        self.stage.deliver([("PCD_PAY_OID", self._opening(number).attempt_no), ("PCD_PAY_RST", result)])

    @precondition(lambda self: self.orders)
    @rule(number=some, stranger=st.booleans())
    def look(self, number: int, stranger: bool) -> None:
        """Look at an order, one's own or not."""
        show = self.stage.look_as_stranger if stranger else self.stage.look
        show(self._order(number))

    # --- the gateway

    @rule(fault=one_fault, times=st.integers(1, 3))
    def break_gateway(self, fault: tuple[str, str, str], times: int) -> None:
        """The next such calls break."""
        self._break(fault, times)

    @rule(policy=st.sampled_from(POLICIES))
    def change_policy(self, policy: dict[str, object]) -> None:
        """What the documents leave open, one way or the other."""
        self.stage.control("POST", "policy", policy)

    @precondition(lambda self: self.stage.has_webhooks)
    @rule(number=some, change=st.sampled_from(["as it is", "as it is", "failed", "succeeded"]))
    def notify(self, number: int, change: str) -> None:
        """A webhook arrives: at once, late, again, out of order, or changed on the way."""
        self.stage.collect_notices()
        if self.stage.notices:
            self.stage.notify(number % len(self.stage.notices), **CLAIMS[change])

    # --- staff

    @precondition(lambda self: self.orders)
    @rule(number=some, percent=st.sampled_from([100, 100, 50, 30, 101]), trouble=perhaps_a_fault)
    def refund(self, number: int, percent: int, trouble: tuple[str, str, str] | None) -> None:
        """All of it, a part, or more than there is."""
        self._break(trouble)
        order_no = self._order(number)
        self.stage.refund(order_no, self.stage.wish(order_no, self.stage.refundable(order_no) * percent // 100))

    @precondition(lambda self: self.orders)
    @rule(act=st.sampled_from(["decide", "close", "issue", "cancel"]), number=some, trouble=perhaps_a_fault)
    def tidy(self, act: str, number: int, trouble: tuple[str, str, str] | None) -> None:
        """Settle what is unknown, close what is odd, issue or cancel a cash receipt."""
        self._break(trouble)
        acts: dict[str, Callable[[], None]] = {
            "decide": self.stage.decide,
            "close": self.stage.settle_attention,
            "issue": lambda: self.stage.issue_receipt(self._order(number)),
            "cancel": lambda: self.stage.cancel_receipt(self._order(number)),
        }
        acts[act]()

    # --- time and bad luck

    @rule(time=st.sampled_from(PASSING), whose=st.sampled_from(["the sweep's", "nobody's"]))
    def wait(self, time: str, whose: str) -> None:
        """Time passes, and somebody's turn may have come."""
        if time == "midnight":
            self.stage.advance_to(23, 59, 50)
        else:
            self.stage.advance(**TIMES[time])
        if whose == "the sweep's":
            self.stage.sweep()

    @rule(point=st.integers(1, 12))
    def kill_a_worker(self, point: int) -> None:
        """One dies so many places further on: around a commit or around a call, whichever comes."""
        self.stage.points.dies_at = point

    @precondition(lambda self: self.orders)
    @rule(act=st.sampled_from(["sweep", "post", "look", "refund"]), number=some)
    def let_another_in(self, act: str, number: int) -> None:
        """While the next worker waits for the gateway, another one does this."""
        order_no = self._order(number)
        acts: dict[str, Callable[[], object]] = {
            "sweep": self._sweep_now,
            "post": lambda: self.stage.deliver(self._claim(number) if self.claims else None),
            "look": lambda: self.stage.look(order_no),
            "refund": self._second_operator(order_no),
        }
        self.stage.points.meanwhile = lambda: (acts[act](), None)[1]

    # --- checks

    @invariant()
    def nothing_is_wrong(self) -> None:
        """The safe invariants, after every step."""
        insist(self.stage.safe())

    def teardown(self) -> None:
        """Faults are over: everything has to come to rest, and both books have to agree."""
        found = self.stage.settled()
        self._count()
        insist(found)

    # --- words

    def _count(self) -> None:
        """Where the run has been, so that nobody praises a run that went nowhere."""
        seen = self.stage.evidence()
        for line in seen.lines:
            self.reached[f"attempt {line['state']}"] += 1
        self.reached["examples"] += 1
        self.reached["won refunded"] += sum(line["refunded"] for line in seen.lines)
        self.reached["gateway faults"] += sum(entry["op"] == "fault" for entry in seen.entries)
        self.reached["workers killed"] += self.stage.killed
        self.reached["two at once"] += self.stage.crossed

    def _break(self, fault: tuple[str, str, str] | None, times: int = 1) -> None:
        if fault:
            op, kind, phase = fault
            self.stage.control("POST", "faults", {"op": op, "kind": kind, "phase": phase, "times": times})

    def _order(self, number: int) -> str:
        return self.orders[number % len(self.orders)]

    def _opening(self, number: int) -> Opening:
        return self.openings[number % len(self.openings)]

    def _claim(self, number: int) -> Pairs:
        return self.claims[number % len(self.claims)]

    def _sweep_now(self) -> None:
        with self.stage.app.app_context():
            sweep.run(client())

    def _second_operator(self, order_no: str) -> Callable[[], None]:
        """Somebody has the page before them already, with the balance as it is now."""
        balance = self.stage.refundable(order_no)
        wish = self.stage.wish(order_no, max(1, balance * 60 // 100), seen=balance)

        def press() -> None:
            with self.stage.app.app_context():
                self.stage.press_refund(order_no, wish, by="lee")

        return press


def insist(violations: list[Violation]) -> None:
    """Fail by name."""
    assert not violations, "\n".join(f"{found.invariant}: {found.text}" for found in violations)
