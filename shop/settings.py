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
KEY_NAMES = ("PAYPLE_CST_ID", "PAYPLE_CUST_KEY", "PAYPLE_REFUND_KEY", "PAYPLE_CLIENT_KEY")
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
    """A setting that is one or the other."""

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
        env, instance = Environment(values), instance_folder(values, instance)
        mode = env.choice("PAYPLE_MODE", Mode, Mode.SIMULATOR)
        shop_port = env.whole("SHOP_PORT", 8000, least=1, most=65535)
        simulator_port = env.whole("SIMULATOR_PORT", 8001, least=1, most=65535)
        shop_url = _shop_url(env, mode, shop_port)
        simulator_url = env.origin("SIMULATOR_URL", f"http://127.0.0.1:{simulator_port}")
        admin_username, admin_password = _admin(env, mode, instance)
        order_minutes = env.whole("ORDER_MINUTES", 60, least=LEAST_ORDER_MINUTES, most=10_080)
        settings = cls(
            mode=mode,
            shop_url=shop_url,
            simulator_url=simulator_url if mode is Mode.SIMULATOR else "",
            host=_host(env, mode),
            shop_port=shop_port,
            simulator_port=simulator_port,
            database_url=_database_url(env, instance),
            secret_key=_secret_key(env, mode, instance),
            secret_key_fallbacks=_secret_key_fallbacks(env),
            admin_username=admin_username,
            admin_password=admin_password,
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
            csp_extra=_csp_extra(env),
            merchant=Merchant(**{field.name: env.text(f"SHOP_{field.name.upper()}") for field in fields(Merchant)}),
            instance=instance,
        )
        if shop_port == simulator_port and mode is Mode.SIMULATOR:
            env.complain("SHOP_PORT and SIMULATOR_PORT must differ: they are two servers")
        if mode is Mode.LIVE:
            _refuse_demo_values(env, settings)
        if env.problems:
            raise SettingsError(env.problems)
        return settings


def _refuse_demo_values(env: Environment, settings: Settings) -> None:
    """Note what a demonstration may have, but no shop that takes real money."""
    for name, value in vars(settings.merchant).items():
        if not value:
            env.complain(f"SHOP_{name.upper()} is missing: every page of a live shop says who sells")
    for name, secret in (
        ("SECRET_KEY", settings.secret_key),
        *(("SECRET_KEY_FALLBACKS", key) for key in settings.secret_key_fallbacks),
        ("ADMIN_PASSWORD", settings.admin_password),
    ):
        if len(set(secret)) == 1:
            env.complain(f"{name} is one character again and again: set a random text in live mode")
    if not settings.rate_limits:
        env.complain("RATE_LIMITS must be on in live mode")
    if any("*" in source or source.endswith(":") for source in settings.csp_extra):
        env.complain("PAYPLE_CSP_EXTRA must name its sources in live mode, without * and with a host")


def instance_folder(values: Mapping[str, str], usual: Path) -> Path:
    """Where databases and made-up secrets are: INSTANCE_FOLDER, or the usual place. A relative one is beside that."""
    return usual.parent / (values.get("INSTANCE_FOLDER", "").strip() or usual)


def write_instance_secrets(instance: Path) -> None:
    """Make up the secrets of a simulator installation once. Whoever comes second finds the first one's whole file.

    A file of an older version gets what it lacks and keeps what it has.
    """
    instance.mkdir(parents=True, exist_ok=True)
    kept, made_up = _instance_secrets(instance), _new_secrets()
    if made_up.keys() <= kept.keys():
        return
    draft = instance / f".{_SECRETS_FILE}.{os.getpid()}"
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(made_up | kept, file)
    if kept:
        draft.replace(instance / _SECRETS_FILE)
        return
    with suppress(FileExistsError):
        os.link(draft, instance / _SECRETS_FILE)
    draft.unlink()


def _new_secrets() -> dict[str, str]:
    return {
        "SECRET_KEY": secrets.token_urlsafe(48),
        "ADMIN_USERNAME": "staff",
        "ADMIN_PASSWORD": secrets.token_urlsafe(12),
    }


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
    given = {name: env.text(name) for name in KEY_NAMES}
    public = Credentials.public_test()
    missing = [name for name, value in given.items() if not value]
    if mode is not Mode.LIVE and len(missing) == len(KEY_NAMES):
        return public
    for name in missing:
        env.complain(f"{name} is missing" if mode is Mode.LIVE else f"{name} is missing although another key is set")
    keys = Credentials(
        cst_id=given["PAYPLE_CST_ID"],
        cust_key=given["PAYPLE_CUST_KEY"],
        refund_key=given["PAYPLE_REFUND_KEY"],
        client_key=given["PAYPLE_CLIENT_KEY"],
    )
    _refuse_keys_of_others(env, mode, keys)
    return keys


def _refuse_keys_of_others(env: Environment, mode: Mode, keys: Credentials) -> None:
    """Each gateway gets its own keys only, as far as they tell whose they are."""
    public = Credentials.public_test()
    for name, key, known in (
        ("PAYPLE_CST_ID", keys.cst_id, public.cst_id),
        ("PAYPLE_CUST_KEY", keys.cust_key, public.cust_key),
        ("PAYPLE_REFUND_KEY", keys.refund_key, public.refund_key),
        ("PAYPLE_CLIENT_KEY", keys.client_key, public.client_key),
    ):
        is_public = key == known or (name == "PAYPLE_CLIENT_KEY" and key.startswith(f"{public.cst_id}_"))
        problem = _problem_of_key(mode, key, is_public=is_public, is_id=name == "PAYPLE_CST_ID")
        if key and problem:
            env.complain(f"{name} is {problem}")


def _problem_of_key(mode: Mode, key: str, *, is_public: bool, is_id: bool) -> str:
    """Why a key must not be used in this mode, if it tells: the simulator writes its name into those it issues."""
    is_simulated = "simulator" in key.lower()
    if mode is Mode.LIVE and is_public:
        return "the public test value, which must not be used in live mode"
    if mode is not Mode.SIMULATOR and is_simulated:
        return "a key of the simulator, which Payple does not know"
    if mode is Mode.SIMULATOR and not (is_public or is_simulated or is_id):
        return "no key of the simulator: leave your real keys out, or set PAYPLE_MODE to test or live"
    return ""


def _secret_key(env: Environment, mode: Mode, instance: Path) -> str:
    key = env.text("SECRET_KEY")
    if not key and mode is Mode.SIMULATOR:
        key = _instance_secrets(instance).get("SECRET_KEY", "")
    if not key:
        hint = " (or run `python app.py` once, which makes one up)" if mode is Mode.SIMULATOR else ""
        env.complain(f"SECRET_KEY is missing: set a long random text{hint}")
    elif len(key) < LEAST_SECRET_KEY:
        env.complain(f"SECRET_KEY is too short: at least {LEAST_SECRET_KEY} characters")
    return key


def _secret_key_fallbacks(env: Environment) -> tuple[str, ...]:
    """Keys whose signatures are still good, or will be: as strong as the one that signs."""
    keys = tuple(key.strip() for key in env.text("SECRET_KEY_FALLBACKS").split(",") if key.strip())
    if any(len(key) < LEAST_SECRET_KEY for key in keys):
        env.complain(f"SECRET_KEY_FALLBACKS holds a key that is too short: at least {LEAST_SECRET_KEY} characters each")
    return keys


def _admin(env: Environment, mode: Mode, instance: Path) -> tuple[str, str]:
    """Name and password of the first staff account; blank is fine once there is one."""
    name, password = env.text("ADMIN_USERNAME"), env.text("ADMIN_PASSWORD")
    if bool(name) != bool(password):
        env.complain("ADMIN_USERNAME and ADMIN_PASSWORD belong together: set both or neither")
    elif name and len(password) < LEAST_ADMIN_PASSWORD:
        env.complain(f"ADMIN_PASSWORD is too short: at least {LEAST_ADMIN_PASSWORD} characters")
    if mode is Mode.SIMULATOR and not name:
        kept = _instance_secrets(instance)
        return kept.get("ADMIN_USERNAME", ""), kept.get("ADMIN_PASSWORD", "")
    return name, password


def _instance_secrets(instance: Path) -> dict[str, str]:
    try:
        return dict(json.loads((instance / _SECRETS_FILE).read_text()))
    except (FileNotFoundError, ValueError):
        return {}


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
    names = env.text("PAYPLE_EASY_PAY", ",".join(EASY_PAY) if mode is Mode.SIMULATOR else "")
    easy_pay = [name.strip() for name in names.split(",") if name.strip()]
    if not set(easy_pay) <= set(EASY_PAY):
        env.complain(f"PAYPLE_EASY_PAY must name {' or '.join(EASY_PAY)}, separated by a comma, not {names!r}")
    return tuple(method for method in Method if method not in EASY_PAY or method in easy_pay)


def _rate_limits(env: Environment, mode: Mode) -> bool:
    """Off by default with the simulator, where one machine plays thousands of buyers."""
    default = Switch.OFF if mode is Mode.SIMULATOR else Switch.ON
    return env.choice("RATE_LIMITS", Switch, default) is Switch.ON


def _ratelimit_storage_uri(env: Environment) -> str:
    uri = env.text("RATELIMIT_STORAGE_URI", "memory://")
    if not uri.startswith(("memory://", "redis://", "rediss://")):
        env.complain("RATELIMIT_STORAGE_URI must begin with memory://, redis:// or rediss://")
    return uri


def _csp_extra(env: Environment) -> tuple[str, ...]:
    """Further sources for the payment page, separated by blanks; nothing that could end the directive."""
    text = env.text("PAYPLE_CSP_EXTRA")
    if any(character in text for character in ";,\r\n") or not text.isascii():
        env.complain("PAYPLE_CSP_EXTRA must be sources separated by blanks, without ; or ,")
        return ()
    return tuple(text.split())
