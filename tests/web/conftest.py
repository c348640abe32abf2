"""Somebody of the staff, signed in."""

import pytest

from shop.services import staff
from tests.page import PageClient
from tests.staff import NAME, PASSWORD, sign_in
from tests.world import World


@pytest.fixture
def officer(world: World) -> PageClient:
    """A browser in which a member of the staff has signed in."""
    staff.add(NAME, PASSWORD)
    return sign_in(world.browser())
