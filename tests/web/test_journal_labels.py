"""The journal on the staff's order page."""

from tests.page import PageClient
from tests.staff import paid_order, refund
from tests.world import World


def test_every_event_is_shown_by_name(world: World, officer: PageClient) -> None:
    order_no = paid_order(world, method="transfer", cash_receipt="y")
    refund(officer, order_no, amount="1000")

    page = officer.get(f"/admin/orders/{order_no}")

    assert {"result", "paid", "refund_done"} <= set(page.values("journal-entry", "data-event"))
    assert 'journal-event"><code>' not in page.text
