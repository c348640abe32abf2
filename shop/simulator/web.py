"""What every route needs: the simulator's settings and store, what was sent, whose run it is, which language."""

import ipaddress
import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, abort, current_app, jsonify, request
from flask.typing import ResponseReturnValue

from shop.simulator import runs
from shop.simulator.fields import Fields
from shop.simulator.runs import PUBLIC_TEST_RUN, Run
from shop.simulator.store import Store

Types = Mapping[str, tuple[type, ...]]


@dataclass(frozen=True)
class SimulatorSettings:
    """`data` is the simulator's SQLite file, `origin` its address in answers, without a slash at the end.

    `webhook_url` is where the default run's webhooks go; `webhook_hosts` are hosts besides this machine to which the
    simulator may send requests at all. `merchant_page` is where the default run's merchant shows a payment whose number
    is appended; the console links to it.
    """

    data: Path
    origin: str = "http://127.0.0.1:8001"
    webhook_url: str = ""
    webhook_hosts: tuple[str, ...] = ()
    merchant_page: str = ""


def settings() -> SimulatorSettings:
    kept: SimulatorSettings = current_app.extensions["simulator_settings"]
    return kept


def database() -> Store:
    kept: Store = current_app.extensions["simulator_store"]
    return kept


def read_message() -> Fields:
    """A merchant's message: a JSON object, whatever its content type, or a form as older samples send.

    Anything else reads as an empty one.
    """
    body = request.get_data()
    is_form = request.mimetype in ("application/x-www-form-urlencoded", "multipart/form-data")
    if is_form and not body.lstrip().startswith(b"{"):
        return read_form()
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return {name: _text(value) for name, value in message.items()} if isinstance(message, dict) else {}


def read_form() -> Fields:
    """A browser's form; of a repeated field the first counts."""
    return {_text(name): _text(value) for name, value in request.form.items()}


def read_order(types: Types | None = None, needed: tuple[str, ...] = ()) -> dict[str, Any]:
    """An order to the control plane: a JSON object with members of these types, or any without types.

    Raises ValueError with a sentence. No form is taken, so that nobody else's page can give orders.
    """
    order = request.get_json(silent=True)
    if not isinstance(order, dict):
        raise ValueError("send a JSON object as application/json")
    if types is None:
        return order
    if set(order) - set(types) or set(needed) - set(order):
        members = ", ".join(name if name in needed else f"{name}?" for name in types)
        raise ValueError(f"send {{{members}}}")
    for name, value in order.items():
        if not isinstance(value, types[name]) or (isinstance(value, bool) and bool not in types[name]):
            raise ValueError(f"{name} has a value of the wrong type")
    return order


def current_run(db: sqlite3.Connection | None = None) -> Run:
    """The run that `?run=` names; without it, the default one."""
    if db is None:
        with database().reading() as connection:
            return current_run(connection)
    return runs.by_id(db, request.args.get("run", PUBLIC_TEST_RUN.id)) or abort(404)


def refuse_other_hosts() -> ResponseReturnValue | None:
    """Refuse requests under other names: a page may lead a name of its own to this machine and read the answers.

    Own names are any IP address, localhost, that of the origin, and Payple's: merchants with fixed addresses lead them
    here.
    """
    host = host_of(request.host)
    if host in ("localhost", host_of(settings().origin)) or host.endswith(".payple.kr") or _is_address(host):
        return None
    return jsonify(error=f"{host} is not a name of this simulator; --origin gives it one"), 421


def refuse_other_origins() -> ResponseReturnValue | None:
    """Refuse orders to the control plane from pages of another origin; programs send no Origin."""
    if request.method in ("GET", "HEAD", "OPTIONS") or not request.path.startswith("/_sim"):
        return None
    origin = request.headers.get("Origin")
    if origin is None or urlsplit(origin).netloc == request.host:
        return None
    return jsonify(error="orders are taken from the console itself, not from other pages"), 403


def control_blueprint(name: str, path: str = "") -> Blueprint:
    """Routes below `/_sim`; a ValueError in them answers a wrong order with its sentence."""
    blueprint = Blueprint(name, __name__, url_prefix=f"/_sim{path}")

    @blueprint.errorhandler(ValueError)
    def explain(error: ValueError) -> ResponseReturnValue:
        return jsonify(error=str(error).encode("utf-8", "replace").decode()), 400

    return blueprint


def host_of(address: str) -> str:
    """The host of a Referer or a page address, in lower case; blank for none."""
    try:
        return urlsplit(address if "//" in address else f"//{address}").hostname or ""
    except ValueError:
        return ""


def origin_of(address: str) -> str:
    """Scheme, host and port of a page; blank for anything that is no web page."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") and parts.netloc else ""


def language() -> str:
    """`ko` or `en`: chosen by `?lang=`, else by the browser, else Korean."""
    wished = request.args.get("lang")
    return wished if wished in ("ko", "en") else request.accept_languages.best_match(("ko", "en"), "ko")


def say(ko: str, en: str) -> str:
    return en if language() == "en" else ko


def won(amount: int) -> str:
    return say(f"{amount:,}원", f"₩{amount:,}")


def _is_address(host: str) -> bool:
    try:
        return bool(ipaddress.ip_address(host))
    except ValueError:
        return False


def _text(value: object) -> str:
    """Text that can be stored: numbers as they are written, nothing for what is no plain value."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).encode("utf-8", "replace").decode()
