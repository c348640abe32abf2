"""The real client and payment links of the simulator."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shop.payple import KOREA, LinkRequest, PayType, Refused, codes
from tests.gateway.merchant import SIMULATOR
from tests.gateway.wire import Wire
from tests.payer import Page, Window

ORDER = LinkRequest(15_000, "B20261129-7 강의", datetime.now(UTC) + timedelta(days=1))


def choices(wire: Wire, wish: LinkRequest) -> dict[str, tuple[str, dict[str, str]]]:
    """Return the form of each way to pay that a new link offers."""
    page = Page(wire.session.get(wire.client().create_link(wish)))
    return {name: (form.action, form.fields) for form in page.forms for name in form.buttons}


@pytest.mark.parametrize("pay_type", PayType)
def test_a_payment_by_link_is_found_by_its_own_number_and_names_our_order(wire: Wire, pay_type: PayType) -> None:
    action, fields = choices(wire, ORDER)[f"link-pay-{pay_type}"]
    Window(wire.session, wire.session.post(action, data=fields)).approve()

    (payment,) = wire.session.get(f"{SIMULATOR}/_sim/payments").json()
    found = wire.client().inquire(payment["oid"], datetime.now(KOREA).date(), pay_type)

    assert found
    assert (found.amount, found.pay_type, found.goods) == (15_000, pay_type, "B20261129-7 강의")


@pytest.mark.parametrize(
    ("changes", "offered"),
    [
        ({}, {"card", "transfer"}),
        ({"pay_types": [PayType.TRANSFER]}, {"transfer"}),
        ({"pay_types": [PayType.CARD], "with_card_app": True}, {"card", "app_card"}),
    ],
)
def test_a_link_offers_what_was_asked_for(wire: Wire, changes: dict[str, object], offered: set[str]) -> None:
    forms = choices(wire, replace(ORDER, **changes))  # type: ignore[arg-type]  # what the case changes

    assert {name.removeprefix("link-pay-") for name in forms} == offered


def test_a_link_ends_at_the_beginning_of_its_hour_in_korea(wire: Wire) -> None:
    now = datetime.now(UTC)
    link = wire.client().create_link(replace(ORDER, expires_at=now + timedelta(hours=1)))
    wire.steer("clock", advance=3600 - now.minute * 60 - now.second)

    assert wire.session.get(link).status_code == 410


def test_a_link_that_has_already_ended_is_refused_with_a_code(wire: Wire) -> None:
    with pytest.raises(Refused) as refused:
        wire.client().create_link(replace(ORDER, expires_at=datetime.now(UTC)))

    assert codes.lookup(refused.value.code)


def test_the_journal_does_not_show_a_link_with_which_anybody_could_pay(wire: Wire) -> None:
    link = wire.client().create_link(ORDER)

    assert wire.exchanges[-1].operation == "create_link"
    assert link.partition("SID=")[2] not in repr(wire.exchanges)
