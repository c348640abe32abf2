"""A buyer with an order, and somebody of the staff, signed in."""

import pytest

from shop.services import staff
from tests.page import PageClient
from tests.staff import NAME, PASSWORD, sign_in
from tests.world import World


@pytest.fixture
def buyer(world: World) -> PageClient:
    return world.browser()


@pytest.fixture
def order_no(buyer: PageClient) -> str:
    return buyer.place_order()


@pytest.fixture
def officer(world: World) -> PageClient:
    staff.add(NAME, PASSWORD)
    return sign_in(world.browser())
