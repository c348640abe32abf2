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
from shop.services import recording, refunding, told
from shop.services.attempt_facts import AttemptFacts
from shop.states import Source

log = logging.getLogger(__name__)


Asking = PaypleClient | Inquiries


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
    """Send what a verdict has made us owe; where it names a sum that we did not ask for, ask again first.

    False: no answer.
    """
    found = verdict.found
    if found is None or found.attempt_no != facts.attempt_no or told.can_owe(facts, found):
        refunding.send_due(client, now=now, order_id=facts.order_id)
        return True
    return search(facts, client, source=source, now=now, asking=asking)


def search(
    facts: AttemptFacts,
    client: PaypleClient,
    *,
    source: Source,
    now: datetime,
    asking: Inquiries | None = None,
    counts: bool = False,
) -> bool:
    """Money that no order takes and nobody returns yet: if the gateway has it, it goes back. False: no answer.

    ``counts``: an answer that there is none brings the end of the planned search nearer.
    """
    asking = asking or client.inquiries()
    try:
        found = inquire(facts, asking, now, thorough=True)
        is_sure = found is not None and _is_sure(facts, found, asking, now)
    except GatewayError as error:
        log.info("no answer about an attempt without a place: %s", error.code)
        return False
    if found is None and counts:
        recording.count_search(facts)
    elif found is not None and is_sure:
        verdict = policy.judge(facts.asked, found, Proof.INQUIRY)
        if recording.owe_return(facts, verdict, source=source, now=now):
            refunding.send_due(client, now=now, order_id=facts.order_id)
    return True


def _is_sure(facts: AttemptFacts, found: PaymentFound, asking: Asking, now: datetime) -> bool:
    """Whether what an answer names can be given back: it is what we asked for, or further answers name the same."""
    if found.attempt_no != facts.attempt_no:
        return False
    more = 0 if policy.is_our_sum(facts.asked, found) else policy.SAME_ANSWERS - 1
    return all(_names_alike(inquire(facts, asking, now, thorough=True), found) for _ in range(more))


def _names_alike(again: PaymentFound | None, found: PaymentFound) -> bool:
    named = (found.attempt_no, found.charged, found.refunded_amount)
    return again is not None and (again.attempt_no, again.charged, again.refunded_amount) == named
