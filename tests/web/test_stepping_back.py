"""Pages that one may step back to are GETs: a browser shows them again without asking to send a form."""

from tests.page import PageClient
from tests.staff import fields_of, paid_order
from tests.world import World


def test_the_plan_of_a_refund_is_a_page_that_can_be_loaded_again(world: World, officer: PageClient) -> None:
    order_no = paid_order(world)
    line = world.order(order_no).lines[0]
    form = fields_of(officer.get(f"/admin/orders/{order_no}")) | {"reason": "단순 변심 & 교환", f"line_{line.id}": "y"}
    form["csrf_token"] = officer.csrf_token()

    sent = officer.post(f"/admin/orders/{order_no}/refund-plan", form)
    shown, again = (officer.get(sent.headers["Location"]) for _time in range(2))

    assert sent.status_code == 303
    assert "csrf_token" not in sent.headers["Location"]
    kept = {name: fields_of(shown)[name] for name in ("intent", "seen_refundable", "reason", f"line_{line.id}")}
    assert kept == {name: form[name] for name in kept}
    assert fields_of(again)["intent"] == form["intent"]
    assert world.order(order_no).refunds == []


def test_a_plan_that_cannot_be_read_leads_to_the_order(world: World, officer: PageClient) -> None:
    order_no = paid_order(world)

    page = officer.get(f"/admin/orders/{order_no}/refund-plan", query_string={"amount": "all"})

    assert page.path == f"/admin/orders/{order_no}"
