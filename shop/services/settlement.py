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

from sqlalchemy import select

from shop import clock, policy
from shop.db import db, release
from shop.models import Attempt, Order
from shop.payple import (
    Claim,
    GatewayError,
    NotSent,
    OutcomeUnknown,
    PaymentFound,
    PaypleClient,
    Refused,
    UnknownEndpoint,
    Work,
    codes,
)
from shop.policy import Verdict
from shop.services import recording
from shop.services.recording import AttemptFacts
from shop.states import AttemptState, OrderState, Source

log = logging.getLogger(__name__)


def hear(claim: Claim, client: PaypleClient, *, source: Source, now: datetime) -> str | None:
    """Take a claim as a reason to ask. Answers the number of the order it is about, or None if we never started it."""
    facts = _find(claim.attempt_no)
    if facts is None:
        log.info("a claim about an attempt that is not ours: no call was made")
        return None
    if facts.state is AttemptState.PREPARED:
        doubt = _doubt(facts, claim, client)
        recording.note_claim(facts, claim, doubt, source=source, now=now)
        if facts.work is Work.PAY:
            look(facts.attempt_no, client, source=source, now=now)
        elif claim.is_success and not doubt:
            _confirm(facts, claim, client, source=source, now=now)
    return facts.order_no


def look(attempt_no: str, client: PaypleClient, *, source: Source, now: datetime) -> None:
    """Ask the gateway what became of an open attempt, if it is time to ask, and record what it says."""
    facts = _find(attempt_no)
    if facts is None:
        return
    if facts.state is AttemptState.PREPARED and facts.work is Work.CERT:
        _expire(facts, source=source, now=now)
        return
    if not _may_have_paid(facts, now) or not recording.lease_inquiry(facts, now):
        return
    try:
        found = _inquire(facts, client, now)
    except GatewayError as error:
        _remember_doubt(facts, error, source=source, now=now)
        return
    if found is not None:
        recording.record(facts, policy.judge(facts.asked, found), source=source, now=now)
        return
    state = policy.nothing_found(facts.state, facts.work, facts.deadline_at, now)
    if state is not None:
        recording.record(facts, Verdict(state), source=source, now=now)


def look_at_order(order: Order, client: PaypleClient, *, now: datetime) -> None:
    """Somebody looks at the page of an order: ask about what is unanswered, and let it expire when its time is over."""
    order_id = order.id
    waiting = [attempt.attempt_no for attempt in order.attempts if attempt.is_unanswered]
    is_over = order.state is OrderState.AWAITING_PAYMENT and now >= order.expires_at
    for attempt_no in waiting:
        look(attempt_no, client, source=Source.PAGE, now=now)
    if is_over:
        recording.expire_order(order_id, source=Source.PAGE, now=now)


def withdraw(attempt_no: str, error: GatewayError, *, now: datetime) -> None:
    """End an attempt whose window never opened, because the partner authentication failed."""
    facts = _find(attempt_no)
    if facts is not None:
        verdict = Verdict(AttemptState.EXPIRED, error.code, error.message)
        recording.record(facts, verdict, source=Source.PAGE, now=now)


def _find(attempt_no: str) -> AttemptFacts | None:
    """Read an attempt by our own number and let go of the database before anything else happens."""
    attempt = db.session.scalar(select(Attempt).where(Attempt.attempt_no == attempt_no)) if attempt_no else None
    facts = recording.facts_of(attempt) if attempt else None
    release()
    return facts


def _doubt(facts: AttemptFacts, claim: Claim, client: PaypleClient) -> str:
    """Why this claim should not be confirmed: a courtesy that spares a charge which would have to be returned.

    The control is the judgement of the gateway's own answer; a claim that lies consistently passes here.
    """
    if not claim.is_success:
        return ""
    if claim.amount not in (None, facts.asked.amount):
        return "amount"
    if claim.method not in (None, facts.asked.method):
        return "method"
    if facts.work is Work.CERT:
        return _doubtful_address(claim, client)
    return ""


def _doubtful_address(claim: Claim, client: PaypleClient) -> str:
    try:
        client.gateway.select_confirm(claim.confirm_url)
    except UnknownEndpoint:
        log.warning("a claim named a confirm address that is not the gateway's; it was not dialled")
        return "address"
    return ""


def _confirm(facts: AttemptFacts, claim: Claim, client: PaypleClient, *, source: Source, now: datetime) -> None:
    """Commit the intent, make the one call that charges, and record what it answered."""
    if not recording.begin_confirm(facts, claim, source=source, now=now):
        return
    unused = None
    try:
        verdict = policy.judge(facts.asked, client.confirm(claim, about=facts.attempt_no))
    except NotSent as error:
        verdict, unused = Verdict(AttemptState.PREPARED, error.code, error.message), claim
    except OutcomeUnknown as error:
        verdict = Verdict(AttemptState.UNKNOWN, error.code, error.message)
    except Refused as error:
        verdict = policy.after_refusal(error, blames_claim=_blames_claim(error.code))
    recording.record(facts, verdict, source=source, now=now, unused=unused)


def _blames_claim(code: str) -> bool:
    known = codes.lookup(code)
    return known is not None and known.fault is codes.Fault.CLAIM


def _may_have_paid(facts: AttemptFacts, now: datetime) -> bool:
    """Whether there is something to ask: not of finished attempts, nor while our own confirm may be running."""
    if facts.state is AttemptState.CONFIRMING:
        return facts.confirming_at is None or now - facts.confirming_at > policy.CONFIRM_PATIENCE
    return facts.state in policy.OPEN


def _expire(facts: AttemptFacts, *, source: Source, now: datetime) -> None:
    """Without a confirm of ours no money can have moved, so nobody has to be asked."""
    if now > facts.deadline_at:
        recording.record(facts, Verdict(AttemptState.EXPIRED), source=source, now=now)


def _inquire(facts: AttemptFacts, client: PaypleClient, now: datetime) -> PaymentFound | None:
    """Ask for each day on which the payment may be filed: around midnight there are two."""
    days = policy.days_to_search(clock.korea_date(facts.started_at), clock.korea_date(now))
    for day in days:
        found = client.inquire(facts.attempt_no, day, facts.asked.method, about=facts.attempt_no)
        if found is not None:
            return found
    return None


def _remember_doubt(facts: AttemptFacts, error: GatewayError, *, source: Source, now: datetime) -> None:
    """A window that pays at once, a claim about it, and no answer to our question: it may be paid, so it blocks."""
    if facts.state is AttemptState.PREPARED and facts.is_claimed:
        verdict = Verdict(AttemptState.UNKNOWN, error.code, error.message)
        recording.record(facts, verdict, source=source, now=now)
