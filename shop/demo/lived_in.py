"""A shop that has been open for some days: what its buyers did, oldest first. Every time counts from now."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from shop import clock
from shop.demo import mishaps, states
from shop.demo.buyer import Buyer
from shop.demo.wishes import DemoState, Wish
from shop.rules.method import Method
from shop.services.orders import Payer, Visitor

PERSONA = Visitor("demo-buyer")
"""The browser of the buyer whom a presenter plays."""
OTHERS = Visitor("demo-others")
Lines = Mapping[str, int]
Act = Callable[[Buyer, Lines], object]


@dataclass(frozen=True)
class Event:
    """Something that a buyer did ``days`` ago at ``at`` in Korea, or ``minutes`` ago. Without lines the sweep runs."""

    lines: Lines
    act: Act
    days: int = 0
    at: str = ""
    minutes: int = 0
    is_persona: bool = False

    def moment(self, now: datetime) -> datetime:
        if not self.at:
            return now - timedelta(minutes=self.minutes)
        day = clock.korea_date(now) - timedelta(days=self.days)
        return datetime.combine(day, time.fromisoformat(self.at), clock.KOREA)


def _wished(state: DemoState, method: Method = Method.CARD, *, cash_receipt: bool = False) -> Act:
    return lambda buyer, lines: states.make(Wish(state, method, cash_receipt, lines), buyer)


def _nothing(_buyer: Buyer, _lines: Lines) -> None:
    """Nobody buys: time for the sweep."""


PAID, UNPAID, EXPIRED = _wished(DemoState.PAID), _wished(DemoState.AWAITING_PAYMENT), _nothing
TRANSFERRED = _wished(DemoState.PAID, Method.TRANSFER, cash_receipt=True)
RETURNED = _wished(DemoState.REFUNDED, Method.TRANSFER, cash_receipt=True)
BEFORE = (
    Event({"alley-timetable": 1, "brass-bookmark": 1}, PAID, 4, "10:12"),
    Event({"moon-well": 1}, RETURNED, 4, "15:40"),
    Event({"counting-seeds": 2}, UNPAID, 4, "20:05"),
    Event({}, EXPIRED, 4, "21:06"),
    Event({"threadbound-notebook": 2, "pencil-set": 1}, TRANSFERRED, 3, "09:31", is_persona=True),
    Event({"noodle-map": 1, "paper-tape": 2}, _wished(DemoState.PARTIALLY_REFUNDED), 3, "13:22"),
    Event({"cat-at-three": 1}, PAID, 3, "18:47"),
    Event({"quiet-fountain-pen": 1}, PAID, 2, "11:05", is_persona=True),
    Event({"neighbourhood-birds": 1}, mishaps.pay_less, 2, "14:30"),
    Event({}, EXPIRED, 2, "15:31"),
    Event({"mending-a-small-house": 1}, PAID, 2, "21:10"),
    Event({"wave-arrives-later": 1}, _wished(DemoState.PAID, Method.TRANSFER), 1, "10:48"),
    Event({"persimmon-ink": 1}, _wished(DemoState.REFUNDED), 1, "12:15"),
    Event({"pencil-set": 3}, mishaps.pay_twice, 1, "14:33", is_persona=True),
    Event({"counting-seeds": 1}, _wished(DemoState.ATTENTION), 1, "16:20"),
    Event({"persimmon-ink": 2}, _wished(DemoState.REFUND_UNKNOWN), 1, "17:05"),
    Event({"alley-timetable": 1}, mishaps.pay_after_decline, 1, "19:20"),
    Event({"wave-arrives-later": 1}, TRANSFERRED, 1, "20:41", is_persona=True),
)
"""The days before today: the same all day long."""
TODAY = (
    Event({"threadbound-notebook": 2}, _wished(DemoState.RECEIPT_DUE, Method.TRANSFER, cash_receipt=True), minutes=50),
    Event({"moon-well": 1}, mishaps.be_declined, minutes=22),
    Event({"test-product": 1}, UNPAID, minutes=12, is_persona=True),
    Event({"cat-at-three": 1}, _wished(DemoState.CHECKING), minutes=4),
    Event({"test-product": 1}, PAID, minutes=2),
)
"""The last hour, which is made anew by every reset."""
NAMES = ("이서준", "박지민", "최유진", "정민서", "한도윤", "오수아", "윤재호")


def buyer_of(event: Event) -> Buyer:
    if event.is_persona:
        return Buyer(PERSONA)
    number = (BEFORE + TODAY).index(event)
    payer = Payer(NAMES[number % len(NAMES)], f"010555001{number:02}", f"buyer{number}@example.com")
    return Buyer(OTHERS, payer)
