"""Reconciliation looks at cash receipts, too: of every payment that was charged, and by amount where that is told."""

import json

import pytest
import requests
from sqlalchemy import select

from shop.db import db
from shop.models import CashReceipt
from shop.states import CashReceiptState
from tests import world as worlds
from tests.services.on_the_way import reword
from tests.services.test_cash_receipts import covered, states
from tests.services.test_orphaned_receipts import wrong_amount
from tests.services.test_receipts_owed import due_again, sweep_after
from tests.services.test_reconciling import ended, found, repair
from tests.world import World


def forget_receipts(*, keep: int = 0) -> None:
    """Lose our rows; ``keep`` is what we believe instead to be covered, in won."""
    receipt = db.session.scalars(select(CashReceipt)).one()
    facts = {"order_id": receipt.order_id, "attempt_id": receipt.attempt_id, "amount": keep}
    db.session.delete(receipt)
    db.session.flush()
    if keep:
        stands = {"state": CashReceiptState.ISSUED, "created_at": worlds.now(), "issued_at": worlds.now()}
        db.session.add(CashReceipt(**stands, **facts))
    db.session.commit()


@pytest.mark.parametrize("work", ["CERT", "PAY"])
def test_a_receipt_of_money_that_went_back_is_found_and_cancelled(world: World, work: str) -> None:
    world.control("POST", "policy", {"receipt_on_refund": "fail"})
    order_no, _attempt_no = wrong_amount(world, work)
    forget_receipts()

    assert found(world) == [("receipt", "-", "issued")]
    assert ended(repair(world)) == ("repaired", "kim")
    assert states(world, order_no) == [("cancel_due", 1_000)]
    sweep_after(world, days=1, hours=10)

    assert (states(world, order_no), covered(world, order_no)) == ([("cancelled", 1_000)], 0)
    assert found(world) == []


@pytest.mark.both_engines
@pytest.mark.parametrize("amount", [4_000, 10_000])
def test_a_receipt_that_is_found_covers_what_it_covers_and_is_put_right(world: World, amount: int) -> None:
    order_no = due_again(world, amount)
    forget_receipts()

    assert found(world) == [("receipt", "-", "issued")]
    repair(world)
    assert states(world, order_no) == [("cancel_due", 10_000)]
    sweep_after(world, days=1, hours=10)

    assert covered(world, order_no) == 10_000 - amount
    assert found(world) == []


def test_a_receipt_for_another_amount_is_found_where_the_answer_tells_it(world: World) -> None:
    order_no = due_again(world, 4_000)
    forget_receipts(keep=6_000)
    assert found(world) == []
    let_inquiries_tell_amounts(world)

    assert found(world) == [("receipt", "issued 6000", "issued 10000")]
    assert ended(repair(world)) == ("repaired", "kim")
    assert states(world, order_no) == [("cancel_due", 10_000)]
    sweep_after(world, days=1, hours=10)

    assert (states(world, order_no)[-1], covered(world, order_no)) == (("issued", 6_000), 6_000)
    assert found(world) == []


def let_inquiries_tell_amounts(world: World) -> None:
    """No document says that they do, so the simulator does not: its own books are put into its answers here."""

    def chattier(response: requests.Response) -> bytes:
        [payment] = [row for row in world.control("GET", "payments") if row["oid"] in response.text]
        return json.dumps(response.json() | {"PCD_TAXSAVE_AMOUNT": str(payment["cash_receipt_amount"])}).encode()

    reword(world, "PayChkAct", chattier)
