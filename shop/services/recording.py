"""Write what the gateway's answers mean. The only module that decides the state of an attempt or of an order.

Every change is one edge of the graph, walked by one conditional update, and one journal entry in one transaction, with
the order locked, so it does not matter how often, in which order or from how many places the same news arrives.
"""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from shop import graph, policy
from shop.db import db, transaction
from shop.errors import NotFound, OutOfStock
from shop.graph import Proof
from shop.models import Attempt, Order, Refund
from shop.payple import Claim, Work
from shop.policy import Verdict
from shop.services import claim_keys, journal, moving, ordering, told
from shop.services.attempt_facts import AttemptFacts
from shop.services.moving import Step
from shop.states import HOLDING, AttemptState, OrderState, RefundState, Source


def note_claim(facts: AttemptFacts, claim: Claim, refused: str, *, source: Source, now: datetime) -> None:
    """Remember what was claimed, as a claim. News that an inquiry can judge makes us ask at once, a few times."""
    with transaction():
        attempt = locked_attempt(facts)
        if attempt.state is not AttemptState.PREPARED and attempt.state not in policy.LATE:
            return
        if attempt.state in policy.LATE and attempt.inquiries >= policy.MOST_CLAIMED_INQUIRIES:
            return  # it would start nothing, and the journal is for ever
        news = (claim.result, claim.code[:20], refused)
        if news == (attempt.claim_result, attempt.claim_code, attempt.claim_refused) and attempt.claimed_at:
            return
        attempt.claimed_at = now
        attempt.claim_result, attempt.claim_code, attempt.claim_refused = news
        attempt.claim_account_kind = claim.account_kind
        asks = facts.work is Work.PAY or bool(refused) or attempt.state in policy.LATE
        if asks and journal.count("claim", facts.attempt_no) < policy.MOST_CLAIMED_INQUIRIES:
            attempt.next_inquiry_at = now
        journal.note(
            "claim",
            at=now,
            order=attempt.order,
            attempt_no=facts.attempt_no,
            source=source,
            row=attempt,
            evidence={"result": claim.result, "code": claim.code[:20], "refused": refused},
        )


def begin_confirm(facts: AttemptFacts, claim: Claim, *, source: Source, now: datetime) -> bool:
    """Commit the intent to confirm. False: another attempt holds the order, it is too late, or the keys were tried."""
    try:
        with transaction():
            return _begin(locked_attempt(facts), facts, claim, source=source, now=now)
    except IntegrityError:  # the index that admits one holding attempt per order, or one try per pair of keys
        return False


def begin_kept(facts: AttemptFacts, *, source: Source, now: datetime) -> Claim | None:
    """Commit the intent to confirm with keys that have waited for a confirm which blamed its own; None: there are none.

    Taken and begun in one transaction, so that nobody can come between. Any other ending leaves nothing to try.
    """
    try:
        with transaction():
            attempt = locked_attempt(facts)
            if attempt.state is AttemptState.PREPARED:
                while (claim := claim_keys.take_kept(facts.id)) is not None:
                    if _begin(attempt, facts, claim, source=source, now=now):
                        return claim
            elif attempt.state is not AttemptState.CONFIRMING:
                claim_keys.drop_kept(facts.id)
            return None
    except IntegrityError:  # as above
        return None


def _begin(attempt: Attempt, facts: AttemptFacts, claim: Claim, *, source: Source, now: datetime) -> bool:
    if attempt.order.state is not OrderState.AWAITING_PAYMENT or now > facts.deadline_at:
        return False
    if attempt.state is not AttemptState.PREPARED or not claim_keys.may_try(facts.id, claim):
        return False
    waits = {"confirming_at": now, "next_inquiry_at": now + policy.CONFIRM_PATIENCE}
    step = moving.move(attempt, AttemptState.CONFIRMING, Proof.INTENT, **waits)
    claim_keys.mark_tried(facts.id, claim)
    _note(attempt, "confirming", step, source=source, now=now)
    return True


def keep_claim(facts: AttemptFacts, claim: Claim, *, source: Source, now: datetime) -> bool:
    """Let a claim wait for the confirm that is under way, whose keys may be forged. False: none is under way."""
    with transaction():
        attempt = locked_attempt(facts)
        if attempt.state is not AttemptState.CONFIRMING:
            return False
        if claim_keys.keep(facts.id, claim, now):
            evidence = {"result": claim.result, "code": claim.code[:20], "waits": True}
            journal.note(
                "claim", at=now, order=attempt.order, attempt_no=facts.attempt_no, source=source, evidence=evidence
            )
        return True


def record(
    facts: AttemptFacts, verdict: Verdict, *, source: Source, now: datetime, unused: Claim | None = None
) -> bool:
    """Write a verdict once. False: the attempt had already moved on, and stays as it is.

    ``unused`` is a claim whose keys never left this machine: they may be tried again.
    """
    with transaction():
        attempt = locked_attempt(facts)
        if not graph.ATTEMPT.allows(attempt.state, verdict.state, verdict.proof):
            return False
        state = _place_for(attempt, verdict.state)
        if state is None:
            return False
        step = moving.move(attempt, state, verdict.proof, **told.told(facts, state, verdict, now))
        if unused:
            claim_keys.forget(facts.id, unused)
        _note(attempt, state.value, step, source=source, now=now, evidence=told.evidence(verdict))
        if state is AttemptState.PAID:
            told.keep_receipt(attempt, verdict, source=source, now=now)
        if state in policy.UNPLACED and verdict.found and policy.one_answer_is_enough(facts.asked, verdict.found):
            told.owe_orphan(attempt, verdict, now)
        return True


def owe_return(facts: AttemptFacts, verdict: Verdict, *, source: Source, now: datetime) -> bool:
    """Money that no order takes turned up at the gateway: it goes back. False: it is on its way, or has an order."""
    with transaction():
        attempt = locked_attempt(facts)
        db.session.refresh(attempt)
        if attempt.state not in policy.UNPLACED or attempt.refunds:
            return False
        known = told.told(facts, attempt.state, verdict, now) | {"next_inquiry_at": None, "odd_sums": False}
        for name, value in known.items():
            setattr(attempt, name, value)
        _note(attempt, "charge_known", None, source=source, now=now, evidence=told.evidence(verdict))
        told.owe_orphan(attempt, verdict, now)
        return True


def close_attention(attempt_no: str, *, by: str, now: datetime) -> None:
    """A person has looked at a contradictory answer: its money is an orphan's, and the order goes on without it.

    Where no money of its own was found, the gateway is asked about it again, now and for another day.

    :raises NotFound: no such attempt is waiting for a person
    """
    with transaction():
        attempt = db.session.scalar(select(Attempt).where(Attempt.attempt_no == attempt_no))
        if attempt is None:
            raise NotFound
        lock_order(attempt.order_id)
        db.session.refresh(attempt)
        if attempt.state is not AttemptState.ATTENTION:
            raise NotFound
        search = {} if attempt.refunds else {"next_inquiry_at": now, "inquiries": 0}
        step = moving.move(attempt, AttemptState.ORPHANED, Proof.STAFF, **search)
        _note(attempt, "attention_closed", step, source=Source.STAFF, now=now, evidence={"by": by})


def expire_order(order_id: int, *, source: Source, now: datetime) -> bool:
    """Give up an unpaid order and return its stock, once the gateway was asked about each of its windows."""
    with transaction():
        order = lock_order(order_id)
        if order.state is not OrderState.AWAITING_PAYMENT or now < order.expires_at:
            return False
        if any(attempt.state is AttemptState.PREPARED for attempt in order.attempts):
            return False
        step = moving.move(order, OrderState.EXPIRED, Proof.DEADLINE, released_at=now)
        ordering.give_stock_back(order.lines)
        journal.note("order_expired", at=now, order=order, source=source, row=order, step=step)
        return True


def lock_order(order_id: int) -> Order:
    """The order, held until the transaction ends: everything about one order happens one after the other."""
    return db.session.scalars(select(Order).where(Order.id == order_id).with_for_update()).one()


def lock_order_no(order_no: str) -> Order:
    """The same by its number.

    :raises NotFound: there is none
    """
    order = db.session.scalar(select(Order).where(Order.order_no == order_no).with_for_update())
    if order is None:
        raise NotFound
    return order


def locked_attempt(facts: AttemptFacts) -> Attempt:
    """The attempt, with its order held."""
    lock_order(facts.order_id)
    return db.session.get_one(Attempt, facts.id)


def _note(
    attempt: Attempt,
    event: str,
    step: Step | None,
    *,
    source: Source,
    now: datetime,
    evidence: dict[str, object] | None = None,
) -> None:
    """Let the order follow its attempt, and write down what both have become."""
    follow(attempt.order, Proof.ATTEMPT)
    journal.note(
        event,
        at=now,
        order=attempt.order,
        attempt_no=attempt.attempt_no,
        source=source,
        row=attempt,
        step=step,
        evidence=evidence,
    )


def follow(order: Order, proof: Proof) -> None:
    """Let the order show what its attempts and refunds have become."""
    query = select(Attempt.state, Attempt.amount, Attempt.charged_amount).where(Attempt.order_id == order.id)
    rows = db.session.execute(query).all()
    state = policy.order_state([row.state for row in rows], expired=order.released_at is not None)
    if state is OrderState.PAID:
        charged = sum(row.charged_amount or row.amount for row in rows if row.state is AttemptState.PAID)
        state = policy.refunded_state(charged, _refunded(order))
    if state is not order.state:
        taken_again = {"released_at": None} if state is OrderState.PAID else {}
        moving.move(order, state, proof, **taken_again)


def _refunded(order: Order) -> int:
    """Won that went back to the payer of this order."""
    done = (Refund.order_id == order.id, Refund.state == RefundState.DONE, Refund.requested_by != "")
    return db.session.scalar(select(func.coalesce(func.sum(Refund.amount), 0)).where(*done)) or 0


def _place_for(attempt: Attempt, state: AttemptState) -> AttemptState | None:
    """Where the attempt can go, given the others of its order; None: it stays what it is.

    Money for an order that another attempt holds, or whose goods are gone, is an orphan: it has to go back. What is
    not known about a second attempt needs no hold of its own: the order is blocked already, and we ask again.
    """
    if state not in HOLDING:
        return state
    held = select(Attempt.id).where(
        Attempt.order_id == attempt.order_id, Attempt.id != attempt.id, Attempt.state.in_(HOLDING)
    )
    if db.session.scalar(held.limit(1)) is not None:
        return AttemptState.ORPHANED if state is AttemptState.PAID else None
    if state is AttemptState.PAID and not _goods_are_there(attempt.order):
        return AttemptState.ORPHANED
    return state


def _goods_are_there(order: Order) -> bool:
    """Whether the goods are still reserved, or can be taken again after they had been given back."""
    if order.released_at is None:
        return True
    try:
        with db.session.begin_nested():
            ordering.take_stock(order.lines)
    except OutOfStock:
        return False
    return True
