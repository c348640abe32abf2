"""Settlement: where it is decided whether money has moved. Every trigger comes through here, and only here.

A result post, a callback, a webhook, a sweep and a look at the page all do the same: they make us ask the gateway.
What the browser or a webhook says is a claim; the answer to our own confirm or inquiry is the fact.

    hear(claim)  CERT: commit the intent, confirm, judge the answer, record the verdict
                 PAY:  inquire, judge, record
    look(...)    any open attempt: inquire, judge, record

Writing a verdict down is ``recording``'s; deciding what an answer means is ``policy``'s.
"""

import logging
from datetime import datetime
from functools import partial

from sqlalchemy import select

from shop import clock, policy
from shop.db import UNAVAILABLE, db, release, transaction
from shop.graph import Proof
from shop.models import Attempt, Order
from shop.payple import (
    Claim,
    GatewayError,
    Inquiries,
    NotSent,
    OutcomeUnknown,
    PaypleClient,
    Refused,
    UnknownEndpoint,
    Work,
    codes,
)
from shop.policy import Verdict
from shop.services import inquiry_turns, journal, keeping, late_receipts, recording, searching
from shop.services.attempt_facts import AttemptFacts, facts_of
from shop.states import AttemptState, OrderState, Source

log = logging.getLogger(__name__)


def hear(claim: Claim, client: PaypleClient, *, source: Source, now: datetime) -> str | None:
    """Take a claim as a reason to ask. Answers the number of the order it is about, or None if we never started it."""
    facts = _find(claim.attempt_no)
    if facts is None:
        log.info("a claim about an attempt that is not ours: no call was made")
        return None
    try:
        _follow_up(facts, claim, client, source=source, now=now)
    except UNAVAILABLE:  # nothing is lost: the page, a second delivery and the sweep ask again
        release()
        log.exception("a claim about %s waits for the database", facts.attempt_no)
    return facts.order_no


def _follow_up(facts: AttemptFacts, claim: Claim, client: PaypleClient, *, source: Source, now: datetime) -> None:
    """Note what is claimed, then ask: confirm what we may confirm, inquire about the rest."""
    if facts.state is AttemptState.PAID:  # what may still be news is a cash receipt
        look(facts.attempt_no, client, source=source, now=now)
        return
    doubt = _doubt(facts, claim, client)
    if facts.state is AttemptState.CONFIRMING and claim.is_success and not doubt:
        if recording.keep_claim(facts, claim, source=source, now=now):
            return
        facts = _find(facts.attempt_no) or facts
    if facts.state is not AttemptState.PREPARED and facts.state not in policy.LATE:
        return
    recording.note_claim(facts, claim, doubt, source=source, now=now)
    if facts.work is Work.CERT and facts.state is AttemptState.PREPARED and not doubt:
        if claim.is_success:
            _confirm_in_turn(facts, claim, client, source=source, now=now)
    else:
        look(facts.attempt_no, client, source=source, now=now)


def handle_webhook(claim: Claim, *, now: datetime) -> None:
    """Make the attempt that a webhook names due now, so that the next sweep inquires. Works a few times per attempt."""
    facts = _find(claim.attempt_no)
    if facts is None or facts.state in (AttemptState.PAID, AttemptState.ORPHANED):
        return
    with transaction():
        attempt = recording.locked_attempt(facts)
        if attempt.hints < policy.MOST_WEBHOOKS:
            attempt.hints += 1
            attempt.next_inquiry_at, attempt.inquiries = now, 0
            evidence = {"result": claim.result, "code": claim.code[:20], "amount": claim.amount}
            journal.note(
                "webhook",
                at=now,
                order=attempt.order,
                attempt_no=facts.attempt_no,
                source=Source.WEBHOOK,
                evidence=evidence,
            )


def order_no_of(attempt_no: str) -> str | None:
    """The order that an attempt belongs to, or None if we never started it. Asks nobody."""
    facts = _find(attempt_no)
    return facts.order_no if facts else None


def look(
    attempt_no: str, client: PaypleClient, *, source: Source, now: datetime, asking: Inquiries | None = None
) -> bool:
    """Ask the gateway what became of an attempt, if it is time to ask, and record what it says.

    ``asking`` asks about many under one authentication.
    False: the gateway did not answer, so that asking about others is better left for later.
    """
    facts = _find(attempt_no)
    if facts is None:
        return True
    if facts.state is AttemptState.PAID or facts.receipt_is_open:
        return late_receipts.look(facts, asking or client, source=source, now=now)
    if facts.state in policy.UNPLACED:
        is_due = inquiry_turns.lease_search(facts, now)
        return not is_due or searching.search(facts, client, source=source, now=now, asking=asking)
    return not inquiry_turns.lease_inquiry(facts, now) or _settle(facts, client, source=source, now=now, asking=asking)


def _settle(
    facts: AttemptFacts, client: PaypleClient, *, source: Source, now: datetime, asking: Inquiries | None
) -> bool:
    """Ask, judge, record, and do what follows from it. False: no answer, or it could not be written down."""
    watch = clock.Watch(now)
    try:
        found = searching.inquire(facts, asking or client, now)
    except GatewayError as error:
        _remember_doubt(facts, error, source=source, now=watch.now())
        return False
    if found is not None:
        verdict = policy.judge(facts.asked, found, Proof.INQUIRY)
        if not _record(facts, verdict, source=source, now=watch.now()):
            return False
        return searching.give_back(facts, verdict, client, source=source, now=watch.now(), asking=asking)
    state = policy.nothing_found(facts.state, facts.work, is_over=facts.is_over(now))
    if state is not None:
        recording.record(facts, Verdict(state, Proof.NOTHING_FOUND, asks_again=True), source=source, now=watch.now())
    return True


def look_at_order(order: Order, client: PaypleClient, *, now: datetime) -> None:
    """Somebody looks at the page of an order: ask about what is unanswered, and let it expire when its time is over.

    The page can be shown as long as its rows can be read, also while nothing can be written.
    """
    try:
        _look_at_order(order, client, now)
    except UNAVAILABLE:
        release()
        log.exception("an order is shown without asking the gateway, because the database takes no writes")


def _look_at_order(order: Order, client: PaypleClient, now: datetime) -> None:
    order_id, is_over = order.id, order.state is OrderState.AWAITING_PAYMENT and now >= order.expires_at
    waiting = [
        attempt
        for attempt in order.attempts
        if attempt.is_unanswered or attempt.awaits_receipt or attempt.is_abandoned(now)
    ]
    for attempt_no in [attempt.attempt_no for attempt in reversed(waiting)]:
        if not look(attempt_no, client, source=Source.PAGE, now=now):
            break
    if is_over:
        recording.expire_order(order_id, source=Source.PAGE, now=now)


def look_before_paying_again(order: Order, client: PaypleClient, *, now: datetime) -> None:
    """An earlier window may have charged at once without its result ever coming back: ask before opening another."""
    open_windows = [
        facts_of(attempt)
        for attempt in order.attempts
        if attempt.state is AttemptState.PREPARED and attempt.work is Work.PAY
    ]
    for facts in open_windows:
        inquiry_turns.ask_now(facts, now)
        if not look(facts.attempt_no, client, source=Source.PAGE, now=now):
            break


def look_at_once(attempt_no: str, client: PaypleClient, *, source: Source, now: datetime) -> None:
    """A person asks, or money has moved: whatever the schedule says, about what we gave up or gave no order too."""
    facts = _find(attempt_no)
    if facts is not None and facts.state in policy.UNPLACED:
        searching.search(facts, client, source=source, now=now)
    elif facts is not None:
        inquiry_turns.ask_at_once(facts, now)
        look(attempt_no, client, source=source, now=now)


def close(attempt_no: str, *, by: str, now: datetime) -> None:
    """A person has looked at an answer that fits no order: the order goes on without this attempt.

    :raises NotFound: no such attempt is waiting for a person
    """
    recording.close_attention(attempt_no, by=by, now=now)


def withdraw(attempt_no: str, error: GatewayError, *, now: datetime) -> None:
    """End an attempt whose window never opened, because the partner authentication failed."""
    facts = _find(attempt_no)
    if facts is not None:
        verdict = Verdict(AttemptState.EXPIRED, Proof.NOT_SENT, error.code, error.message)
        recording.record(facts, verdict, source=Source.PAGE, now=now)


def _find(attempt_no: str) -> AttemptFacts | None:
    """Read an attempt by our own number and let go of the database before anything else happens."""
    attempt = db.session.scalar(select(Attempt).where(Attempt.attempt_no == attempt_no)) if attempt_no else None
    facts = facts_of(attempt) if attempt else None
    release()
    return facts


def _doubt(facts: AttemptFacts, claim: Claim, client: PaypleClient) -> str:
    """Why this claim should not be confirmed: a courtesy that spares a charge which would have to be returned.

    The control is the judgement of the gateway's own answer; a claim that lies consistently passes here.
    """
    if not claim.is_success:
        return ""
    told = {
        "work": (claim.work, facts.work),
        "amount": (claim.amount, facts.asked.amount),
        "method": (claim.method, facts.asked.method),
    }
    changed = [name for name, (theirs, ours) in told.items() if theirs not in (None, ours)]
    if changed:
        return changed[0]
    return _doubtful_address(claim, client) if facts.work is Work.CERT else ""


def _doubtful_address(claim: Claim, client: PaypleClient) -> str:
    try:
        client.gateway.select_confirm(claim.confirm_url)
    except UnknownEndpoint:
        log.warning("a claim named a confirm address that is not the gateway's; it was not dialled")
        return "address"
    return ""


def _confirm_in_turn(facts: AttemptFacts, claim: Claim, client: PaypleClient, *, source: Source, now: datetime) -> None:
    """Confirm with these keys; if they were no good, with those that another claim brought meanwhile."""
    watch = clock.Watch(now)
    begun = claim if recording.begin_confirm(facts, claim, source=source, now=now) else None
    while begun is not None:
        _confirm(facts, begun, client, source=source, now=watch.now())
        begun = recording.begin_kept(facts, source=source, now=watch.now())


def _confirm(facts: AttemptFacts, claim: Claim, client: PaypleClient, *, source: Source, now: datetime) -> None:
    """The intent is committed: make the one call that charges, and record what it answered."""
    unused, watch = None, clock.Watch(now)
    try:
        verdict = policy.judge(facts.asked, client.confirm(claim, about=facts.attempt_no), Proof.CONFIRM)
    except NotSent as error:
        verdict, unused = Verdict(AttemptState.PREPARED, Proof.NOT_SENT, error.code, error.message), claim
    except OutcomeUnknown as error:
        verdict = Verdict(AttemptState.UNKNOWN, Proof.NO_ANSWER, error.code, error.message)
    except Refused as error:
        verdict = policy.after_refusal(error, blames_claim=_blames_claim(error, facts))
    if not _record(facts, verdict, source=source, now=watch.now(), unused=unused):
        return
    searching.give_back(facts, verdict, client, source=source, now=watch.now())
    charged = verdict.found.attempt_no if verdict.found else facts.attempt_no
    if charged != facts.attempt_no:  # the keys were another attempt's: its money has just moved
        look_at_once(charged, client, source=source, now=watch.now())


def _record(
    facts: AttemptFacts, verdict: Verdict, *, source: Source, now: datetime, unused: Claim | None = None
) -> bool:
    """Write the answer of a call down, also when the database is busy for a moment. False: it could not be kept."""
    write = partial(recording.record, facts, verdict, source=source, now=now, unused=unused)
    return keeping.keep(f"{facts.attempt_no} is {verdict.state.value} {verdict.code}".strip(), write)


def _blames_claim(refused: Refused, facts: AttemptFacts) -> bool:
    """Whether only the claim has failed: its keys are wrong, or they are another payment's."""
    known = codes.lookup(refused.code)
    is_of_another = refused.attempt_no not in ("", facts.attempt_no)
    return is_of_another or (known is not None and known.fault is codes.Fault.CLAIM)


def _remember_doubt(facts: AttemptFacts, error: GatewayError, *, source: Source, now: datetime) -> None:
    """No answer to our question.

    A claimed window that pays at once may be paid, so it blocks. What stays without an answer long after its time is
    over needs a person.
    """
    state = None
    if facts.state not in policy.LATE and facts.is_over(now) and facts.inquiries >= policy.MOST_UNANSWERED:
        state = AttemptState.ATTENTION
    elif facts.state is AttemptState.PREPARED and facts.is_claimed and facts.work is Work.PAY:
        state = AttemptState.UNKNOWN
    if state is not None:
        verdict = Verdict(state, Proof.NO_ANSWER, error.code, error.message)
        recording.record(facts, verdict, source=source, now=now)
