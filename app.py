"""Builds the shop from its settings, and starts it.

Importing it builds the shop and nothing else: ``gunicorn app:app`` serves the shop alone, ``flask --app app`` finds its
commands. Run as a program it writes the first secrets, migrates, makes the first staff account, and starts the servers.
"""

import os
import sys
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import dotenv_values
from flask import Flask

from shop import schema
from shop.db import db
from shop.errors import StaffProblem
from shop.factory import create_app
from shop.processes import CannotServe, Server, is_done, require_free_ports, serve
from shop.services import catalogue, staff
from shop.settings import WEBHOOK_PATH, Mode, Settings, SettingsError, instance_folder, write_instance_secrets

HOME = Path(__file__).resolve().parent
INSTANCE = HOME / "instance"
UPGRADE = ("flask", "--app", "app", "db", "upgrade")
CANNOT_BOOT = 3
"""The status by which a worker tells gunicorn that starting it again would not help."""


def environment() -> dict[str, str]:
    """What .env says, overruled by real environment variables."""
    written = {name: value for name, value in dotenv_values(HOME / ".env").items() if value is not None}
    return written | os.environ


def main() -> int:
    """Prepare the installation, then run its servers until one ends or somebody stops them."""
    values = environment()
    try:
        if values.get("PAYPLE_MODE", "").strip() in ("", Mode.SIMULATOR):
            with suppress(OSError):  # it is not there yet, or another user's
                INSTANCE.chmod(0o700)
            write_instance_secrets(instance_folder(values, INSTANCE))
        settings = Settings.from_env(values, INSTANCE)
        servers = chosen_servers(settings)
        require_free_ports(servers)
        print("Preparing the database", flush=True)
        with create_app(settings).app_context():
            prepare_database(settings)
            announcement = banner(settings)
            db.engine.dispose()  # the servers are forks and must not share a connection
        print(f"Starting {', '.join(server.name for server in servers)}", flush=True)
        serve(servers, HOME, announcement)
    except (SettingsError, CannotServe) as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


def chosen_servers(settings: Settings) -> list[Server]:
    """The shop and, so that nothing stays open, its sweep; the simulator too when we play Payple ourselves.

    In live mode several machines may serve the shop: there an operator's timer runs the sweep.
    """
    if settings.mode is Mode.LIVE:
        return [shop(settings)]
    simulators = [simulator(settings)] if settings.mode is Mode.SIMULATOR else []
    return [shop(settings), *simulators, sweep()]


def shop(settings: Settings) -> Server:
    """Two workers use two cores; of eight threads six may wait for the gateway while the others answer."""
    command = (
        *("gunicorn", "app:app", "--bind", f"{bracketed(settings.host)}:{settings.shop_port}"),
        *("--workers", "2", "--worker-class", "gthread", "--threads", "8"),
        *("--graceful-timeout", "3", "--log-level", "warning", "--no-control-socket"),
    )
    ready_url = f"http://{near(settings.host)}:{settings.shop_port}/healthz"
    return Server("shop", command, settings.host, settings.shop_port, ready_url)


def simulator(settings: Settings) -> Server:
    """A program of its own, with its own host and database, as the gateway is for the shop."""
    command = (
        *("shop.simulator", "--host", settings.host),
        *("--port", str(settings.simulator_port), "--origin", settings.simulator_url),
        *("--data", str(settings.instance / "simulator.sqlite"), "--webhook-url", settings.shop_url + WEBHOOK_PATH),
        *("--webhook-host", str(urlsplit(settings.shop_url).hostname)),
        *("--merchant-page", f"{settings.shop_url}/demo/payments/"),
    )
    ready_url = f"http://{near(settings.host)}:{settings.simulator_port}/_sim"
    return Server("simulator", command, settings.host, settings.simulator_port, ready_url)


def near(host: str) -> str:
    """Where this machine reaches itself: an address that means "everywhere" is no destination."""
    return bracketed({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host))  # noqa: S104 - compared, not bound


def bracketed(host: str) -> str:
    """The host as an address writes it."""
    return f"[{host}]" if ":" in host else host


def sweep() -> Server:
    """Inquire about what is due, every ten seconds."""
    return Server("sweep", ("flask", "--app", "app", "sweep", "--every", "10"))


def prepare_database(settings: Settings) -> None:
    """Bring the schema up to date, fill an empty shop and make the first staff account, before any worker runs.

    :raises SettingsError: the database has another schema, or nobody could sign in and no first account is set
    """
    if schema.present_version() != schema.newest_version() and not is_done(UPGRADE, HOME):
        problem = "the database is of an older version: `make reset` deletes it and keeps the staff login"
        raise SettingsError([problem])
    if settings.mode is not Mode.LIVE:
        catalogue.seed_demo()
    if staff.exists():
        return
    if not settings.admin_username:
        raise SettingsError(["ADMIN_USERNAME and ADMIN_PASSWORD are missing: there is no staff account yet"])
    try:
        staff.add_first(settings.admin_username, settings.admin_password)
    except StaffProblem as problem:
        raise SettingsError([f"ADMIN_USERNAME or ADMIN_PASSWORD cannot be used: {problem}"]) from problem


def banner(settings: Settings) -> str:
    """What a person who has just started the program wants to know."""
    lines = [
        f"Payple reference shop, {settings.mode} mode",
        f"  shop       {settings.shop_url}",
        f"  staff      {settings.shop_url}/admin/",
    ]
    if settings.mode is Mode.SIMULATOR:
        lines += [
            f"  login      {login(settings)}",
            f"  simulator  {settings.simulator_url}",
            f"  console    {settings.simulator_url}/_sim",
            f"  demo       {settings.shop_url}/demo/",
        ]
    return "\n".join([*lines, "Ctrl-C stops everything."])


def login(settings: Settings) -> str:
    """The staff login of this simulator installation, as long as it is valid."""
    if staff.is_login(settings.admin_username, settings.admin_password):
        return f"{settings.admin_username} / {settings.admin_password}"
    return "an account of your own (flask --app app staff add NAME makes one)"


def served() -> Flask:
    """The shop for ``gunicorn`` and ``flask``: what its settings lack is said in sentences, not in a traceback."""
    try:
        return create_app(Settings.from_env(environment(), INSTANCE))
    except SettingsError as problem:
        print(problem, file=sys.stderr)
        sys.exit(CANNOT_BOOT)


if __name__ == "__main__":
    sys.exit(main())
else:
    app = served()
