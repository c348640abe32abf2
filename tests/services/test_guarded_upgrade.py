"""A shop that is older than its guards: an upgrade records what is there."""

import pytest
from flask_migrate import downgrade, upgrade
from sqlalchemy import text

from shop.db import db
from shop.services import recording, sweep
from shop.states import OrderState
from shop.views.shop import client
from tests import world as worlds
from tests.services.on_the_way import reword
from tests.services.test_late_contradictions import expired_with_wrong_money
from tests.services.test_refunding import paid_order, refund
from tests.tools import guards
from tests.world import World


def forget_the_proofs() -> None:
    """Entries as they were before this revision: an event, and no figures."""
    with db.engine.begin() as connection:
        connection.execute(text("UPDATE journal SET evidence = '{}'"))


@pytest.mark.both_engines
def test_an_older_shop_goes_on_after_the_upgrade(world: World) -> None:
    order_no = paid_order(world, method="transfer")
    refund(world, order_no, 4_000)
    world.browser().place_order()
    late_no, attempt_no, _slug = expired_with_wrong_money(world)
    before = guards.all_of_them()
    db.session.remove()

    downgrade(revision="0001")
    assert guards.all_of_them() == {}
    db.session.remove()
    forget_the_proofs()
    upgrade()

    assert guards.all_of_them() == before
    refund(world, order_no, 1_000)
    recording.close_attention(attempt_no, by="kim", now=worlds.now())
    sweep.run(client(), now=worlds.now())
    assert world.order(late_no).state is OrderState.EXPIRED


@pytest.mark.both_engines
def test_an_upgrade_takes_odd_sums_over_from_the_journal(world: World) -> None:
    plain = paid_order(world)
    real = b'"PCD_PAY_AMOUNT_REAL":'
    reword(world, "PayCardConfirmAct", lambda response: response.content.replace(real, real + b'"9900", "WAS":'))
    odd = paid_order(world)
    assert [world.order(order_no).attempts[0].odd_sums for order_no in (odd, plain)] == [True, False]
    db.session.remove()

    downgrade(revision="0007")
    upgrade()

    assert [world.order(order_no).attempts[0].odd_sums for order_no in (odd, plain)] == [True, False]
