"""Webhooks and look-ups of a cash receipt are counted apart."""

from shop.services import webhooks
from tests.postbox import Postbox
from tests.world import World


def test_webhooks_use_up_no_look_up_of_the_cash_receipt(world: World) -> None:
    postbox = Postbox.of(world)
    purchase = world.purchase(method="transfer", work="PAY", cash_receipt="y")
    window = purchase.open().approve()
    for _time in range(webhooks.MOST_PER_ATTEMPT):
        postbox.forge(purchase.attempt_no)
    world.sweep(seconds=6)
    assert (purchase.order.state, purchase.attempt.cash_receipt) == ("paid", None)

    world.deliver(window.ask_for_receipt().result or [])

    assert [receipt.state for receipt in purchase.attempt.cash_receipts] == ["issued"]
