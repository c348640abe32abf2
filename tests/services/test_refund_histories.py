"""Random histories of one paid transfer: whatever happens in whatever order, the books agree to the won."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Barrier

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shop.db import db
from shop.errors import RefundRefused
from shop.extensions import client
from shop.rules.money import Won
from shop.rules.states import RefundState
from shop.services import refunds, sweep
from shop.services.refunds import RefundWish
from tests.services.test_cash_receipts import covered
from tests.services.test_refunding import paid_order, returned
from tests.world import World

PAID = 10_000
FAULTS = (
    None,
    ("cancel", "lost_answer", "before"),
    ("cancel", "lost_answer", "after"),
    ("cancel", "http_500", "after"),
    ("auth", "http_500", "before"),
    ("cancel", "unknown_outcome", "before"),
    ("cancel", "refused", "before"),
)

steps = st.one_of(
    st.tuples(st.just("refund"), st.integers(1, PAID + 2_000), st.sampled_from(FAULTS)),
    st.tuples(st.just("again"), st.just(0), st.none()),
    st.tuples(st.just("two_operators"), st.integers(1, PAID), st.none()),
    st.tuples(st.sampled_from(["dies_before_sending", "dies_while_sending"]), st.integers(1, PAID), st.none()),
    st.tuples(st.just("sweep"), st.integers(0, 40), st.none()),
    st.tuples(st.just("receipts_fail"), st.just(0), st.none()),
    st.tuples(st.just("decide"), st.just(0), st.none()),
)


@dataclass
class History:
    """One order and what staff did to it."""

    world: World
    order_no: str
    intents: list[RefundWish] = field(default_factory=list)

    def play(self, act: str, number: int, fault: tuple[str, str, str] | None) -> None:
        """One step."""
        if fault:
            self.world.fault(fault[0], fault[1], phase=fault[2])
        acts: dict[str, Callable[[], None]] = {
            "refund": lambda: self.refund(number),
            "again": self.press_again,
            "two_operators": lambda: self.two_operators(number),
            "dies_before_sending": lambda: self.die(number, while_sending=False),
            "dies_while_sending": lambda: self.die(number, while_sending=True),
            "sweep": lambda: self.sweep_after(number),
            "receipts_fail": lambda: self.world.control("POST", "policy", {"receipt_on_refund": "fail"}),
            "decide": self.decide,
        }
        acts[act]()
        self.world.control("DELETE", "faults")

    def press_again(self) -> None:
        """The last form is sent once more."""
        for wish in self.intents[-1:]:
            self.send(wish)

    def sweep_after(self, hours: int) -> None:
        """Time goes by, and the sweep does what is due."""
        self.world.advance(hours=hours)
        sweep.run(client())

    def wish(self, amount: int) -> RefundWish:
        """A form of its own, with the balance as it is seen now."""
        facts = refunds.facts(self.world.order(self.order_no))
        assert facts is not None
        wish = RefundWish(Won(amount), facts.refundable, "변심", f"{self.order_no}-{len(self.intents)}")
        self.intents.append(wish)
        return wish

    def refund(self, amount: int) -> None:
        self.send(self.wish(amount))

    def two_operators(self, amount: int) -> None:
        """Two people have the same balance before them and press at the same moment."""
        wishes, barrier = [self.wish(amount) for _person in range(2)], Barrier(2)
        db.session.remove()

        def press(wish: RefundWish) -> None:
            with self.world.app.app_context():
                barrier.wait()
                self.send(wish)

        with ThreadPoolExecutor(2) as people:
            list(people.map(press, wishes))

    def die(self, amount: int, *, while_sending: bool) -> None:
        """The program stops at the worst moment and starts again minutes later."""
        try:
            refund_id, _is_new = refunds._reserve(self.order_no, self.wish(amount), "kim")
        except RefundRefused:
            return
        if while_sending:
            refunds._submit(refund_id)
        self.world.advance(minutes=5)
        sweep.run(client())

    def send(self, wish: RefundWish) -> None:
        try:
            refunds.request(self.order_no, wish, by="kim", client=client())
        except RefundRefused:
            return

    def decide(self) -> None:
        """A person looks at the gateway's own administration and says what is true."""
        order = self.world.order(self.order_no)
        unknown = [refund for refund in order.refunds if refund.awaits_person]
        for refund in unknown:
            truth = returned(self.world, self.order_no) > order.refunded
            refunds.decide(refund.id, was_refunded=truth, by="lee")

    def settle(self) -> None:
        """Faults are over, the sweep does what it may, a person decides what only a person can, and days go by."""
        self.world.advance(days=2)
        sweep.run(client())
        self.check()
        self.decide()
        for _day in range(6):  # one call of a receipt job each
            self.world.advance(days=1, hours=1)
            sweep.run(client())

    def check(self) -> None:
        """What holds after every step."""
        order, back = self.world.order(self.order_no), returned(self.world, self.order_no)
        assert order.refunded <= back <= PAID
        refused = [entry["code"] for entry in self.world.control("GET", "ledger") if entry["op"] == "cancel"]
        assert "PAYC0011" not in refused, "an over-refund was sent"
        done = [refund for refund in order.refunds if refund.state is RefundState.DONE]
        assert len({refund.intent for refund in order.refunds}) == len(order.refunds)
        assert sum(refund.amount for refund in done) == order.refunded


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(steps, min_size=1, max_size=8))
def test_books_agree_after_any_history(
    world: World, history: list[tuple[str, int, tuple[str, str, str] | None]]
) -> None:
    world.control("DELETE", "")
    world.control("DELETE", "faults")
    world.control("POST", "policy", {"receipt_on_refund": "settled"})
    run = History(world, paid_order(world, method="transfer"))

    for step in history:
        run.play(*step)
        run.check()
    run.settle()
    run.check()

    order = world.order(run.order_no)
    assert order.refunded == returned(world, run.order_no)
    assert [
        refund.state for refund in order.refunds if refund.state not in (RefundState.DONE, RefundState.REFUSED)
    ] == []
    assert covered(world, run.order_no) == PAID - order.refunded


def test_the_oracle_can_fail(world: World) -> None:
    """Money that goes back behind the shop's back is seen by the check that the histories rely on."""
    run = History(world, paid_order(world, method="transfer"))
    (attempt,) = world.order(run.order_no).attempts
    world.control("POST", f"payments/{attempt.attempt_no}/cancel", {"amount": 500})

    assert world.order(run.order_no).refunded != returned(world, run.order_no)
    with pytest.raises(AssertionError):
        assert world.order(run.order_no).refunded == returned(world, run.order_no)
