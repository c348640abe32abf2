"""Settings: read once from the environment, checked together, frozen. ``.env.example`` explains each in a sentence."""

import json
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from shop.environment import Environment
from shop.payple import Credentials, Gateway, Timeouts, WindowScript
from shop.rules.method import EASY_PAY, Method

RESULT_PATH = "/payments/result"
WEBHOOK_PATH = "/payments/webhook"
LEAST_ORDER_MINUTES = 40
"""Thirty minutes for the authentication, ten for the confirm: stock must be held at least that long."""
MOST_PROXIES = 5
LEAST_SECRET_KEY = 32
LEAST_ADMIN_PASSWORD = 12
"""Characters, both."""
_SECRETS_FILE = "secrets.json"


class Mode(StrEnum):
    """Which gateway the shop talks to: the embedded simulator, Payple's test server, Payple."""

    SIMULATOR = "simulator"
    TEST = "test"
    LIVE = "live"


class Switch(StrEnum):
    ON = "on"
    OFF = "off"


class Window(StrEnum):
    """How the payment window opens: over or beside the page, or instead of it."""

    POPUP = "popup"
    DIRECT = "direct"


@dataclass(frozen=True)
class Merchant:
    """Who sells, as the law wants every page to say. A blank value is made up by the page."""

    name: str
    representative: str
    business_number: str
    mail_order_number: str
    address: str
    phone: str
    email: str

    @property
    def is_made_up(self) -> bool:
        """Whether a value is missing."""
        return not all(vars(self).values())


class SettingsError(Exception):
    """The settings miss something or contradict themselves; the message names every one of them."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(["The shop cannot start:", *(f"  - {problem}" for problem in problems)]))
        self.problems = problems


@dataclass(frozen=True)
class Settings:
    """Everything that differs between installations. Secrets stay out of ``repr``."""

    mode: Mode
    shop_url: str
    simulator_url: str
    host: str
    shop_port: int
    simulator_port: int
    database_url: str = field(repr=False)
    secret_key: str = field(repr=False)
    secret_key_fallbacks: tuple[str, ...] = field(repr=False)
    admin_username: str
    admin_password: str = field(repr=False)
    gateway: Gateway
    credentials: Credentials = field(repr=False)
    timeouts: Timeouts
    inquiries_per_second: int
    window_script: WindowScript
    window: Window
    methods: tuple[Method, ...]
    order_minutes: int
    hold_minutes: int
    most_per_product: int
    most_unpaid: int
    rate_limits: bool
    ratelimit_storage_uri: str = field(repr=False)
    trusted_proxies: int
    csp_extra: tuple[str, ...]
    merchant: Merchant
    instance: Path

    @property
    def is_https(self) -> bool:
        """Whether buyers reach the shop encrypted: then cookies are for https only."""
        return self.shop_url.startswith("https://")

    @property
    def result_url(self) -> str:
        """The absolute address for results of a direct window."""
        return self.shop_url + RESULT_PATH

    @classmethod
    def from_env(cls, values: Mapping[str, str], instance: Path) -> "Settings":
        """Read and check all settings.

        :raises SettingsError: one error that names everything wrong
        """
        instance = instance_folder(values, instance)
        env = Environment(values)
        mode = env.choice("PAYPLE_MODE", Mode, Mode.SIMULATOR)
        if mode is Mode.SIMULATOR:
            env.defaults = _instance_secrets(instance)
        shop_port = env.whole("SHOP_PORT", 8000, least=1, most=65535)
        simulator_port = env.whole("SIMULATOR_PORT", 8001, least=1, most=65535)
        shop_url = _shop_url(env, mode, shop_port)
        simulator_url = env.origin("SIMULATOR_URL", f"http://127.0.0.1:{simulator_port}")
        order_minutes = env.whole("ORDER_MINUTES", 60, least=LEAST_ORDER_MINUTES, most=10_080)
        if shop_port == simulator_port and mode is Mode.SIMULATOR:
            env.complain("SHOP_PORT and SIMULATOR_PORT must differ: they are two servers")
        settings = cls(
            mode=mode,
            shop_url=shop_url,
            simulator_url=simulator_url if mode is Mode.SIMULATOR else "",
            host=_host(env, mode),
            shop_port=shop_port,
            simulator_port=simulator_port,
            database_url=_database_url(env, instance),
            secret_key=_secret_key(env, mode),
            secret_key_fallbacks=_secret_key_fallbacks(env, mode),
            admin_username=env.text("ADMIN_USERNAME"),
            admin_password=_admin_password(env, mode),
            gateway=_gateway(env, mode, simulator_url),
            credentials=_credentials(env, mode),
            timeouts=_timeouts(env),
            inquiries_per_second=env.whole("PAYPLE_INQUIRIES_PER_SECOND", 2, least=1, most=1000),
            window_script=env.choice("PAYPLE_WINDOW", WindowScript, WindowScript.WITH_AUTHENTICATION),
            window=_window(env, shop_url),
            methods=_methods(env, mode),
            order_minutes=order_minutes,
            hold_minutes=env.whole("HOLD_MINUTES", 15, least=1, most=order_minutes),
            most_per_product=env.whole("MOST_PER_PRODUCT", 10, least=1, most=99),
            most_unpaid=env.whole("MOST_UNPAID", 50, least=1, most=1_000_000),
            rate_limits=_rate_limits(env, mode),
            ratelimit_storage_uri=_ratelimit_storage_uri(env),
            trusted_proxies=env.whole("TRUSTED_PROXIES", 0, least=0, most=MOST_PROXIES),
            csp_extra=_csp_extra(env, mode),
            merchant=_merchant(env, mode),
            instance=instance,
        )
        if env.problems:
            raise SettingsError(env.problems)
        return settings


def instance_folder(values: Mapping[str, str], usual: Path) -> Path:
    """Where databases and made-up secrets are: INSTANCE_FOLDER, or the usual place. A relative one is beside that."""
    return usual.parent / (values.get("INSTANCE_FOLDER", "").strip() or usual)


def write_instance_secrets(instance: Path) -> None:
    """Make up the secrets of a simulator installation once. Whoever comes second finds the first one's whole file."""
    instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    made_up = {
        "SECRET_KEY": secrets.token_urlsafe(48),
        "ADMIN_USERNAME": "staff",
        "ADMIN_PASSWORD": secrets.token_urlsafe(12),
    }
    draft = instance / f".{_SECRETS_FILE}.{os.getpid()}"
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(made_up, file)
    with suppress(FileExistsError):
        os.link(draft, instance / _SECRETS_FILE)
    draft.unlink()


def _instance_secrets(instance: Path) -> dict[str, str]:
    file = instance / _SECRETS_FILE
    return dict(json.loads(file.read_text())) if file.exists() else {}


def _shop_url(env: Environment, mode: Mode, port: int) -> str:
    url = env.origin("SHOP_URL", f"http://localhost:{port}")
    if mode is Mode.LIVE and not url.startswith("https://"):
        env.complain("SHOP_URL must be your public https address in live mode: the gateway sends results there")
    return url


def _host(env: Environment, mode: Mode) -> str:
    host, is_public = env.text("HOST", "127.0.0.1"), env.text("SIMULATOR_PUBLIC") == "yes"
    is_this_machine = host in ("localhost", "::1") or host.startswith("127.")
    if mode is Mode.SIMULATOR and not (is_this_machine or is_public):
        env.complain(f"HOST is {host}, but the simulator's control panel has no login: SIMULATOR_PUBLIC=yes allows it")
    return host


def _gateway(env: Environment, mode: Mode, simulator_url: str) -> Gateway:
    if mode is Mode.LIVE:
        return Gateway.live()
    if mode is Mode.TEST:
        return Gateway.test()
    if f".{urlsplit(simulator_url).hostname}".endswith(".payple.kr"):
        env.complain("SIMULATOR_URL is Payple's own address: set PAYPLE_MODE to test or live instead")
    try:
        return Gateway.at(simulator_url)
    except ValueError as error:
        env.complain(f"SIMULATOR_URL: {error}")
        return Gateway.test()


def _credentials(env: Environment, mode: Mode) -> Credentials:
    """All four keys, or none of them: then the public test keys serve, but never in live mode."""
    public, given = Credentials.public_test(), {one.name: env.text(_key_name(one.name)) for one in fields(Credentials)}
    if mode is not Mode.LIVE and not any(given.values()):
        return public
    why = "" if mode is Mode.LIVE else " although another key is set"
    for name, key in given.items():
        if not key:
            env.complain(f"{_key_name(name)} is missing{why}")
        elif mode is Mode.LIVE and (key == getattr(public, name) or key.startswith(f"{public.cst_id}_")):
            env.complain(f"{_key_name(name)} is the public test value, which must not be used in live mode")
    return Credentials(**given)


def _key_name(field_name: str) -> str:
    return f"PAYPLE_{field_name.upper()}"


def _secret_key(env: Environment, mode: Mode) -> str:
    key = env.text("SECRET_KEY")
    if not key:
        hint = " (or run `python app.py` once, which makes one up)" if mode is Mode.SIMULATOR else ""
        env.complain(f"SECRET_KEY is missing: set a long random text{hint}")
    elif _is_weak(key, LEAST_SECRET_KEY, mode):
        env.complain(f"SECRET_KEY is weak: at least {LEAST_SECRET_KEY} characters, not one repeated")
    return key


def _is_weak(secret: str, least: int, mode: Mode) -> bool:
    return len(secret) < least or (mode is Mode.LIVE and len(set(secret)) == 1)


def _secret_key_fallbacks(env: Environment, mode: Mode) -> tuple[str, ...]:
    """Keys whose signatures are still good, or will be: as strong as the one that signs."""
    keys = env.names("SECRET_KEY_FALLBACKS")
    if any(_is_weak(key, LEAST_SECRET_KEY, mode) for key in keys):
        env.complain(f"SECRET_KEY_FALLBACKS holds a weak key: at least {LEAST_SECRET_KEY} characters, not one repeated")
    return keys


def _admin_password(env: Environment, mode: Mode) -> str:
    """The password of the first staff account; name and password may be blank once there is one."""
    name, password = env.text("ADMIN_USERNAME"), env.text("ADMIN_PASSWORD")
    if bool(name) != bool(password):
        env.complain("ADMIN_USERNAME and ADMIN_PASSWORD belong together: set both or neither")
    elif name and _is_weak(password, LEAST_ADMIN_PASSWORD, mode):
        env.complain(f"ADMIN_PASSWORD is weak: at least {LEAST_ADMIN_PASSWORD} characters, not one repeated")
    return password


def _database_url(env: Environment, instance: Path) -> str:
    """SQLAlchemy's address. PostgreSQL is reached through psycopg however the address spells it."""
    url = env.text("DATABASE_URL", f"sqlite:///{instance.resolve() / 'shop.sqlite'}")
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in ("sqlite", "postgres", "postgresql", "postgresql+psycopg"):
        env.complain("DATABASE_URL must begin with sqlite:// or postgresql://")
        return "sqlite://"
    return url if scheme == "sqlite" else f"postgresql+psycopg://{rest}"


def _timeouts(env: Environment) -> Timeouts:
    timeouts = Timeouts(
        connect=env.seconds("PAYPLE_CONNECT_TIMEOUT", 3.0),
        read=env.seconds("PAYPLE_READ_TIMEOUT", 30.0),
        total=env.seconds("PAYPLE_TOTAL_TIMEOUT", 35.0),
    )
    if timeouts.total < max(timeouts.connect, timeouts.read):
        env.complain("PAYPLE_TOTAL_TIMEOUT must not be below the connect and read timeouts")
    return timeouts


def _window(env: Environment, shop_url: str) -> Window:
    """The result address chooses the window, as it does at the gateway: relative means popup, absolute means direct."""
    address = env.text("PCD_RST_URL", RESULT_PATH)
    if address == RESULT_PATH:
        return Window.POPUP
    if address != shop_url + RESULT_PATH:
        env.complain(f"PCD_RST_URL must be {RESULT_PATH} (popup) or {shop_url + RESULT_PATH} (direct), not {address!r}")
    return Window.DIRECT


def _methods(env: Environment, mode: Mode) -> tuple[Method, ...]:
    """What buyers may choose: easy pay only as far as the contract with Payple has it. The simulator has all."""
    easy_pay = env.names("PAYPLE_EASY_PAY", ",".join(EASY_PAY) if mode is Mode.SIMULATOR else "")
    if not set(easy_pay) <= set(EASY_PAY):
        env.complain(f"PAYPLE_EASY_PAY must name {' or '.join(EASY_PAY)}, separated by a comma, not {easy_pay!r}")
    return tuple(method for method in Method if method not in EASY_PAY or method in easy_pay)


def _rate_limits(env: Environment, mode: Mode) -> bool:
    """Off by default with the simulator, where one machine plays thousands of buyers."""
    default = Switch.OFF if mode is Mode.SIMULATOR else Switch.ON
    is_on = env.choice("RATE_LIMITS", Switch, default) is Switch.ON
    if mode is Mode.LIVE and not is_on:
        env.complain("RATE_LIMITS must be on in live mode")
    return is_on


def _ratelimit_storage_uri(env: Environment) -> str:
    uri = env.text("RATELIMIT_STORAGE_URI", "memory://")
    if not uri.startswith(("memory://", "redis://", "rediss://")):
        env.complain("RATELIMIT_STORAGE_URI must begin with memory://, redis:// or rediss://")
    return uri


def _csp_extra(env: Environment, mode: Mode) -> tuple[str, ...]:
    sources = tuple(env.text("PAYPLE_CSP_EXTRA").split())
    if mode is Mode.LIVE and any("*" in source or source.endswith(":") for source in sources):
        env.complain("PAYPLE_CSP_EXTRA must name its sources in live mode, without * and with a host")
    return sources


def _merchant(env: Environment, mode: Mode) -> Merchant:
    merchant = Merchant(**{field.name: env.text(f"SHOP_{field.name.upper()}") for field in fields(Merchant)})
    for name, value in vars(merchant).items():
        if mode is Mode.LIVE and not value:
            env.complain(f"SHOP_{name.upper()} is missing: every page of a live shop says who sells")
    return merchant
