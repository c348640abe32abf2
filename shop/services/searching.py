"""Ask the gateway what became of a payment, and look for money that no order takes: what it has goes back.

One answer is enough where it names the sum that we asked for. Any other sum goes back once several answers name it.
"""

import logging
from datetime import datetime
from itertools import product

from shop import clock, policy
from shop.graph import Proof
from shop.payple import GatewayError, Inquiries, Method, PaymentFound, PaypleClient
from shop.policy import Verdict
from shop.services import inquiry_turns, recording, refunding
from shop.services.attempt_facts import AttemptFacts
from shop.states import Source

Asking = PaypleClient | Inquiries
"""Either inquires; a batch shares one authentication and keeps the pace."""
log = logging.getLogger(__name__)


def inquire(facts: AttemptFacts, asking: Asking, now: datetime, *, thorough: bool = False) -> PaymentFound | None:
    """Ask for each day on which the payment may be filed: around midnight there are two.

    ``thorough``, if the browser may have changed the method, and before we give the attempt up: for either method.
    """
    days = policy.days_to_search(clock.korea_date(facts.started_at), clock.korea_date(now))
    thorough = thorough or facts.claim_refused == "method" or facts.is_over(now)
    methods = sorted(Method, key=lambda method: method is not facts.asked.method)[: 2 if thorough else 1]
    for method, day in product(methods, days):
        found = asking.inquire(facts.attempt_no, day, method, about=facts.attempt_no)
        if found is not None:
            return found
    return None


def give_back(
    facts: AttemptFacts,
    verdict: Verdict,
    client: PaypleClient,
    *,
    source: Source,
    now: datetime,
    asking: Inquiries | None = None,
) -> bool:
    """Send what a verdict has made us owe; where its sum is not the one we asked for, ask again first.

    False: no answer.
    """
    refunding.send_due(client, now=now, order_id=facts.order_id)
    found = verdict.found
    if found is None or found.attempt_no != facts.attempt_no or not inquiry_turns.wants_search(facts):
        return True
    return search(facts, client, source=source, now=now, asking=asking, heard=found)


def search(
    facts: AttemptFacts,
    client: PaypleClient,
    *,
    source: Source,
    now: datetime,
    asking: Inquiries | None = None,
    heard: PaymentFound | None = None,
) -> bool:
    """Money that no order takes and nobody returns yet: if the gateway has it, it goes back. False: no answer.

    ``heard`` is an answer of a moment ago, which the others have to be like.
    """
    watch = clock.Watch(now)
    try:
        answers = _ask_often(facts, asking or client.inquiries(), now)
    except GatewayError as error:
        log.info("no answer about an attempt without a place: %s", error.code)
        return False
    found = answers[0]
    if found is None:
        inquiry_turns.end_search(facts)
    elif found.attempt_no == facts.attempt_no and all(_are_alike(found, other) for other in (*answers, heard or found)):
        verdict = policy.judge(facts.asked, found, Proof.INQUIRY)
        if recording.owe_return(facts, verdict, source=source, now=watch.now()):
            refunding.send_due(client, now=watch.now(), order_id=facts.order_id)
    return True


def _ask_often(facts: AttemptFacts, asking: Inquiries, now: datetime) -> list[PaymentFound | None]:
    """Several answers in a row; one, if that says that there is nothing."""
    answers = [inquire(facts, asking, now, thorough=True)]
    while answers[-1] is not None and len(answers) < policy.SAME_ANSWERS:
        answers.append(inquire(facts, asking, now, thorough=True))
    return answers


def _are_alike(found: PaymentFound, other: PaymentFound | None) -> bool:
    """Whether two answers name the same money."""
    return other is not None and _named(found) == _named(other)


def _named(found: PaymentFound) -> tuple[str, int, int]:
    return found.attempt_no, found.charged, found.refunded_amount or 0
