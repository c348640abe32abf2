"""What a demonstration may have stops a shop that takes real money."""

from pathlib import Path

import pytest

from shop.settings import Settings, SettingsError

LIVE = {
    "PAYPLE_MODE": "live",
    "SHOP_URL": "https://shop.example.kr",
    "SECRET_KEY": "a-long-random-text-that-nobody-can-guess",
    "PAYPLE_CST_ID": "ourshop",
    "PAYPLE_CUST_KEY": "our-customer-key",
    "PAYPLE_REFUND_KEY": "our-refund-key",
    "PAYPLE_CLIENT_KEY": "our-client-key",
}


@pytest.mark.parametrize(
    ("name", "value", "more"),
    [
        ("SECRET_KEY", "x" * 40, {}),
        ("SECRET_KEY_FALLBACKS", LIVE["SECRET_KEY"] + "," + "0" * 64, {}),
        ("ADMIN_PASSWORD", "1" * 12, {"ADMIN_USERNAME": "kim"}),
        ("RATE_LIMITS", "off", {}),
        ("PAYPLE_CSP_EXTRA", "*", {}),
        ("PAYPLE_CSP_EXTRA", "https://cdn.example https://*", {}),
        ("PAYPLE_CSP_EXTRA", "https:", {}),
    ],
)
def test_live_mode_refuses_what_simulator_mode_takes(
    name: str, value: str, more: dict[str, str], tmp_path: Path
) -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_env(LIVE | more | {name: value}, tmp_path)

    assert [problem.split()[0] for problem in refused.value.problems] == [name]
    Settings.from_env({"SECRET_KEY": LIVE["SECRET_KEY"]} | more | {name: value}, tmp_path)


def test_live_mode_takes_named_sources_and_everything_at_its_default(tmp_path: Path) -> None:
    settings = Settings.from_env(LIVE | {"PAYPLE_CSP_EXTRA": "https://cdn.example.kr"}, tmp_path)

    assert settings.csp_extra == ("https://cdn.example.kr",)
    assert settings.rate_limits
