"""The simulator is no part of a shop that talks to Payple: not linked, not served.

That it is not started then stands with the program (`test_program`) and with its own server (`gateway`).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from shop.factory import create_app
from shop.settings import Mode, Settings
from tests.page import PageClient
from tests.world import World, shop_settings

PAYPLE = [Mode.TEST, Mode.LIVE]
SIMULATED = {Mode.SIMULATOR: True, Mode.TEST: False, Mode.LIVE: False}


def settings_in(mode: Mode, folder: Path) -> Settings:
    """The settings of a shop in this mode."""
    settings = shop_settings(f"sqlite:///{folder / 'shop.sqlite'}", folder)
    return replace(settings, mode=mode)


@pytest.mark.parametrize(("mode", "simulated"), SIMULATED.items())
def test_it_is_linked_only_in_its_own_mode(world: World, tmp_path: Path, mode: Mode, simulated: bool) -> None:
    settings = replace(settings_in(mode, tmp_path), database_url=world.app.config["SQLALCHEMY_DATABASE_URI"])
    page = PageClient(create_app(settings)).open("/").get_data(as_text=True)

    assert ("_sim" in page) == simulated
    assert ("127.0.0.1:8001" in page) == simulated


@pytest.mark.parametrize("mode", PAYPLE)
@pytest.mark.parametrize("path", ["/_sim", "/_sim/ledger", "/php/auth.php", "/js/cpay.payple.1.0.1.js", "/index.php"])
def test_the_shop_serves_nothing_of_it(tmp_path: Path, mode: Mode, path: str) -> None:
    app = create_app(settings_in(mode, tmp_path))

    assert not [rule for rule in app.url_map.iter_rules() if rule.rule.startswith(path)]
