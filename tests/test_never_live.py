"""A shop that talks to Payple links to no simulator and serves nothing of it."""

from dataclasses import replace
from pathlib import Path

import pytest

from shop.factory import create_app
from shop.settings import Mode
from tests.page import PageClient
from tests.world import World, shop_settings

SIMULATOR_PATHS = ("/_sim", "/php/auth.php", "/js/cpay.payple", "/index.php")


@pytest.mark.parametrize("mode", Mode)
def test_the_simulator_is_linked_in_its_own_mode_and_served_by_no_shop(
    world: World, tmp_path: Path, mode: Mode
) -> None:
    settings = shop_settings(world.app.config["SQLALCHEMY_DATABASE_URI"], tmp_path)
    app = create_app(replace(settings, mode=mode))

    page = PageClient(app).open("/").get_data(as_text=True)

    is_linked = any(address in page for address in ("/demo/", "/_sim", "127.0.0.1:8001"))
    assert is_linked == (mode is Mode.SIMULATOR)
    assert [rule for rule in app.url_map.iter_rules() if rule.rule.startswith(SIMULATOR_PATHS)] == []
