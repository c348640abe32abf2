"""The demo is there in simulator mode only."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from shop import clock
from shop.factory import create_app
from shop.settings import Settings
from tests.live import LIVE

BASE = {
    "SECRET_KEY": "0123456789abcdef" * 3,
    "DATABASE_URL": "sqlite://",
    "ADMIN_USERNAME": "staff",
    "ADMIN_PASSWORD": "correct horse battery",
}


def demo_routes(values: dict[str, str], folder: Path) -> list[str]:
    app = create_app(Settings.from_env(BASE | values, folder))
    return [rule.rule for rule in app.url_map.iter_rules() if "demo" in f"{rule.rule} {rule.endpoint}"]


def test_the_simulator_mode_has_the_demo(tmp_path: Path) -> None:
    assert "/_demo/orders" in demo_routes({}, tmp_path)


@pytest.mark.parametrize("values", [{"PAYPLE_MODE": "test"}, LIVE])
def test_no_other_mode_has_a_route_of_it_or_a_clock_that_moves(values: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "clock").write_text("3600")

    assert demo_routes(values, tmp_path) == []
    assert clock.offset() == timedelta()
    with pytest.raises(RuntimeError):
        clock.set_offset(1)
