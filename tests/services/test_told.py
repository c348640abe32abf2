"""An answer that is chattier than documented must not stop a settlement after the charge."""

import pytest

from shop.graph import Proof
from shop.payple import CardPayment, Method, PaymentFound
from shop.policy import Asked, judge
from shop.services import recording
from shop.services.attempt_facts import facts_of
from shop.states import AttemptState, Source
from tests import world as worlds
from tests.services.test_settlement import begin
from tests.world import World


@pytest.mark.both_engines
def test_an_answer_with_values_larger_than_their_columns_still_settles(world: World) -> None:
    _buyer, _order_no, attempt_no, _fields = begin(world)
    facts = facts_of(world.attempt(attempt_no))
    card = CardPayment(
        "카드" * 200, "9" * 500, 9_999_999_999, "key" * 100, "no" * 100, "https://slip.example/" + "a" * 900
    )
    found = PaymentFound(attempt_no, Method.CARD, 1000, worlds.now(), message="말" * 900, card=card)

    recording.record(
        facts, judge(Asked(attempt_no, 1000, Method.CARD), found, Proof.INQUIRY), source=Source.SWEEP, now=worlds.now()
    )

    attempt = world.attempt(attempt_no)
    assert (attempt.state, attempt.instalment_months) == (AttemptState.PAID, 99)
    assert len(attempt.card_issuer) == 40
