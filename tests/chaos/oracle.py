"""The oracle: holds the shop's word against the gateway's books and names what does not fit, I1 to I20.

Pure: evidence in, breaches out. It runs on a live world, after everything has settled, and on stored runs; ``[Q]``
marks what must hold only once everything is quiet.

    I1   [Q] an order shown as paid or refunded has exactly one approval, of a number that the shop gave to it
    I2   [Q] every approval pays one order, or has gone back whole, or is on the desk; the desk holds nothing else
    I3   [Q] at most one standing approval per order, at most one order per approval; never a confirm beside another
    I4   [Q] what stands was collected for the price of the catalogue at the time of the order
    I5       no more goes back than was collected, and no cancel above the remainder was even sent
    I6       nothing is called refunded that has not gone back; [Q] and the other way round, or it is marked unknown
    I7       one refund that was asked for moves money once
    I8   [Q] a cash receipt covers what was paid and not refunded, or something is due; never more, never two
    I9       no stock below zero; [Q] what there was = what there is + reserved + sold
    I10      the states that a page shows are a path; nothing returns from refunded
    I11      nobody but the gateway hears of us: no canary was reached
    I13      a partner authentication serves one request, in time, for its purpose; no number is used twice
    I14      one pair of keys is confirmed once, unless an inquiry said in between that there is nothing
    I16  [Q] nothing is left in a state that only waits
    I17      no inquiry and no cancel missed a payment by a wrong date or type
    I20  [Q] collected − returned (gateway) = net revenue (shop) + what is on the desk, to the won

Elsewhere, because it cannot be seen in books: I12 and I15 (secrets, markers, 5xx, tracebacks) by the watch over every
answer and log, and the rows of the database, I19 by the campaign ``owners``. I18 is checked in
``tests/model`` only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise

from tests.chaos.books import PAID_STATES, Books, state_of
from tests.chaos.evidence import Breach, Evidence, Row

NEXT = {
    "awaiting_payment": {"checking", "paid", "attention", "expired"},
    "checking": {"awaiting_payment", "paid", "attention", "expired"},
    "attention": {"awaiting_payment", "checking", "paid", "expired"},
    "expired": {"paid", "attention"},
    "paid": {"partially_refunded", "refunded"},
    "partially_refunded": {"refunded"},
    "refunded": set[str](),
}
"""What an order may become next. A page is not looked at all the time, so what was seen may skip states on the way."""
RESERVING = ("awaiting_payment", "checking", "attention")
WAITING = ("confirming", "unknown")
MISSES = ("payment_unknown", "cancel_payment_unknown")
MISUSED = ("token_used", "token_purpose", "token_expired", "token_unknown")
KEYS = ("PCD_CUST_KEY", "PCD_REFUND_KEY", "custKey", "AuthKey", "PCD_AUTH_KEY")
NOTHING_THERE = ("payment_unknown", "inquiry_lags")

Findings = Iterator[tuple[str, str]]
"""The number of an order or of an attempt, and a sentence about it."""
Rule = Callable[[Books], Findings]


def breaches(evidence: Evidence, *, is_quiet: bool) -> list[Breach]:
    """Every invariant that does not hold; `is_quiet` adds those that hold only when nothing is under way."""
    books = Books(evidence)
    tables = [ALWAYS, QUIET] if is_quiet else [ALWAYS]
    return [
        Breach(name, f"{about}: {sentence}", books.order_of(about) or about)
        for table in tables
        for name, rules in table.items()
        for rule in rules
        for about, sentence in rule(books)
    ]


def paid_once(books: Books) -> Findings:
    """I1: an order shown as paid has exactly one paid attempt, and the gateway really collected for it, once."""
    for order in books.seen.orders:
        times = len(books.paid_lines.get(order.order_no, []))
        if state_of(order) in PAID_STATES and times != 1:
            yield order.order_no, f"is shown as {state_of(order)} with {times} paid attempts"
    for line in books.seen.lines:
        if line["state"] == "paid" and line["attempt_no"] not in books.charged:
            yield line["attempt_no"], "is paid in the shop's books, and the gateway never collected it"
    for oid, entries in books.story.items():
        charges = sum(entry["effect"] == "charged" for entry in entries)
        if charges > 1:
            yield oid, f"was collected {charges} times"


def shown_as_kept(books: Books) -> Findings:
    """I1: the page and the ledger of the shop agree on whether an order is paid, and by which attempt."""
    for order in books.seen.orders:
        lines, state = books.paid_lines.get(order.order_no, []), state_of(order)
        if lines and state and state not in PAID_STATES:
            yield order.order_no, f"has a paid attempt and is shown as {state}"
        if any(line["attempt_no"] not in order.attempts for line in lines):
            yield order.order_no, "is paid by an attempt that was not started for it"


def accounted_for(books: Books) -> Findings:
    """I2: every approval pays its order, or has gone back whole, or is on the desk."""
    for oid in books.charged:
        if books.is_attached(oid) or books.is_on_desk(oid) or not books.is_known(oid):
            continue
        if left := books.standing(oid):
            line = books.line_of.get(oid)
            told = f"the shop calls the attempt {line['state']}" if line else "the shop does not know the number"
            yield oid, f"{left} won stand at the gateway; {told}, and nothing is on the desk"


def desk_is_right(books: Books) -> Findings:
    """I2: the desk lists what nobody can resolve, and nothing else."""
    expected = {order.order_no for order in books.seen.orders if order.is_for_desk}
    allowed = expected | {order.order_no for order in books.seen.orders if order.may_be_on_desk}
    for order_no in sorted(books.on_desk - allowed):
        rows = sorted(f"{row.kind} {row.state}" for row in books.seen.desk if row.order_no == order_no)
        yield order_no, f"is on the desk without a reason: {', '.join(rows)}"
    for order_no in sorted(expected - books.on_desk):
        yield order_no, "cannot be resolved and is not on the desk"


def standing_once(books: Books) -> Findings:
    """I3: two approvals that both stand would have taken the money twice. A refunded order has been paid once, too."""
    kept: dict[str, list[str]] = {}
    for oid in books.charged:
        is_waiting_for_a_person = books.is_on_desk(oid) and not books.is_attached(oid)
        if books.order_of(oid) and not is_waiting_for_a_person and (books.is_attached(oid) or books.standing(oid)):
            kept.setdefault(books.order_of(oid), []).append(oid)
    for order_no, oids in kept.items():
        if len(oids) > 1:
            yield order_no, f"has {len(oids)} standing approvals: {', '.join(sorted(oids))}"


def confirmed_in_turn(books: Books) -> Findings:
    """I3, at any time: no confirm collects while another one of the order stands. Windows that charge at once may."""
    left: dict[str, Counter[str]] = {}
    for entry in books.seen.entries:
        oid = entry["oid"]
        of_order = left.setdefault(books.order_of(oid) or oid, Counter())
        if entry["effect"] == "cancelled":
            of_order[oid] -= entry["amount"]
        if (entry["op"], entry["effect"]) == ("confirm", "charged") and oid in books.charged:
            if before := [other for other, won in of_order.items() if won > 0 and other != oid]:
                yield oid, f"was collected by a confirm while {', '.join(before)} stood"
            of_order[oid] += books.charged[oid]["total"]


def one_order_per_number(books: Books) -> Findings:
    """I3: a payment number belongs to one order."""
    for oid, times in Counter(line["attempt_no"] for line in books.seen.lines).items():
        if times > 1:
            yield oid, f"stands {times} times in the shop's books"


def priced_right(books: Books) -> Findings:
    """I4: what stands at the gateway is what the order cost in the catalogue."""
    totals = {order.order_no: order.total for order in books.seen.orders}
    for oid, row in books.charged.items():
        if not books.is_attached(oid):
            continue
        frozen, order_no = books.line_of[oid]["amount"], books.order_of(oid)
        if row["total"] != frozen:
            yield oid, f"{row['total']} won were collected for an order of {frozen} won"
        if totals.get(order_no, frozen) != frozen:
            yield oid, f"is frozen at {frozen} won; the catalogue's prices make {totals[order_no]} won"


def not_over_refunded(books: Books) -> Findings:
    """I5: no more back than collected, and nothing above the remainder sent, whatever an answer has named."""
    for row in books.seen.payments:
        if row["refunded_total"] > row["total"]:
            yield row["oid"], f"{row['refunded_total']} won went back of {row['total']} won"
    for entry in books.seen.entries:
        if entry["op"] == "cancel" and entry["rule"] == "cancel_above_remainder":
            yield entry["oid"], f"a cancel of {_asked(entry, 'PCD_REFUND_TOTAL')} won was sent, above the remainder"


def never_refunded_more(books: Books) -> Findings:
    """I6, at any time: the shop calls nothing refunded that has not gone back."""
    for line in books.seen.lines:
        returned = books.returned(line["attempt_no"])
        if line["state"] == "paid" and line["refunded"] > returned:
            yield line["attempt_no"], f"the shop says {line['refunded']} won are refunded; {returned} won went back"


def refunded_alike(books: Books) -> Findings:
    """I6: what went back is refunded in the shop's books, or the shop says that it does not know."""
    for line in books.seen.lines:
        returned = books.returned(line["attempt_no"])
        if line["state"] == "paid" and line["refunded"] < returned and not line["refund_unknown"]:
            yield line["attempt_no"], f"{returned} won went back; the shop knows of {line['refunded']} won"


def refunded_once(books: Books) -> Findings:
    """I7: never more cancels than refunds that were asked for; what pays nothing goes back in one cancel."""
    asked = Counter(order_no for order_no, _intent in {(one.order_no, one.intent) for one in books.seen.intents})
    for order in books.seen.orders:
        lines = books.paid_lines.get(order.order_no, [])
        times = sum(books.cancels[line["attempt_no"]] for line in lines)
        if times > asked[order.order_no]:
            yield order.order_no, f"{times} cancels were accepted, {asked[order.order_no]} refunds were asked for"
    for oid, times in books.cancels.items():
        if times > 1 and books.order_of(oid) and not books.is_attached(oid):
            yield oid, f"paid nothing and was cancelled {times} times"


def receipts_cover(books: Books) -> Findings:
    """I8: a cash receipt never covers more than was kept, and both books agree on it."""
    for oid, row in books.charged.items():
        line, active, kept = books.line_of.get(oid), _active_receipt(row), _kept(row)
        if line is None or oid in books.behind:
            continue
        state, told = line["cash_receipt_state"], line["cash_receipt_amount"]
        is_owed = state == "cancel_due" or books.is_on_desk(oid)
        if active > kept and not is_owed:
            yield oid, f"its cash receipt covers {active} won of {kept} won that were kept, and nothing is due"
        if state == "issued" and told != active:
            yield oid, f"its cash receipt covers {told} won, says the shop; {active} won, says the gateway"
        if active and state != "issued" and not is_owed:
            yield oid, f"has an active cash receipt that the shop calls {state}"


def receipts_stay(books: Books) -> Findings:
    """I8: one active receipt per order, and one that was issued still covers exactly what is kept, or is owed."""
    by_order: Counter[str] = Counter()
    given_up = {order.order_no for order in books.seen.orders if order.receipt_given_up}
    for oid, row in books.charged.items():
        order_no, active = books.order_of(oid), _active_receipt(row)
        by_order[order_no] += bool(active and order_no)
        if not books.is_attached(oid) or order_no in given_up or books.is_on_desk(oid) or oid in books.behind:
            continue
        was_issued = any(entry["effect"] == "receipt_issued" for entry in books.story.get(oid, []))
        is_owed = books.line_of[oid]["cash_receipt_state"] in ("cancel_due", "requested")
        if was_issued and not is_owed and active < _kept(row):
            yield oid, f"had a cash receipt, keeps {_kept(row)} won, and its receipt covers {active} won"
    for order_no, times in by_order.items():
        if times > 1:
            yield order_no, f"has {times} active cash receipts"


def _active_receipt(row: Row) -> int:
    return int(row["cash_receipt_amount"]) if row["cash_receipt"] == "issued" else 0


def _kept(row: Row) -> int:
    return int(row["total"]) - int(row["refunded_total"])


def stock_stays_real(books: Books) -> Findings:
    """I9, at any time: nobody sells what is not there, and no piece comes out of nothing."""
    for slug, looks in books.seen.stock.items():
        if min(looks, default=0) < 0:
            yield slug, f"{min(looks)} pieces were on the shelf"
        if looks and max(looks) > looks[0]:
            yield slug, f"{max(looks)} pieces were on the shelf, and {looks[0]} at the beginning"


def stock_adds_up(books: Books) -> Findings:
    """I9: what there was is what there is, what is reserved and what is sold. A refund does not bring goods back."""
    for slug, looks in books.seen.stock.items():
        reserved, sold = _pieces(books, slug, RESERVING), _pieces(books, slug, PAID_STATES)
        if looks and looks[0] != looks[-1] + reserved + sold:
            yield slug, f"{looks[0]} pieces became {looks[-1]} on the shelf, {reserved} reserved and {sold} sold"


def _pieces(books: Books, slug: str, states: tuple[str, ...]) -> int:
    return sum(order.lines.get(slug, 0) for order in books.seen.orders if state_of(order) in states)


def history_is_a_path(books: Books) -> Findings:
    """I10: what a page has shown is a way through the states."""
    for order in books.seen.orders:
        for before, after in pairwise(order.seen):
            if before != after and after not in REACHABLE.get(before, ()):
                yield order.order_no, f"was shown as {before} and later as {after}"


def _reachable(state: str) -> frozenset[str]:
    found: set[str] = set()
    waiting = {state}
    while waiting:
        waiting = {after for before in waiting for after in NEXT[before]} - found
        found |= waiting
    return frozenset(found)


REACHABLE = {state: _reachable(state) for state in NEXT}


def nobody_else_heard(books: Books) -> Findings:
    """I11: no address of an attacker was dialled. What was said there is not repeated: it may be a key."""
    for hit in books.seen.canary:
        carried = " and carried a key" if any(name in hit for name in KEYS) else ""
        first = hit.partition("\r\n")[0][:80] or "somebody who said nothing"
        yield "canary", f"heard {first}{carried}"


def tokens_used_right(books: Books) -> Findings:
    """I13: one authentication, one request; inquiries may share one. What a browser does with a window is not ours."""
    used: set[int] = set()
    for entry in books.seen.entries:
        if entry["op"] in ("window", "auth"):
            continue
        if entry["rule"] in MISUSED and not _asked_anew(books, entry):
            yield entry["oid"], f"a {entry['op']} was refused: {entry['rule']}"
        if entry["follows"] in used:
            yield entry["oid"], f"a {entry['op']} used the authentication of line {entry['follows']} again"
        if entry["follows"] is not None and entry["op"] != "inquiry":
            used.add(entry["follows"])


def _asked_anew(books: Books, refused: Row) -> bool:
    """Whether an inquiry with keys that had grown old was made again with new ones: the harness moves the clock."""
    if (refused["op"], refused["rule"]) != ("inquiry", "token_expired"):
        return False
    later = (entry for entry in books.story[refused["oid"]] if entry["seq"] > refused["seq"])
    return any(entry["op"] == "inquiry" and entry["follows"] != refused["follows"] for entry in later)


def numbers_are_new(books: Books) -> Findings:
    """I13: no payment number is given twice."""
    given = Counter(number for order in books.seen.orders for number in set(order.attempts))
    for number, times in given.items():
        if times > 1:
            yield number, f"was given to {times} orders"


def confirmed_once(books: Books) -> Findings:
    """I14: a pair of keys reaches the gateway once, unless an inquiry found nothing in between."""
    tried: dict[tuple[str, str], str] = {}
    for entry in books.seen.entries:
        if entry["op"] == "inquiry" and entry["rule"] in NOTHING_THERE:
            tried = {pair: oid for pair, oid in tried.items() if oid != entry["oid"]}
        is_broken_off = entry["op"] == "fault" and entry["note"].endswith(" before confirm")
        if entry["op"] != "confirm" and not is_broken_off:
            continue
        pair = (_asked(entry, "PCD_PAY_REQKEY"), _asked(entry, "PCD_AUTH_KEY"))
        if pair in tried:
            yield entry["oid"] or tried[pair], "the same keys were confirmed twice without an inquiry in between"
        tried[pair] = entry["oid"]


def nothing_waits(books: Books) -> Findings:
    """I16: no attempt, refund or receipt is left in a state that only waits, unless a person has been told."""
    for line in books.seen.lines:
        if line["order_no"] in books.on_desk:
            continue
        if line["state"] in WAITING:
            yield line["attempt_no"], f"is still {line['state']}"
        if line["refund_unknown"]:
            yield line["attempt_no"], "has a refund that is still unknown"
        if line["cash_receipt_state"] == "requested":
            yield line["attempt_no"], "has a cash receipt that is still requested"
    for order in books.seen.orders:
        if state_of(order) == "checking" and order.order_no not in books.on_desk:
            yield order.order_no, "is still shown as checking"


def nothing_missed(books: Books) -> Findings:
    """I17: a cancel names the right day at once; a search over two days or methods finds the payment in the end.

    A payment that was opened before midnight and approved after it has two days, and a cancel may name either.
    A browser that changed the method of the window has misled the shop: that counts only if money is lost by it (I2).
    """
    for oid, row in books.charged.items():
        line = books.line_of.get(oid)
        if line is None or line["method"] != row["type"]:
            continue
        story = books.story.get(oid, [])
        charged = min((entry["seq"] for entry in story if entry["effect"] == "charged"), default=0)
        for entry in story:
            if entry["rule"] not in MISSES or entry["seq"] < charged or _asked_rightly_too(story, entry):
                continue
            if entry["op"] == "cancel" and _asked(entry, "PCD_PAY_DATE") in _two_days(story):
                continue
            asked = f"{_asked(entry, 'PCD_PAY_TYPE') or 'a payment'} of {_asked(entry, 'PCD_PAY_DATE')}"
            yield oid, f"the {entry['op']} of line {entry['seq']} missed the payment: it asked for {asked}"


def _asked_rightly_too(story: list[Row], missed: Row) -> bool:
    """Whether a search has gone on to the right question: one that asks another each time, and repeats none before.

    The right one is answered, or the inquiry does not show the payment yet.
    """
    asked = {_question(missed)}
    for entry in story:
        if missed["op"] != "inquiry" or entry["op"] != "inquiry" or entry["seq"] <= missed["seq"]:
            continue
        is_right = entry["outcome"] == "ok" or entry["rule"] == "inquiry_lags"
        if is_right or _question(entry) in asked:
            return is_right and _question(entry) not in asked
        asked.add(_question(entry))
    return False


def _two_days(story: list[Row]) -> set[str]:
    """The Korean days of a payment around midnight; empty for any other. The shop begins a moment before the window."""
    opened = [datetime.fromisoformat(entry["at"]) for entry in story if entry["effect"] == "opened"]
    charged = [datetime.fromisoformat(entry["at"]) for entry in story if entry["effect"] == "charged" and opened]
    days = {f"{moment:%Y%m%d}" for moment in (*charged, *(moment - timedelta(minutes=1) for moment in opened))}
    return days if len(days) > 1 else set()


def _question(entry: Row) -> tuple[str, str]:
    return _asked(entry, "PCD_PAY_TYPE"), _asked(entry, "PCD_PAY_DATE")


def _asked(entry: Row, name: str) -> str:
    return str(entry["asked"].get(name, ""))


def conserved(books: Books) -> Findings:
    """I20: every won that stands at the gateway is revenue or on the desk."""
    known = [oid for oid in books.charged if books.is_known(oid)]
    standing = sum(books.standing(oid) for oid in known)
    revenue = sum(line["amount"] - line["refunded"] for line in books.seen.lines if _is_settled(books, line))
    on_desk = sum(
        books.standing(oid)
        for oid in known
        if books.is_on_desk(oid) and not (books.is_attached(oid) and _is_settled(books, books.line_of[oid]))
    )
    if standing != revenue + on_desk:
        told = f"{standing} won stand at the gateway, {revenue} won are revenue, {on_desk} won are on the desk"
        yield "all", f"{told}: {standing - revenue - on_desk:+} won"


def _is_settled(books: Books, line: Row) -> bool:
    """Whether a line is revenue: paid, and no refund of it waits for a person."""
    return line["state"] == "paid" and not (line["refund_unknown"] and line["order_no"] in books.on_desk)


ALWAYS: dict[str, tuple[Rule, ...]] = {
    "I3": (confirmed_in_turn,),
    "I5": (not_over_refunded,),
    "I6": (never_refunded_more,),
    "I7": (refunded_once,),
    "I9": (stock_stays_real,),
    "I10": (history_is_a_path,),
    "I11": (nobody_else_heard,),
    "I13": (tokens_used_right, numbers_are_new),
    "I14": (confirmed_once,),
    "I17": (nothing_missed,),
}
QUIET: dict[str, tuple[Rule, ...]] = {
    "I1": (paid_once, shown_as_kept),
    "I2": (accounted_for, desk_is_right),
    "I3": (standing_once, one_order_per_number),
    "I4": (priced_right,),
    "I6": (refunded_alike,),
    "I8": (receipts_cover, receipts_stay),
    "I9": (stock_adds_up,),
    "I16": (nothing_waits,),
    "I20": (conserved,),
}
