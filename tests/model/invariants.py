"""What must hold, as pure functions: the simulator's books and the shop's own in, violations by name out.

    I1   a paid order has exactly one approval             I10  no way back from refunded or paid
    I2   every approval is attached, returned or on a desk I11  nothing outside the gateway is dialled
    I3   at most one standing approval per order           I12  no secret in any page
    I4   a payment has its order's amount and method       I13  every token once, for its purpose, in time
    I5   never more back than was paid, not even asked for I14  one confirm per attempt, no call without its intent
    I6   the shop's refunds are the gateway's              I15  no error 500 to any input
    I7   one accepted cancel per intent                    I16  nothing stays open once the faults are over
    I8   the cash receipt covers paid less refunded        I17  no cancel under a wrong date
    I9   no piece is sold twice, none is lost              I18  money moves on a real success code only
    I20  the sums of both books are equal                  I19  strangers see nothing, result posts set no cookie

``safe`` holds after every step; ``settled`` once faults are over, time has passed and people have done their part.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

Row = Mapping[str, Any]
SUCCESS = re.compile(r"[A-Z]{0,6}0{3,4}")
TOKEN_RULES = ("token_used", "token_purpose", "token_expired", "token_unknown")
MAY_BE_DONE = ("submitted", "unknown", "done")
PAID_ORDER = ("paid", "partially_refunded", "refunded")
OPEN_ATTEMPT = ("prepared", "confirming", "unknown")
OPEN_REFUND = ("reserved", "submitted", "unknown")
DUE_RECEIPT = ("requested", "cancel_due")
_LATER = {
    "awaiting_payment": None,
    "checking": None,
    "attention": None,
    "expired": {"expired", "attention", *PAID_ORDER},
    "paid": set(PAID_ORDER),
    "partially_refunded": {"partially_refunded", "refunded"},
    "refunded": {"refunded"},
}


@dataclass(frozen=True)
class Violation:
    """An invariant that does not hold, and what shows it."""

    name: str
    what: str


@dataclass(frozen=True)
class ShopBooks:
    """The shop's side, read from its tables. ``lines`` are those of ``flask ledger``.

    ``confirms`` names the attempt of each confirm that has left, as the journal has it.
    """

    lines: Sequence[Row]
    orders: Sequence[Row]
    refunds: Sequence[Row]
    receipts: Sequence[Row]
    stock: Mapping[str, int]
    desk: frozenset[str]
    evidence: Sequence[Row]
    confirms: Sequence[str] = ()


@dataclass
class Seen:
    """What was noted on the way, and stands in no book."""

    first_stock: Mapping[str, int] = field(default_factory=dict)
    states: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    noted: list[Violation] = field(default_factory=list)
    hides_payments: bool = False

    def note(self, name: str, what: str) -> None:
        """Something that should not have happened."""
        self.noted.append(Violation(name, what))

    def follow(self, orders: Sequence[Row]) -> None:
        """Remember through which states every order goes."""
        for order in orders:
            states = self.states[order["order_no"]]
            if not states or states[-1] != order["state"]:
                states.append(order["state"])


@dataclass(frozen=True)
class Books:
    """Both sides. ``payments`` and ``ledger`` are the simulator's, as its control panel tells them."""

    payments: Sequence[Row]
    ledger: Sequence[Row]
    shop: ShopBooks
    seen: Seen

    def approvals(self) -> dict[str, Row]:
        """Payments that moved money, by number."""
        moved = ("approved", "partially_cancelled", "cancelled")
        return {row["oid"]: row for row in self.payments if row["state"] in moved}

    def standing(self) -> dict[str, int]:
        """Won that has not gone back, by number."""
        rests = {oid: int(row["total"]) - int(row["refunded_total"]) for oid, row in self.approvals().items()}
        return {oid: rest for oid, rest in rests.items() if rest}

    def order_of(self) -> dict[str, str]:
        """The order of each attempt."""
        return {line["attempt_no"]: line["order_no"] for line in self.shop.lines}

    def entries(self, op: str) -> list[Row]:
        """The ledger's lines about one operation."""
        return [entry for entry in self.ledger if entry["op"] == op]


Check = Callable[[Books], Iterator[Violation]]


def safe(books: Books) -> list[Violation]:
    """What holds at every moment."""
    checks = (_i3_now, _i5, _i6_now, _i7, _i9, _i10, _i13, _i14, _i17, _i18)
    return [*books.seen.noted, *(found for check in checks for found in check(books))]


def settled(books: Books) -> list[Violation]:
    """What holds besides, once everything has come to rest."""
    checks = (_i1, _i2, _i3, _i4, _i6, _i8, _i16, _i20)
    return [*safe(books), *(found for check in checks for found in check(books))]


# --- always ---------------------------------------------------------------------------------------------------------


def _i3_now(books: Books) -> Iterator[Violation]:
    """A second confirm while another confirmed payment stands. Two windows that charge by themselves may do so.

    Keys that were posted under the number of another attempt charge what the shop did not mean to confirm.
    """
    if books.seen.hides_payments:  # the gateway denies a payment for longer than one can take
        return
    standing, orders = books.standing(), books.order_of()
    confirmed = Counter(orders[oid] for oid in set(books.shop.confirms) if oid in standing)
    for order_no, times in confirmed.items():
        if times > 1:
            yield Violation("I3", f"{order_no}: {times} confirmed payments stand")


def _i5(books: Books) -> Iterator[Violation]:
    for oid, row in books.approvals().items():
        if int(row["refunded_total"]) > int(row["total"]):
            yield Violation("I5", f"{oid}: {row['refunded_total']} of {row['total']} went back")
    for entry in books.entries("cancel"):
        if entry["rule"] == "cancel_above_remainder":
            yield Violation("I5", f"{entry['oid']}: more was asked back than was left")


def _i6_now(books: Books) -> Iterator[Violation]:
    back = {oid: int(row["refunded_total"]) for oid, row in books.approvals().items()}
    for line in books.shop.lines:
        if line["refunded"] > back.get(line["attempt_no"], 0):
            told, really = line["refunded"], back.get(line["attempt_no"], 0)
            yield Violation("I6", f"{line['attempt_no']}: the shop says {told} is back, the gateway {really}")


def _i7(books: Books) -> Iterator[Violation]:
    """Only cancels that the shop asked for: money may also go back in the gateway's own admin."""
    cancels = [entry for entry in books.entries("cancel") if entry["asked"]]
    accepted = Counter(entry["oid"] for entry in cancels if entry["effect"] == "cancelled")
    intents = Counter(row["attempt_no"] for row in books.shop.refunds if row["state"] in MAY_BE_DONE)
    for oid, times in accepted.items():
        if times > intents[oid]:
            yield Violation("I7", f"{oid}: {times} cancels accepted for {intents[oid]} intents")


def _i9(books: Books) -> Iterator[Violation]:
    held: Counter[str] = Counter()
    for order in books.shop.orders:
        if order["state"] != "expired":
            held.update(order["pieces"])
    for slug, left in books.shop.stock.items():
        if left < 0 or left + held[slug] != books.seen.first_stock[slug]:
            first = books.seen.first_stock[slug]
            yield Violation("I9", f"{slug}: {left} left and {held[slug]} in orders, {first} at first")


def _i10(books: Books) -> Iterator[Violation]:
    for order_no, states in books.seen.states.items():
        for before, after in pairwise(states):
            allowed = _LATER[before]
            if allowed is not None and after not in allowed:
                yield Violation("I10", f"{order_no}: {before} became {after}")


def _i13(books: Books) -> Iterator[Violation]:
    for entry in books.ledger:
        if (entry["rule"] in TOKEN_RULES and entry["op"] != "window") or entry["rule"] == "oid_duplicate":
            yield Violation("I13", f"{entry['op']} {entry['oid']}: {entry['rule']}")


def _i14(books: Books) -> Iterator[Violation]:
    for attempt_no, times in Counter(books.shop.confirms).items():
        if times > 1:
            yield Violation("I14", f"{times} confirms of {attempt_no}")


def _i17(books: Books) -> Iterator[Violation]:
    """A payment that was opened before midnight and approved after it has two days: a cancel may name either."""
    for entry in books.entries("cancel"):
        missed, asked = entry["rule"] == "cancel_payment_unknown", entry["asked"].get("PCD_PAY_DATE")
        if missed and asked not in _two_days(books, entry["oid"]):
            yield Violation("I17", f"{entry['oid']}: a cancel under the date {entry['asked'].get('PCD_PAY_DATE')}")


def _two_days(books: Books, oid: str) -> set[str]:
    effects = ("opened", "charged")
    days = {entry["at"][:10] for entry in books.ledger if entry["oid"] == oid and entry["effect"] in effects}
    return {day.replace("-", "") for day in days} if len(days) > 1 else set()


def _i18(books: Books) -> Iterator[Violation]:
    """A yes has a code of letters and zeros; a repeated full cancel may end with "nothing is left"."""
    for row in books.shop.evidence:
        if row["code"] and not SUCCESS.fullmatch(row["code"]) and not (row["repeated"] and row["code"] == "PAYC0007"):
            yield Violation("I18", f"{row['attempt_no']}: {row['event']} on the code {row['code']}")


# --- at rest --------------------------------------------------------------------------------------------------------


def _i1(books: Books) -> Iterator[Violation]:
    approvals, paid = books.approvals(), defaultdict(list)
    for line in books.shop.lines:
        if line["state"] == "paid":
            paid[line["order_no"]].append(line["attempt_no"])
    for order in books.shop.orders:
        if order["state"] in PAID_ORDER:
            real = [number for number in paid[order["order_no"]] if number in approvals]
            if len(real) != 1 or len(paid[order["order_no"]]) != 1:
                yield Violation("I1", f"{order['order_no']} is {order['state']} with {len(real)} approvals")


def _i2(books: Books) -> Iterator[Violation]:
    paid = {line["attempt_no"] for line in books.shop.lines if line["state"] == "paid"}
    for oid, rest in books.standing().items():
        if oid not in paid and oid not in books.shop.desk:
            yield Violation("I2", f"{oid}: {rest} won belong to no order, stand on no desk and were not returned")


def _i3(books: Books) -> Iterator[Violation]:
    orders = books.order_of()
    times = Counter(orders.get(oid, oid) for oid in books.standing() if oid not in books.shop.desk)
    for order_no, count in times.items():
        if count > 1:
            yield Violation("I3", f"{order_no}: {count} payments stand")


def _i4(books: Books) -> Iterator[Violation]:
    orders = {order["order_no"]: order for order in books.shop.orders}
    approvals = books.approvals()
    for line in books.shop.lines:
        if line["state"] != "paid" or line["attempt_no"] not in approvals:
            continue
        order, payment = orders[line["order_no"]], approvals[line["attempt_no"]]
        charged = int(payment["total"])
        if len({charged, line["amount"], order["amount"], order["lines_total"]}) > 1:
            yield Violation("I4", f"{line['attempt_no']}: {charged} charged for an order of {order['amount']}")
        if payment["type"] != line["method"]:
            yield Violation("I4", f"{line['attempt_no']}: paid by {payment['type']} instead of {line['method']}")


def _i6(books: Books) -> Iterator[Violation]:
    back = {oid: int(row["refunded_total"]) for oid, row in books.approvals().items()}
    for line in books.shop.lines:
        really = back.get(line["attempt_no"], 0)
        if line["state"] == "paid" and line["refunded"] != really and not line["refund_unknown"]:
            yield Violation("I6", f"{line['attempt_no']}: the shop says {line['refunded']}, the gateway {really}")


def _i8(books: Books) -> Iterator[Violation]:
    """What the tax office has is what the shop thinks it has, and never more than remains paid, whoever takes it.

    Money that no order takes and that has not gone back stands on a desk: its receipt may be as new as the money.
    """
    due = {row["attempt_no"] for row in books.shop.receipts if row["state"] in DUE_RECEIPT}
    approvals = books.approvals()
    for line in books.shop.lines:
        payment = approvals.get(line["attempt_no"])
        if payment is None or line["attempt_no"] in due:
            continue
        active = int(payment["cash_receipt_amount"]) if payment["cash_receipt"] == "issued" else 0
        rest, told = int(payment["total"]) - int(payment["refunded_total"]), line["cash_receipt_amount"]
        agrees = active == told and active in (0, rest)
        if active > rest or not (agrees or (line["state"] != "paid" and rest)):
            yield Violation("I8", f"{line['attempt_no']}: receipt of {active}, {rest} paid, the shop says {told}")


def _i16(books: Books) -> Iterator[Violation]:
    for line in books.shop.lines:
        if line["state"] in OPEN_ATTEMPT:
            yield Violation("I16", f"attempt {line['attempt_no']} is still {line['state']}")
    for row in (*books.shop.refunds, *books.shop.receipts):
        if row["state"] in (*OPEN_REFUND, "requested", "cancel_due"):
            yield Violation("I16", f"{row['what']} of {row['attempt_no']} is still {row['state']}")
    for order in books.shop.orders:
        if order["state"] in ("checking", "attention", "awaiting_payment"):
            yield Violation("I16", f"order {order['order_no']} is still {order['state']}")


def _i20(books: Books) -> Iterator[Violation]:
    standing = books.standing()
    real = sum(standing.values())
    kept = sum(line["charged"] - line["refunded"] for line in books.shop.lines if line["state"] == "paid")
    desk = sum(rest for oid, rest in standing.items() if oid in books.shop.desk)
    paid_on_desk = sum(
        line["charged"] - line["refunded"]
        for line in books.shop.lines
        if line["state"] == "paid" and line["attempt_no"] in books.shop.desk
    )
    if real != kept - paid_on_desk + desk:
        yield Violation("I20", f"the gateway holds {real} won, the shop {kept} and its desk {desk - paid_on_desk}")
