"""Settings: what is accepted, what stops the start, and that one message names everything wrong."""

import json
import stat
from pathlib import Path

import pytest

from shop.payple import Credentials
from shop.settings import Mode, Settings, SettingsError, Window, write_instance_secrets

SECRET = "exactly-forty-characters-long-and-random"
LIVE = {
    "PAYPLE_MODE": "live",
    "SHOP_URL": "https://shop.example.kr",
    "SECRET_KEY": SECRET,
    "PAYPLE_CST_ID": "ourshop",
    "PAYPLE_CUST_KEY": "our-customer-key",
    "PAYPLE_REFUND_KEY": "our-refund-key",
    "PAYPLE_CLIENT_KEY": "our-client-key",
}


def problems(values: dict[str, str], instance: Path) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(values, instance)
    return caught.value.problems


def test_nothing_but_a_secret_is_needed_for_the_simulator(tmp_path: Path) -> None:
    settings = Settings.from_env({"SECRET_KEY": SECRET}, tmp_path)

    assert settings.mode is Mode.SIMULATOR
    assert settings.gateway.origin == "http://127.0.0.1:8001"
    assert settings.result_url == "http://localhost:8000/payments/result"
    assert settings.credentials == Credentials.public_test()


def test_test_mode_talks_to_the_test_server_with_the_public_keys(tmp_path: Path) -> None:
    settings = Settings.from_env({"PAYPLE_MODE": "test", "SECRET_KEY": SECRET}, tmp_path)

    assert settings.gateway.origin == "https://democpay.payple.kr"
    assert settings.credentials == Credentials.public_test()
    assert settings.simulator_url == ""


def test_live_mode_with_everything_talks_to_payple(tmp_path: Path) -> None:
    assert Settings.from_env(LIVE, tmp_path).gateway.origin == "https://cpay.payple.kr"


@pytest.mark.parametrize("name", ["PAYPLE_CST_ID", "PAYPLE_CUST_KEY", "PAYPLE_REFUND_KEY", "PAYPLE_CLIENT_KEY"])
def test_live_mode_without_one_of_the_keys_does_not_start(name: str, tmp_path: Path) -> None:
    assert problems(LIVE | {name: ""}, tmp_path) == [f"{name} is missing"]


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("PAYPLE_CST_ID", "cst_id"),
        ("PAYPLE_CUST_KEY", "cust_key"),
        ("PAYPLE_REFUND_KEY", "refund_key"),
        ("PAYPLE_CLIENT_KEY", "client_key"),
    ],
)
def test_live_mode_refuses_each_public_test_key(name: str, field: str, tmp_path: Path) -> None:
    found = problems(LIVE | {name: getattr(Credentials.public_test(), field)}, tmp_path)

    assert found == [f"{name} is the public test value, which must not be used in live mode"]


SIMULATED = {
    "PAYPLE_CUST_KEY": "simulatorcust0123456789abcdef",
    "PAYPLE_REFUND_KEY": "simulatorrefund0123456789abcdef",
    "PAYPLE_CLIENT_KEY": "simabcde_SIMULATOR0123456789ABCDEF",
}
"""What keys look like that the simulator has issued for a run."""


@pytest.mark.parametrize("mode", ["test", "live"])
@pytest.mark.parametrize("name", SIMULATED)
def test_payple_is_not_asked_with_keys_of_the_simulator(name: str, mode: str, tmp_path: Path) -> None:
    found = problems(LIVE | {"PAYPLE_MODE": mode, name: SIMULATED[name]}, tmp_path)

    assert found == [f"{name} is a key of the simulator, which Payple does not know"]


@pytest.mark.parametrize("name", SIMULATED)
def test_the_simulator_gets_no_key_that_may_be_a_real_one(name: str, tmp_path: Path) -> None:
    issued = LIVE | SIMULATED | {"PAYPLE_MODE": "simulator"}

    assert Settings.from_env(issued, tmp_path).credentials.cust_key == SIMULATED["PAYPLE_CUST_KEY"]
    assert problems(issued | {name: LIVE[name]}, tmp_path) == [
        f"{name} is no key of the simulator: leave your real keys out, or set PAYPLE_MODE to test or live"
    ]


def test_live_mode_refuses_every_client_key_of_the_test_partner(tmp_path: Path) -> None:
    found = problems(LIVE | {"PAYPLE_CLIENT_KEY": "test_0123456789ABCDEF"}, tmp_path)

    assert found == ["PAYPLE_CLIENT_KEY is the public test value, which must not be used in live mode"]


@pytest.mark.parametrize("url", ["https://cpay.payple.kr", "https://democpay.payple.kr", "https://payple.kr:8443"])
def test_payple_itself_is_not_taken_for_the_simulator(url: str, tmp_path: Path) -> None:
    [problem] = problems({"SECRET_KEY": SECRET, "SIMULATOR_URL": url}, tmp_path)

    assert problem == "SIMULATOR_URL is Payple's own address: set PAYPLE_MODE to test or live instead"


def test_live_mode_refuses_plain_http(tmp_path: Path) -> None:
    assert "SHOP_URL" in problems(LIVE | {"SHOP_URL": "http://shop.example.kr"}, tmp_path)[0]


@pytest.mark.parametrize(
    "given",
    [{"ADMIN_USERNAME": "kim"}, {"ADMIN_PASSWORD": "p" * 12}, {"ADMIN_USERNAME": "kim", "ADMIN_PASSWORD": "short"}],
)
def test_half_a_staff_login_or_a_short_password_is_refused(given: dict[str, str], tmp_path: Path) -> None:
    [problem] = problems({"SECRET_KEY": SECRET} | given, tmp_path)

    assert "ADMIN_" in problem
    assert "short" not in problem or "too short" in problem


def test_an_older_secrets_file_gets_what_it_lacks_and_keeps_its_key(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text(json.dumps({"SECRET_KEY": SECRET}))

    write_instance_secrets(tmp_path)
    first = (tmp_path / "secrets.json").read_text()
    write_instance_secrets(tmp_path)

    settings = Settings.from_env({}, tmp_path)
    assert settings.secret_key == SECRET
    assert settings.admin_username
    assert len(settings.admin_password) >= 12
    assert settings.admin_password not in repr(settings)
    assert (tmp_path / "secrets.json").read_text() == first


def test_some_keys_without_the_others_are_a_contradiction(tmp_path: Path) -> None:
    found = problems({"SECRET_KEY": SECRET, "PAYPLE_CST_ID": "own"}, tmp_path)

    assert len(found) == 3
    assert all("although another key is set" in problem for problem in found)


def test_one_message_names_every_problem(tmp_path: Path) -> None:
    wrong = {
        "PAYPLE_MODE": "production",
        "SHOP_PORT": "80o0",
        "ORDER_MINUTES": "39",
        "PAYPLE_WINDOW": "modal",
        "PAYPLE_READ_TIMEOUT": "soon",
        "PAYPLE_CSP_EXTRA": "https://a.example; script-src *",
        "DATABASE_URL": "mysql://somewhere",
        "SECRET_KEY": "short",
        "PCD_RST_URL": "https://evil.example/payments/result",
    }

    found = "\n".join(problems(wrong, tmp_path))

    assert [name for name in wrong if name not in found] == []


@pytest.mark.parametrize("minutes", ["39", "-1", "1e3", "６０", "60.0", "99999"])
def test_orders_are_never_held_shorter_than_a_payment_can_take(minutes: str, tmp_path: Path) -> None:
    assert "ORDER_MINUTES" in problems({"SECRET_KEY": SECRET, "ORDER_MINUTES": minutes}, tmp_path)[0]


@pytest.mark.parametrize(
    ("address", "window"),
    [
        ("", Window.POPUP),
        ("/payments/result", Window.POPUP),
        ("http://localhost:8000/payments/result", Window.DIRECT),
    ],
)
def test_the_result_address_chooses_the_window(address: str, window: Window, tmp_path: Path) -> None:
    assert Settings.from_env({"SECRET_KEY": SECRET, "PCD_RST_URL": address}, tmp_path).window is window


@pytest.mark.parametrize(
    "url", ["shop.example.kr", "ftp://shop", "http://", "http://a:b@shop", "http://shop/path", "http://shop:99999"]
)
def test_a_base_address_is_scheme_host_and_port_only(url: str, tmp_path: Path) -> None:
    assert "SHOP_URL" in problems({"SECRET_KEY": SECRET, "SHOP_URL": url}, tmp_path)[0]


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_is_reached_through_psycopg_however_it_is_spelled(scheme: str, tmp_path: Path) -> None:
    settings = Settings.from_env({"SECRET_KEY": SECRET, "DATABASE_URL": f"{scheme}://u:p@db/shop"}, tmp_path)

    assert settings.database_url == "postgresql+psycopg://u:p@db/shop"


def test_shop_and_simulator_cannot_share_a_port(tmp_path: Path) -> None:
    assert "SIMULATOR_PORT" in problems({"SECRET_KEY": SECRET, "SHOP_PORT": "8001"}, tmp_path)[0]


def test_the_total_deadline_cannot_be_below_the_others(tmp_path: Path) -> None:
    assert "PAYPLE_TOTAL_TIMEOUT" in problems({"SECRET_KEY": SECRET, "PAYPLE_TOTAL_TIMEOUT": "5"}, tmp_path)[0]


def test_the_simulator_must_be_on_this_machine(tmp_path: Path) -> None:
    assert "SIMULATOR_URL" in problems({"SECRET_KEY": SECRET, "SIMULATOR_URL": "http://example.com:8001"}, tmp_path)[0]


def test_the_first_run_secret_is_made_once_and_kept_private(tmp_path: Path) -> None:
    write_instance_secrets(tmp_path)
    first = Settings.from_env({}, tmp_path).secret_key
    write_instance_secrets(tmp_path)

    assert Settings.from_env({}, tmp_path).secret_key == first
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secrets.json"]


@pytest.mark.parametrize("mode", ["test", "live"])
def test_made_up_secrets_are_for_the_simulator_only(mode: str, tmp_path: Path) -> None:
    write_instance_secrets(tmp_path)

    assert problems(LIVE | {"PAYPLE_MODE": mode, "SECRET_KEY": ""}, tmp_path) == [
        "SECRET_KEY is missing: set a long random text"
    ]


def test_no_secret_shows_in_the_representation(tmp_path: Path) -> None:
    shown = repr(Settings.from_env(LIVE | {"DATABASE_URL": "postgresql://u:password@db/shop"}, tmp_path))

    assert [word for word in (SECRET, "our-customer-key", "our-refund-key", "password") if word in shown] == []


@pytest.mark.parametrize(("mode", "limited"), [("simulator", False), ("test", True), ("live", True)])
def test_limits_are_on_wherever_others_can_come(mode: str, limited: bool, tmp_path: Path) -> None:
    values = (LIVE if limited else {"SECRET_KEY": SECRET}) | {"PAYPLE_MODE": mode}

    assert Settings.from_env(values, tmp_path).rate_limits is limited
    assert Settings.from_env(values | {"RATE_LIMITS": "on"}, tmp_path).rate_limits
    if mode != "live":
        assert not Settings.from_env(values | {"RATE_LIMITS": "off"}, tmp_path).rate_limits


def test_no_proxy_is_trusted_unless_it_is_said(tmp_path: Path) -> None:
    assert Settings.from_env({"SECRET_KEY": SECRET}, tmp_path).trusted_proxies == 0
    assert Settings.from_env({"SECRET_KEY": SECRET, "TRUSTED_PROXIES": "2"}, tmp_path).trusted_proxies == 2
    (problem,) = problems({"SECRET_KEY": SECRET, "TRUSTED_PROXIES": "all"}, tmp_path)
    assert "TRUSTED_PROXIES must be a whole number from 0 to 5" in problem


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_other_machines_reach_the_simulator_only_on_demand(host: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="SIMULATOR_PUBLIC=yes"):
        Settings.from_env({"SECRET_KEY": SECRET, "HOST": host}, tmp_path)

    assert Settings.from_env({"SECRET_KEY": SECRET, "HOST": host, "SIMULATOR_PUBLIC": "yes"}, tmp_path).host == host
    assert Settings.from_env({"SECRET_KEY": SECRET, "HOST": "localhost"}, tmp_path).host == "localhost"
