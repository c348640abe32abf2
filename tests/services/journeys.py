"""Journeys that together walk the whole state graph: each does what buyers, banks, staff and bad luck do."""

from collections.abc import Callable
from datetime import timedelta

from shop import graph, policy
from shop.db import db
from shop.extensions import client
from shop.graph import Proof
from shop.money import Won
from shop.payple import Claim, PaymentFound
from shop.policy import Verdict
from shop.services import cash_receipts, journal, recording, refund_decisions, refunding, sweep
from shop.services.attempt_facts import AttemptFacts, facts_of
from shop.services.refunding import RefundWish
from shop.states import AttemptState, OrderState, RefundState, Source
from tests import world as worlds
from tests.services.on_the_way import meanwhile
from tests.services.test_cash_receipts import issue, plain_transfer
from tests.services.test_late_contradictions import expired_with_wrong_money
from tests.services.test_late_receipts import Charged
from tests.services.test_orphaned_receipts import charged_before_its_receipt
from tests.services.test_refunding import charged_and_partly_cancelled, paid_order, refund
from tests.services.test_seams import decide_too_early, give_up_dead
from tests.services.test_settlement import begin, changed
from tests.world import World


def facts_about(world: World, attempt_no: str) -> AttemptFacts:
    return facts_of(world.attempt(attempt_no))


def sweep_after(world: World, **units: float) -> None:
    """The sweep is a program of its own: it reads the database afresh."""
    world.advance(**units)
    db.session.rollback()
    sweep.run(client(), now=worlds.now())


def refunded_in_parts(world: World) -> None:
    order_no = paid_order(world, method="transfer")
    refund(world, order_no, 4_000)
    refund(world, order_no, 6_000)
    refund(world, paid_order(world), 10_000)


def refused_by_the_bank(world: World) -> None:
    buyer, order_no, _attempt_no, fields = begin(world)
    claim = world.payer().pay(fields, scenario="balance")
    world.deliver(changed(claim, PAY_REQKEY="forged"))
    world.deliver(claim)
    world.fault("auth", "http_500")
    buyer.start_attempt(order_no, status=502)


def lost_confirms(world: World) -> None:
    for phase in ("before", "after"):
        _buyer, _order_no, _attempt_no, fields = begin(world)
        claim = world.payer().pay(fields)
        world.fault("confirm", "lost_answer", phase=phase)
        world.deliver(claim)
    sweep_after(world, minutes=10)
    sweep_after(world, hours=2)


def a_worker_that_died_while_confirming(world: World) -> None:
    """Once the gateway had charged, once it had not, and once what it charged was wrong."""
    for answer in ("paid", "nothing", "wrong"):
        _buyer, _order_no, attempt_no, fields = begin(world)
        claim = world.payer().pay(fields)
        facts = facts_about(world, attempt_no)
        assert recording.begin_confirm(facts, Claim.from_wire(claim), source=Source.BROWSER, now=worlds.now())
        if answer != "nothing":
            client().confirm(Claim.from_wire(claim), about=attempt_no)
        if answer == "wrong":
            world.fault("inquiry", "other_amount")
        sweep_after(world, minutes=61)


def pay_windows(world: World) -> None:
    """Found, lost, closed, twice, and given up."""
    buyer, order_no, _first, fields = begin(world, work="PAY")
    second = buyer.start_attempt(order_no, work="PAY")
    world.deliver(world.payer().pay(fields))
    world.deliver(world.payer().pay(second["fields"]))
    for ending in (world.payer().pay, world.payer().close):
        _buyer, _order_no, _attempt_no, fields = begin(world, work="PAY")
        claim = ending(fields)
        world.fault("inquiry", "lost_answer")
        world.deliver(claim)
        sweep_after(world, seconds=6)
    _buyer, _order_no, _attempt_no, fields = begin(world, work="PAY")
    world.fault("inquiry", "lost_answer")
    world.deliver(world.payer().close(fields))
    sweep_after(world, hours=3)


def money_that_does_not_fit(world: World) -> None:
    buyer = world.browser()
    order_no = buyer.place_order(quantity=11)
    opening = buyer.start_attempt(order_no)
    world.deliver(changed(world.payer().pay(opening["fields"] | {"PCD_PAY_TOTAL": "1000"}), PAY_TOTAL="11000"))
    recording.close_attention(opening["attempt_no"], by="kim", now=worlds.now())
    world.deliver(world.payer().pay(buyer.start_attempt(order_no)["fields"]))
    _order_no, attempt_no, _slug = expired_with_wrong_money(world)
    recording.close_attention(attempt_no, by="kim", now=worlds.now())


def two_windows_of_which_one_does_not_fit(world: World) -> None:
    """The other one pays; or is asked about without an answer, while a person closes the first."""
    for inquiry_is_lost in (False, True):
        buyer = world.browser()
        order_no = buyer.place_order(quantity=11)
        first, second = (buyer.start_attempt(order_no, work="PAY", method="transfer", cash_receipt="y") for _ in "12")
        world.deliver(world.payer().pay(first["fields"] | {"PCD_PAY_TOTAL": "1000"}))
        assert world.order(order_no).state is OrderState.ATTENTION
        claim = world.payer().pay(second["fields"])
        if inquiry_is_lost:
            world.fault("inquiry", "lost_answer")
        world.deliver(claim)
        if inquiry_is_lost:
            recording.close_attention(first["attempt_no"], by="kim", now=worlds.now())
            assert world.order(order_no).state is OrderState.CHECKING


def money_that_comes_late(world: World) -> None:
    _buyer, order_no, _attempt_no, fields = begin(world, work="PAY")
    world.control("POST", "policy", {"inquiry_lag_seconds": 4000})
    claim = world.payer().pay(fields)
    sweep_after(world, minutes=61)
    assert world.order(order_no).state is OrderState.EXPIRED
    world.control("POST", "policy", {"inquiry_lag_seconds": 0})
    world.deliver(claim)
    assert world.order(order_no).state is OrderState.PAID


def lost_refunds(world: World) -> None:
    for amount, decision in ((10_000, None), (4_000, True), (4_000, False)):
        order_no = paid_order(world, method="transfer")
        world.fault("cancel", "lost_answer", phase="before")
        lost = refund(world, order_no, amount)
        assert lost.state is RefundState.UNKNOWN
        if decision is not None:
            refund_decisions.decide(lost.id, was_refunded=decision, by="lee", now=worlds.now())
    world.fault("cancel", "refused", phase="before")
    sweep_after(world, seconds=10)
    world.fault("auth", "http_500", phase="before", times=20)
    sweep_after(world, hours=2)
    world.control("DELETE", "faults")
    sweep_after(world, hours=4)


def refunds_that_are_not_sent(world: World) -> None:
    order_no = paid_order(world)
    world.fault("auth", "http_500")
    refund(world, order_no, 4_000)
    world.fault("cancel", "refused", phase="before")
    refund(world, order_no, 4_000)
    wish = RefundWish(Won(1_000), Won(10_000), "변심", "never-sent")
    refunding._reserve(order_no, wish, "kim", worlds.now())
    sweep_after(world, minutes=2)


def an_orphan_that_cannot_be_sent_at_once(world: World) -> None:
    buyer, order_no, _first, fields = begin(world, work="PAY")
    second = buyer.start_attempt(order_no, work="PAY")
    world.deliver(world.payer().pay(fields))
    claim = world.payer().pay(second["fields"])
    facts = facts_about(world, second["attempt_no"])
    found = client().inquire(facts.attempt_no, worlds.korea_now().date(), facts.asked.method, about=facts.attempt_no)
    assert claim
    assert found is not None
    verdict = policy.judge(facts.asked, found, Proof.INQUIRY)
    assert recording.record(facts, verdict, source=Source.SWEEP, now=worlds.now())
    world.fault("auth", "http_500")
    sweep_after(world, seconds=1)
    sweep_after(world, hours=1)


def receipts(world: World) -> None:
    issue(world, plain_transfer(world))
    cash_receipts.cancel(paid_order(world, method="transfer"), by="kim", client=client(), now=worlds.now())
    for op, kind in (("auth", "http_500"), ("receipt_issue", "refused")):
        order_no = plain_transfer(world)
        world.fault(op, kind, phase="before")
        issue(world, order_no)
    order_no = plain_transfer(world)
    world.fault("receipt_issue", "lost_answer", phase="after")
    issue(world, order_no)
    sweep_after(world, hours=2)


def a_yes_that_comes_after_the_sweep_gave_its_worker_up(world: World) -> None:
    order_no = paid_order(world)
    meanwhile(world, "cPayCAct", lambda: give_up_dead(worlds.now() + timedelta(hours=1)))
    assert refund(world, order_no, 4_000).state is RefundState.DONE


def a_no_that_comes_after_the_sweep_gave_its_worker_up(world: World) -> None:
    for op, kind, path in (("cancel", "refused", "cPayCAct"), ("auth", "http_500", "auth.php")):
        order_no = paid_order(world)
        world.fault(op, kind, phase="before")
        meanwhile(world, path, lambda: give_up_dead(worlds.now() + timedelta(hours=1)))
        refund(world, order_no, 4_000)


def a_yes_that_comes_after_a_person_has_said_no(world: World) -> None:
    order_no = paid_order(world)
    meanwhile(world, "cPayCAct", lambda: decide_too_early(world, order_no))
    assert refund(world, order_no, 4_000).state is RefundState.DONE


def receipts_that_a_refund_leaves_behind(world: World) -> None:
    world.control("POST", "policy", {"receipt_on_refund": "fail"})
    order_no = paid_order(world, method="transfer")
    refund(world, order_no, 4_000)
    refund(world, order_no, 1_000)
    world.fault("receipt_cancel", "unknown_outcome")
    sweep_after(world, days=1, hours=10)
    sweep_after(world, days=1)


def a_receipt_of_which_only_the_answer_to_a_cancel_tells(world: World) -> None:
    world.control("POST", "policy", {"receipt_on_refund": "fail"})
    _order_no, go_on = charged_before_its_receipt(world)
    go_on()
    sweep_after(world, minutes=2)
    sweep_after(world, days=1, hours=10)


def money_that_was_partly_returned_at_the_gateway(world: World) -> None:
    charged_and_partly_cancelled(world, 3_000)


def a_receipt_asked_for_after_the_charge(world: World) -> None:
    """Found late; found after a refund that did not know of it; not asked for at all."""
    for amount in (0, 4_000):
        world.control("POST", "policy", {"receipt_on_refund": "fail"})
        charged = Charged(world)
        charged.settle_early()
        charged.finish()
        if amount:
            world.fault("inquiry", "lost_answer")
            refund(world, charged.order_no, amount)
        charged.sweep(minutes=1)
        charged.sweep(days=1, hours=10)
    skipped = Charged(world)
    world.deliver(skipped.skip())
    skipped.sweep(hours=1)


def answers_at_any_time(world: World) -> None:
    """Each answer about an attempt, in each state in which it may come, however unlikely: workers can be that slow.

    The rows are put there by hand, and so is what the gateway says.
    """
    slug = worlds.scarce_product(world, 5)
    for (before, after), proofs in graph.ATTEMPT.edges.items():
        for proof in proofs - {Proof.INTENT, Proof.STAFF}:
            assert answer(world, slug, before, after, proof), (before, after, proof)


def answer(world: World, slug: str, before: AttemptState, after: AttemptState, proof: Proof) -> bool:
    """Whether this answer walks this edge."""
    worlds.set_stock(slug, 5)
    buyer = world.browser()
    order_no = buyer.place_order(slug, 1)
    facts = facts_about(world, buyer.start_attempt(order_no)["attempt_no"])
    attempt = world.attempt(facts.attempt_no)
    goods_are_gone = after is AttemptState.ORPHANED
    attempt.state, attempt.confirming_at = before, worlds.now()
    attempt.order.state = policy.order_state([before], expired=goods_are_gone)
    attempt.order.released_at = worlds.now() if goods_are_gone else None
    for row in (attempt.order, attempt):
        journal.note("state_recorded", at=worlds.now(), order=attempt.order, source=Source.SHOP, row=row)
    db.session.commit()
    if goods_are_gone:
        worlds.set_stock(slug, 0)
    said = AttemptState.PAID if goods_are_gone else after
    tells = proof in (Proof.CONFIRM, Proof.INQUIRY) and said in (AttemptState.PAID, AttemptState.ATTENTION)
    found = PaymentFound(facts.attempt_no, facts.asked.method, facts.asked.amount, worlds.now()) if tells else None
    recording.record(facts, Verdict(said, proof, found=found), source=Source.SWEEP, now=worlds.now())
    return world.attempt(facts.attempt_no).state is after


JOURNEYS: list[Callable[[World], None]] = [
    refunded_in_parts,
    refused_by_the_bank,
    lost_confirms,
    a_worker_that_died_while_confirming,
    pay_windows,
    money_that_does_not_fit,
    two_windows_of_which_one_does_not_fit,
    money_that_comes_late,
    lost_refunds,
    refunds_that_are_not_sent,
    an_orphan_that_cannot_be_sent_at_once,
    receipts,
    a_yes_that_comes_after_the_sweep_gave_its_worker_up,
    a_no_that_comes_after_the_sweep_gave_its_worker_up,
    a_yes_that_comes_after_a_person_has_said_no,
    receipts_that_a_refund_leaves_behind,
    a_receipt_of_which_only_the_answer_to_a_cancel_tells,
    money_that_was_partly_returned_at_the_gateway,
    a_receipt_asked_for_after_the_charge,
    answers_at_any_time,
]
