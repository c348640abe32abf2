"""The money-safety invariants, as pure functions: the gateway's ledger and the shop's word in, violations out.

`tests/chaos/README.md` lists them by number; `ALWAYS` and `AT_REST` below name the checks of each. I9, I10 and I12 are
not in the books: whoever reads pages and logs checks them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import pairwise
from typing import Any

Row = Mapping[str, Any]
Findings = Iterator[tuple[str, str]]
"""The number of an order or attempt, and a sentence about it."""

CHARGES = ("confirm", "repay")
MOST_TRIES = 4
RESERVING = ("awaiting_payment", "checking", "attention")
AFTER_PAID = {
    "paid": ("partially_refunded", "refunded"),
    "partially_refunded": ("refunded",),
    "refunded": (),
}
"""Any state may follow an unpaid one: nobody looks all the time."""
PAID = tuple(AFTER_PAID)


@dataclass
class Placed:
    """An order as its driver remembers it. ``seen`` are the states that its page showed, in order.

    ``may_be_on_desk``: the driver did what a person may have to resolve.
    """

    order_no: str
    lines: Mapping[str, int] = field(default_factory=dict)
    prices: Mapping[str, int] = field(default_factory=dict)
    phone: str = ""
    attempts: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    may_be_on_desk: bool = False
    receipt_given_up: bool = False

    @property
    def total(self) -> int:
        return sum(self.prices[slug] * pieces for slug, pieces in self.lines.items())

    @property
    def state(self) -> str:
        return self.seen[-1] if self.seen else ""

    def note_state(self, state: str) -> None:
        if state and state != self.state:
            self.seen.append(state)


@dataclass(frozen=True)
class DeskRow:
    kind: str
    state: str
    order_no: str


@dataclass(frozen=True)
class Violation:
    """An invariant that does not hold, and the order or number it is about."""

    invariant: str
    text: str
    order_no: str = ""


@dataclass(frozen=True)
class Evidence:
    """What a run has seen from outside.

    ``entries`` and ``payments`` are the simulator's, ``lines`` the shop's ledger. ``refund_forms`` are the forms that
    staff sent: order and one-time key. ``stock`` holds every look at a product, the first before any order, the last
    one now. ``invented`` are payment numbers that a browser made up: no shop can know of them.
    ``month_of`` names the subscription and the month of an order.
    """

    entries: Sequence[Row] = ()
    payments: Sequence[Row] = ()
    lines: Sequence[Row] = ()
    orders: Sequence[Placed] = ()
    refund_forms: frozenset[tuple[str, str]] = frozenset()
    desk: Sequence[DeskRow] = ()
    stock: Mapping[str, Sequence[int]] = field(default_factory=dict)
    canary: Sequence[str] = ()
    invented: frozenset[str] = frozenset()
    month_of: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def approved(self) -> dict[str, Row]:
        return {row["oid"]: row for row in self.payments if row["paid_at"]}

    @cached_property
    def line_of(self) -> dict[str, Row]:
        return {line["attempt_no"]: line for line in self.lines}

    @cached_property
    def paid_lines(self) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = defaultdict(list)
        for line in self.lines:
            if line["state"] == "paid":
                found[line["order_no"]].append(line)
        return found

    @cached_property
    def on_desk(self) -> frozenset[str]:
        return frozenset(row.order_no for row in self.desk)

    @cached_property
    def cancels(self) -> Counter[str]:
        """How many cancels of the shop were accepted, by number."""
        asked = [entry for entry in self.entries if entry["effect"] == "cancelled" and entry["asked"]]
        return Counter(entry["oid"] for entry in asked)

    def order_of(self, oid: str) -> str:
        """The order of an attempt; blank for a number that the shop never gave."""
        line = self.line_of.get(oid)
        return str(line["order_no"]) if line else ""

    def cancelled(self, oid: str) -> int:
        return int(self.approved[oid]["refunded_total"]) if oid in self.approved else 0

    def standing(self, oid: str) -> int:
        """Won of an approval that were not cancelled."""
        return int(self.approved[oid]["total"]) - self.cancelled(oid)

    def pays_order(self, oid: str) -> bool:
        return oid in self.line_of and self.line_of[oid]["state"] == "paid"

    def is_on_desk(self, oid: str) -> bool:
        return self.order_of(oid) in self.on_desk


def violations(evidence: Evidence, *, at_rest: bool) -> list[Violation]:
    """Every invariant that does not hold; ``at_rest`` adds those marked [Q]."""
    return [
        Violation(name, f"{about}: {text}", evidence.order_of(about) or about)
        for rules in ([ALWAYS, AT_REST] if at_rest else [ALWAYS])
        for name, checks in rules.items()
        for check in checks
        for about, text in check(evidence)
    ]


def _charged_once(seen: Evidence, op: str = "confirm") -> Findings:
    """No such call charges while a right charge of the same order stands. A wrong one goes back and does not count."""
    left: dict[str, dict[str, int]] = defaultdict(dict)
    for entry in seen.entries:
        oid = entry["oid"]
        line = seen.line_of.get(oid)
        if line is None or oid not in seen.approved:
            continue
        standing = left[seen.month_of.get(line["order_no"], line["order_no"])]
        if entry["effect"] == "cancelled":
            standing[oid] = standing.get(oid, 0) - entry["amount"]
        if entry["op"] in CHARGES and entry["effect"] == "charged" and _is_right(seen.approved[oid], line):
            if entry["op"] == op and any(won > 0 for won in standing.values()):
                yield oid, f"was charged by a {op} while {line['order_no']} was paid already"
            standing[oid] = entry["amount"]


def _declined_month_rests(seen: Evidence) -> Findings:
    declined = [entry["oid"] for entry in seen.entries if (entry["op"], entry["effect"]) == ("repay", "declined")]
    for order_no, times in Counter(map(seen.order_of, declined)).items():
        if times > MOST_TRIES:
            yield order_no, f"was declined {times} times"


def _one_approval_a_month(seen: Evidence) -> Findings:
    standing = [oid for oid in seen.approved if seen.order_of(oid) in seen.month_of and seen.standing(oid) > 0]
    for month, times in Counter(seen.month_of[seen.order_of(oid)] for oid in standing).items():
        if times > 1:
            yield month, f"has {times} approvals that stand"


def _is_right(payment: Row, line: Row) -> bool:
    return bool(payment["total"] == line["amount"] and payment["type"] == line["method"])


def _paid_once(seen: Evidence) -> Findings:
    charges = Counter(entry["oid"] for entry in seen.entries if entry["effect"] == "charged")
    for line in (line for lines in seen.paid_lines.values() for line in lines):
        oid = line["attempt_no"]
        if oid not in seen.approved:
            yield oid, "is paid in the shop's ledger, and the gateway never approved it"
        elif seen.approved[oid]["total"] != line["amount"]:
            yield oid, f"{seen.approved[oid]['total']} won were approved for {line['amount']} won"
        elif seen.approved[oid]["type"] != line["method"]:
            yield oid, f"was paid by {seen.approved[oid]['type']} and not by {line['method']}"
        if charges[oid] > 1:
            yield oid, f"was charged {charges[oid]} times"
    for oid, times in Counter(line["attempt_no"] for line in seen.lines).items():
        if times > 1:
            yield oid, f"stands {times} times in the shop's ledger"


def _shown_as_paid(seen: Evidence) -> Findings:
    for order in seen.orders:
        lines = seen.paid_lines.get(order.order_no, [])
        if order.state in PAID and len(lines) != 1:
            yield order.order_no, f"is shown as {order.state} with {len(lines)} paid attempts"
        if lines and order.state and order.state not in PAID:
            yield order.order_no, f"has a paid attempt and is shown as {order.state}"
        if any(line["attempt_no"] not in order.attempts for line in lines):
            yield order.order_no, "is paid by an attempt that was not started for it"
        if any(line["amount"] != order.total for line in lines):
            yield order.order_no, f"costs {order.total} won and was paid with {lines[0]['amount']} won"


def _accounted_for(seen: Evidence) -> Findings:
    for oid in seen.approved.keys() - seen.invented:
        if not seen.pays_order(oid) and not seen.is_on_desk(oid) and seen.standing(oid):
            state = seen.line_of[oid]["state"] if oid in seen.line_of else "not known"
            yield oid, f"{seen.standing(oid)} won stand at the gateway; in the shop it is {state}, and not on the desk"


def _desk_is_right(seen: Evidence) -> Findings:
    allowed = {order.order_no for order in seen.orders if order.may_be_on_desk}
    for row in seen.desk:
        if row.order_no not in allowed:
            yield row.order_no, f"is on the desk without a reason: {row.kind} {row.state}"


def _cancelled_within_approval(seen: Evidence) -> Findings:
    for row in seen.payments:
        if row["refunded_total"] > row["total"]:
            yield row["oid"], f"{row['refunded_total']} won were cancelled of {row['total']} won"
    for entry in seen.entries:
        if entry["op"] == "cancel" and entry["rule"] == "cancel_above_remainder":
            yield entry["oid"], f"a cancel of {_asked(entry, 'PCD_REFUND_TOTAL')} won was sent, above the remainder"


def _refunded_once(seen: Evidence) -> Findings:
    forms = Counter(order_no for order_no, _key in seen.refund_forms)
    for oid, times in seen.cancels.items():
        allowed = forms[seen.order_of(oid)] if seen.pays_order(oid) else 1
        if seen.order_of(oid) and times > allowed:
            yield oid, f"{times} cancels were accepted, and {allowed} were asked for"


def _not_refunded_in_the_shop_only(seen: Evidence) -> Findings:
    for line in seen.lines:
        cancelled = seen.cancelled(line["attempt_no"])
        if line["refunded"] > cancelled:
            yield line["attempt_no"], f"the shop shows {line['refunded']} won as refunded; {cancelled} were cancelled"


def _cancels_reach_their_payment(seen: Evidence) -> Findings:
    for entry in seen.entries:
        if entry["op"] == "cancel" and entry["rule"] == "cancel_payment_unknown" and entry["oid"] in seen.approved:
            yield entry["oid"], f"a cancel missed its payment: it asked for {_asked(entry, 'PCD_PAY_DATE')}"


def _refunded_alike(seen: Evidence) -> Findings:
    for line in seen.lines:
        cancelled = seen.cancelled(line["attempt_no"])
        is_known_as_unknown = line["refund_unknown"] and line["order_no"] in seen.on_desk
        if line["state"] == "paid" and line["refunded"] < cancelled and not is_known_as_unknown:
            yield line["attempt_no"], f"{cancelled} won were cancelled; the shop shows {line['refunded']}"


def _receipts_cover(seen: Evidence) -> Findings:
    given_up = {order.order_no for order in seen.orders if order.receipt_given_up}
    issued = {entry["oid"] for entry in seen.entries if entry["effect"] == "receipt_issued"}
    for oid, row in seen.approved.items():
        line = seen.line_of.get(oid)
        if line is None or seen.is_on_desk(oid) or line["cash_receipt_state"] in ("cancel_due", "requested"):
            continue
        active = int(row["cash_receipt_amount"]) if row["cash_receipt"] == "issued" else 0
        if active > seen.standing(oid):
            yield oid, f"its cash receipt covers {active} won of {seen.standing(oid)} won"
        if active != line["cash_receipt_amount"]:
            yield oid, f"its cash receipt covers {active} won; in the shop {line['cash_receipt_amount']} won"
        is_kept = seen.pays_order(oid) and oid in issued and line["order_no"] not in given_up
        if is_kept and active < seen.standing(oid):
            yield oid, f"had a cash receipt, and its receipt covers {active} won of {seen.standing(oid)} won"


def _stock_is_real(seen: Evidence) -> Findings:
    for slug, looks in seen.stock.items():
        if looks and (min(looks) < 0 or max(looks) > looks[0]):
            yield slug, f"{looks[0]} pieces at first, then between {min(looks)} and {max(looks)}"


def _stock_adds_up(seen: Evidence) -> Findings:
    for slug, looks in seen.stock.items():
        held = sum(order.lines.get(slug, 0) for order in seen.orders if order.state in (*RESERVING, *PAID))
        if looks and looks[0] != looks[-1] + held:
            yield slug, f"{looks[0]} pieces became {looks[-1]}, and {held} are reserved or sold"


def _states_follow_the_table(seen: Evidence) -> Findings:
    for order in seen.orders:
        for before, after in pairwise(order.seen):
            if after not in AFTER_PAID.get(before, (after,)):
                yield order.order_no, f"was shown as {before} and later as {after}"


def _nobody_else_is_called(seen: Evidence) -> Findings:
    for call in seen.canary:
        yield "canary", f"was called: {call.splitlines()[0][:80] if call else 'without a word'}"


def _nothing_is_open(seen: Evidence) -> Findings:
    for line in seen.lines:
        if line["state"] in ("prepared", "confirming", "unknown"):
            yield line["attempt_no"], f"is still {line['state']}"
        if line["order_no"] in seen.on_desk:
            continue
        if line["refund_unknown"]:
            yield line["attempt_no"], "has a refund that is still unknown"
        if line["cash_receipt_state"] in ("requested", "cancel_due"):
            yield line["attempt_no"], f"has a cash receipt that is still {line['cash_receipt_state']}"
    for order in seen.orders:
        if order.state in RESERVING and order.order_no not in seen.on_desk:
            yield order.order_no, f"is still shown as {order.state}"


def _sums_agree(seen: Evidence) -> Findings:
    known = seen.approved.keys() - seen.invented
    standing = sum(seen.standing(oid) for oid in known)
    earned = sum(line["amount"] - line["refunded"] for line in seen.lines if _is_earned(seen, line))
    on_desk = sum(
        seen.standing(oid) for oid in known if seen.is_on_desk(oid) and not _is_earned(seen, seen.line_of[oid])
    )
    if standing != earned + on_desk:
        yield "all", f"{standing} won stand at the gateway, {earned} are earned, {on_desk} are on the desk"


def _is_earned(seen: Evidence, line: Row) -> bool:
    """Paid, and no refund of it waits for a person."""
    return line["state"] == "paid" and not (line["refund_unknown"] and line["order_no"] in seen.on_desk)


def _asked(entry: Row, name: str) -> str:
    return str(entry["asked"].get(name, ""))


Check = Callable[[Evidence], Findings]
ALWAYS: dict[str, tuple[Check, ...]] = {
    "I1": (_charged_once,),
    "I3": (_cancelled_within_approval, _refunded_once),
    "I4": (_not_refunded_in_the_shop_only, _cancels_reach_their_payment),
    "I6": (_stock_is_real,),
    "I7": (_states_follow_the_table,),
    "I8": (_nobody_else_is_called,),
    "I14": (partial(_charged_once, op="repay"), _declined_month_rests),
}
AT_REST: dict[str, tuple[Check, ...]] = {
    "I1": (_paid_once, _shown_as_paid),
    "I2": (_accounted_for, _desk_is_right),
    "I4": (_refunded_alike,),
    "I5": (_receipts_cover,),
    "I6": (_stock_adds_up,),
    "I11": (_nothing_is_open,),
    "I13": (_sums_agree,),
    "I14": (_one_approval_a_month,),
}
