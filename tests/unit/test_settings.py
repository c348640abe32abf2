"""Settings: what is accepted, what stops the start, and that one message names everything wrong."""

import stat
from pathlib import Path
from typing import Any

import pytest

from shop.payple import Credentials
from shop.rules.method import Method
from shop.settings import Mode, Settings, SettingsError, Window, write_instance_secrets
from tests.live import LIVE

SECRET = LIVE["SECRET_KEY"]
ONLY_SECRET = {"SECRET_KEY": SECRET}
KEYS = {name: value for name, value in LIVE.items() if name.startswith("PAYPLE_") and name != "PAYPLE_MODE"}
PUBLIC = Credentials.public_test()
PUBLIC_KEYS = dict(zip(KEYS, (PUBLIC.cst_id, PUBLIC.cust_key, PUBLIC.refund_key, PUBLIC.client_key), strict=True))
IS_PUBLIC = "is the public test value, which must not be used in live mode"
IS_PAYPLE = "is Payple's own address: set PAYPLE_MODE to test or live instead"


def problems(values: dict[str, str], instance: Path) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(values, instance)
    return caught.value.problems


def test_nothing_but_a_secret_is_needed_for_the_simulator(tmp_path: Path) -> None:
    settings = Settings.from_env(ONLY_SECRET, tmp_path)

    assert (settings.mode, settings.gateway.origin) == (Mode.SIMULATOR, "http://127.0.0.1:8001")
    assert settings.result_url == "http://localhost:8000/payments/result"
    assert (settings.credentials, settings.trusted_proxies) == (PUBLIC, 0)


def test_test_mode_has_the_public_keys_and_live_mode_its_own(tmp_path: Path) -> None:
    test, live = Settings.from_env(ONLY_SECRET | {"PAYPLE_MODE": "test"}, tmp_path), Settings.from_env(LIVE, tmp_path)

    assert (test.gateway.origin, test.credentials, test.simulator_url) == ("https://democpay.payple.kr", PUBLIC, "")
    assert (live.gateway.origin, live.credentials.cust_key) == ("https://cpay.payple.kr", "our-customer-key")


@pytest.mark.parametrize(
    ("values", "name", "value", "problem"),
    [
        *((LIVE, name, "", "is missing") for name in KEYS),
        *((LIVE, name, key, IS_PUBLIC) for name, key in PUBLIC_KEYS.items()),
        (LIVE, "PAYPLE_CLIENT_KEY", "test_0123456789ABCDEF", IS_PUBLIC),
        *((ONLY_SECRET, "SIMULATOR_URL", f"https://{host}payple.kr", IS_PAYPLE) for host in ("", "cpay.", "democpay.")),
    ],
)
def test_a_gateway_gets_only_its_own_keys(
    values: dict[str, str], name: str, value: str, problem: str, tmp_path: Path
) -> None:
    assert problems(values | {name: value}, tmp_path) == [f"{name} {problem}"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("SHOP_URL", url) for url in ("shop.example.kr", "ftp://shop", "http://", "http://a:b@shop")),
        *(("SHOP_URL", url) for url in ("http://shop/path", "http://shop:99999")),
        *(("ORDER_MINUTES", minutes) for minutes in ("39", "-1", "1e3", "６０", "60.0", "99999")),
        ("SIMULATOR_URL", "http://example.com:8001"),
        ("PAYPLE_TOTAL_TIMEOUT", "5"),
        ("TRUSTED_PROXIES", "all"),
        ("PAYPLE_EASY_PAY", "naverPay"),
        ("SHOP_PORT", "8001"),
        *(("ADMIN_USERNAME", "kim"), ("ADMIN_PASSWORD", "p" * 12)),
    ],
)
def test_a_setting_out_of_bounds_is_named(name: str, value: str, tmp_path: Path) -> None:
    (problem,) = problems(ONLY_SECRET | {name: value}, tmp_path)

    assert name in problem


@pytest.mark.parametrize(
    ("name", "value", "more"),
    [
        ("SECRET_KEY", "x" * 40, {}),
        ("SECRET_KEY_FALLBACKS", SECRET + "," + "0" * 64, {}),
        ("ADMIN_PASSWORD", "1" * 12, {"ADMIN_USERNAME": "kim"}),
        ("RATE_LIMITS", "off", {}),
        *(("PAYPLE_CSP_EXTRA", sources, {}) for sources in ("*", "https://cdn.example https://*", "https:")),
        ("SHOP_URL", "http://shop.example.kr", {}),
    ],
)
def test_live_mode_takes_less(name: str, value: str, more: dict[str, str], tmp_path: Path) -> None:
    assert [problem.split()[0] for problem in problems(LIVE | more | {name: value}, tmp_path)] == [name]
    Settings.from_env(ONLY_SECRET | more | {name: value}, tmp_path)


@pytest.mark.parametrize("name", [name for name in LIVE if name.startswith("SHOP_") and name != "SHOP_URL"])
def test_live_mode_wants_to_know_who_sells(name: str, tmp_path: Path) -> None:
    assert problems(LIVE | {name: " "}, tmp_path) == [f"{name} is missing: every page of a live shop says who sells"]
    assert Settings.from_env(ONLY_SECRET, tmp_path).merchant.is_made_up


def test_some_keys_without_the_others_are_a_contradiction(tmp_path: Path) -> None:
    found = problems(ONLY_SECRET | {"PAYPLE_CST_ID": "own"}, tmp_path)

    assert len(found) == 3
    assert all("although another key is set" in problem for problem in found)


def test_one_message_names_every_problem(tmp_path: Path) -> None:
    wrong = {
        "PAYPLE_MODE": "production",
        "SHOP_PORT": "80o0",
        "PAYPLE_WINDOW": "modal",
        "PAYPLE_READ_TIMEOUT": "soon",
        "DATABASE_URL": "mysql://somewhere",
        "SECRET_KEY": "short",
        "PCD_RST_URL": "https://evil.example/payments/result",
        "ADMIN_PASSWORD": "tiny",
        "ADMIN_USERNAME": "kim",
    }
    found = "\n".join(problems(wrong, tmp_path))

    assert [name for name in wrong if name not in found and name != "ADMIN_USERNAME"] == []
    assert "tiny" not in found


@pytest.mark.parametrize(
    ("changes", "name", "value"),
    [
        ({"PCD_RST_URL": "/payments/result"}, "window", Window.POPUP),
        ({"PCD_RST_URL": "http://localhost:8000/payments/result"}, "window", Window.DIRECT),
        *(
            ({"DATABASE_URL": f"{scheme}://u:p@db/shop"}, "database_url", "postgresql+psycopg://u:p@db/shop")
            for scheme in ("postgres", "postgresql", "postgresql+psycopg")
        ),
        ({"TRUSTED_PROXIES": "2"}, "trusted_proxies", 2),
        ({}, "rate_limits", False),
        ({"RATE_LIMITS": "on"}, "rate_limits", True),
        ({"PAYPLE_MODE": "test"}, "rate_limits", True),
        ({"PAYPLE_MODE": "test", "RATE_LIMITS": "off"}, "rate_limits", False),
        (LIVE | {"PAYPLE_CSP_EXTRA": "https://cdn.example.kr"}, "csp_extra", ("https://cdn.example.kr",)),
        (LIVE, "methods", ("card", "app_card", "transfer")),
        (LIVE | {"PAYPLE_EASY_PAY": "kakao_pay"}, "methods", ("card", "app_card", "kakao_pay", "transfer")),
        ({}, "methods", tuple(Method)),
        ({"HOST": "localhost"}, "host", "localhost"),
        ({"HOST": "0.0.0.0", "SIMULATOR_PUBLIC": "yes"}, "host", "0.0.0.0"),
    ],
)
def test_a_setting_is_read(changes: dict[str, str], name: str, value: Any, tmp_path: Path) -> None:
    assert getattr(Settings.from_env(ONLY_SECRET | changes, tmp_path), name) == value


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_other_machines_reach_the_simulator_only_on_demand(host: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="SIMULATOR_PUBLIC=yes"):
        Settings.from_env(ONLY_SECRET | {"HOST": host}, tmp_path)


def test_the_secrets_of_the_first_run_are_made_once_and_kept_private(tmp_path: Path) -> None:
    write_instance_secrets(tmp_path)
    first = Settings.from_env({}, tmp_path)
    write_instance_secrets(tmp_path)

    assert Settings.from_env({}, tmp_path) == first
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secrets.json"]


def test_a_new_folder_is_private_and_one_that_exists_keeps_its_mode(tmp_path: Path) -> None:
    """The operator may name a folder that others use, too."""
    tmp_path.chmod(0o755)
    write_instance_secrets(tmp_path)
    write_instance_secrets(tmp_path / "new")

    assert [stat.S_IMODE(folder.stat().st_mode) for folder in (tmp_path, tmp_path / "new")] == [0o755, 0o700]


@pytest.mark.parametrize("mode", ["test", "live"])
def test_made_up_secrets_are_for_the_simulator_only(mode: str, tmp_path: Path) -> None:
    write_instance_secrets(tmp_path)

    assert problems(LIVE | {"PAYPLE_MODE": mode, "SECRET_KEY": ""}, tmp_path) == [
        "SECRET_KEY is missing: set a long random text"
    ]


def test_no_secret_is_printed(tmp_path: Path) -> None:
    private = {"DATABASE_URL": "postgresql://u:password@db/shop", "ADMIN_USERNAME": "kim", "ADMIN_PASSWORD": "pw" * 9}
    shown = repr(Settings.from_env(LIVE | private, tmp_path))

    hidden = (SECRET, "our-customer-key", "our-refund-key", "password@", "pw" * 9)
    assert [word for word in hidden if word in shown] == []
