"""The plan of a refund knows the cash receipt that the payer has asked for after the charge."""

from tests.page import PageClient
from tests.services.test_late_receipts import Charged
from tests.staff import PASSWORD, fields_of, plan
from tests.world import World


def test_the_plan_shows_the_receipt_that_nobody_had_told_of(world: World, officer: PageClient) -> None:
    charged = Charged(world)
    charged.settle_early()
    charged.finish()

    page = plan(officer, charged.order_no, amount="3,000")

    assert "10,000원 현금영수증이 7,000원으로 줄어듭니다." in page.text
    officer.submit(f"/admin/orders/{charged.order_no}/refunds", fields_of(page) | {"password": PASSWORD})
    assert charged.books() == ([("issued", 7_000)], 7_000)


def test_a_plan_asks_nobody_once_the_answer_is_known(world: World, officer: PageClient) -> None:
    charged = Charged(world)
    world.deliver(charged.finish())
    asked = world.calls("inquiry")

    plan(officer, charged.order_no, amount="3,000")

    assert world.calls("inquiry") == asked
