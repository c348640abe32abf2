"""After the faults: let time pass and sweep until nothing is under way, then ask the oracle.

The driver also plays the person: a partial refund whose answer was lost is looked up at the gateway and decided.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from tests.chaos import oracle, reading, storage
from tests.chaos.clockwork import INSTALL
from tests.chaos.evidence import Evidence, Placed
from tests.chaos.memory import Mark
from tests.chaos.report import Report
from tests.chaos.shop import Shop
from tests.chaos.stage import Stage, crowd

STEPS = (6, 10, 20, 60, 60, 120, 300, *[600] * 9, 3_600, *[6 * 3_600] * 20)
"""Shop seconds between two sweeps: small at first, because most things settle soon; five days and a half in all."""
ROUNDS = 40
PATIENCE = 900.0
"""Shop seconds that pass in any case."""
WAITING = ("reserved", "submitted", "unknown", "requested", "cancel_due")
MOVED = ("approved", "partially_cancelled")


def drain(
    stage: Stage,
    report: Report,
    mark: Mark,
    *,
    shop: Shop | None = None,
    stock: Mapping[str, Sequence[int]] | None = None,
) -> Evidence | None:
    """Bring a campaign to rest and write down every invariant that does not hold; what it was judged by.

    `stock` holds the looks at some shelves so far; the last one is made here.
    """
    shop = shop or stage.shop
    if not stage.can("clock"):
        report.not_run(f"the clock cannot be moved without libfaketime ({INSTALL})")
        return None
    shop.simulator.clear()
    shop.wait_until_healthy()
    orders = [order for order in stage.book.orders[mark.orders :] if order.shop == shop.name]
    _come_to_rest(stage, shop, report, mark, orders)
    shop.sweep()
    _look(stage, shop, orders)
    looks = {slug: [*seen, shop.stock(slug) or 0] for slug, seen in (stock or {}).items()}
    evidence = replace(stage.evidence(mark, shop), stock=looks)
    for breach in oracle.breaches(evidence, is_quiet=True):
        report.violation(breach.invariant, breach.text, stage.book.step_of(breach.order_no))
    for row in storage.rows_of(shop.database_url):
        stage.watch.search(row, f"the database: {row.partition(':')[0]}")
    collect(stage, report)
    return evidence


def collect(stage: Stage, report: Report) -> None:
    """What the watch has found in pages and logs since the last time."""
    for shop in stage.shops:
        stage.watch.read(shop.new_log(), f"log of {shop.name}")
    for invariant, text in stage.watch.take():
        report.violation(invariant, text)


def settle(shop: Shop) -> None:
    """Sweep at this moment until the gateway is asked nothing more."""
    shop.simulator.news()
    for _ in range(ROUNDS):
        shop.run_due()
        if not shop.simulator.news():
            return


def _come_to_rest(stage: Stage, shop: Shop, report: Report, mark: Mark, orders: list[Placed]) -> None:
    """Step by step; some things that a dead server has left behind are taken up only minutes later."""
    ours = {order.order_no for order in orders}
    for_people = {order.order_no for order in orders if order.is_for_desk}
    began, elapsed = time.monotonic(), 0.0
    waiting = _unsettled(shop, ours)
    for seconds in STEPS:
        settle(shop)
        still = _unsettled(shop, ours)
        for order_no in waiting - still:
            report.measure("convergence", elapsed)
            waiting.discard(order_no)
        if elapsed >= PATIENCE:
            _decide(stage, shop, mark)
            if not still and not _is_open(shop, ours - for_people) and not _unaccounted(stage, shop, mark):
                break
        stage.advance(seconds)
        elapsed += seconds
    for _ in waiting:
        report.measure("convergence", elapsed)
    report.measure("drain", time.monotonic() - began)


def _unsettled(shop: Shop, ours: set[str]) -> set[str]:
    """Orders whose payment is being checked."""
    return {order_no for order_no, _ in shop.rows("checking")} & ours


def _is_open(shop: Shop, ours: set[str]) -> bool:
    """Whether anything of ours still waits for time to pass: an unpaid order, a refund, a cash receipt."""
    if {order_no for order_no, _ in shop.rows("awaiting_payment")} & ours:
        return True
    return any(row.order_no in ours and row.kind != "attempt" and row.state in WAITING for row in shop.desk())


def _unaccounted(stage: Stage, shop: Shop, mark: Mark) -> bool:
    """Whether the gateway holds money that the shop may still hear of."""
    known = {line["attempt_no"]: line["state"] for line in shop.ledger()}
    beyond = stage.book.beyond_reach
    return any(
        payment["state"] in MOVED and known.get(payment["oid"]) not in ("paid", "attention")
        for payment in shop.simulator.payments()[mark.payments :]
        if payment["oid"] not in beyond
    )


def _decide(stage: Stage, shop: Shop, mark: Mark) -> None:
    """What a person does about lost refunds: look at the gateway's books, then press one of the two buttons."""
    if not any(row.kind == "refund" and row.state == "unknown" for row in shop.desk()):
        return
    unknown = [line for line in shop.ledger() if line["refund_unknown"]]
    payments = {payment["oid"]: payment for payment in shop.simulator.payments()}
    ours = {order.order_no for order in stage.book.orders[mark.orders :]}
    for line in unknown:
        if line["order_no"] in ours:
            moved = int(payments[line["attempt_no"]]["refunded_total"]) > int(line["refunded"])
            shop.decide(line["order_no"], refunded=moved)


def _look(stage: Stage, shop: Shop, orders: list[Placed]) -> None:
    """One more look at the page of each order, by its owner."""
    with stage.watch.session() as session:

        def look(order: Placed) -> None:
            cookies = "; ".join(f"{name}={value}" for name, value in stage.book.cookies_of(order.order_no).items())
            page = session.get(f"{shop.url}/orders/{order.order_no}", headers={"Cookie": cookies})
            order.note_state(reading.state(page.text) or _as_guest(stage, shop, order))

        crowd(look, orders, width=4)


def _as_guest(stage: Stage, shop: Shop, order: Placed) -> str:
    """By number and phone: the clocks may have run on for so long that its owner's cookie is over."""
    guest = stage.buyer(shop)
    guest.find(order.order_no, order.phone)
    return guest.look(order)
