"""Reading what merchants send, whatever shape it is in, and reaching what every view needs."""

from __future__ import annotations

import json
from typing import Any

from flask import abort, current_app, request

from shop.simulator import runs, tokens
from shop.simulator.runs import DEFAULT, PUBLIC_TEST_RUN, Run
from shop.simulator.settings import SimulatorSettings
from shop.simulator.storage import Storage


def storage() -> Storage:
    """This simulator's file."""
    kept: Storage = current_app.extensions["simulator_storage"]
    return kept


def settings() -> SimulatorSettings:
    """This simulator's settings."""
    kept: SimulatorSettings = current_app.extensions["simulator_settings"]
    return kept


def read_message() -> dict[str, str]:
    """A merchant's message: a JSON object, or a form as older samples send. Anything else reads as an empty one."""
    if request.mimetype in ("application/x-www-form-urlencoded", "multipart/form-data"):
        return read_form()
    try:
        message = json.loads(request.get_data())
    except (ValueError, RecursionError):
        return {}
    return {name: _text(value) for name, value in message.items()} if isinstance(message, dict) else {}


def read_form() -> dict[str, str]:
    """A browser's form; of a repeated field the first counts."""
    return {_text(name): _text(value) for name, value in request.form.items()}


def read_order() -> dict[str, Any]:
    """An order to the control plane: a JSON object. No form, so that nobody else's page can give orders."""
    order = request.get_json(silent=True)
    if not isinstance(order, dict):
        raise ValueError("send a JSON object as application/json")
    return order


def current_run() -> Run:
    """The run that `?run=` names; without it, the default one."""
    with storage().reading() as db:
        return runs.by_id(db, request.args.get("run", DEFAULT)) or abort(404)


def run_of_token(asked: dict[str, str]) -> Run:
    """The run whose authentication a message carries; a message that carries none is told to the default run."""
    with storage().reading() as db:
        token = tokens.by_auth_key(db, asked.get("PCD_AUTH_KEY", ""))
        return (runs.by_id(db, token.run) if token else None) or PUBLIC_TEST_RUN


def _text(value: object) -> str:
    """Text that can be stored: numbers as they are written, nothing for what is no plain value."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).encode("utf-8", "replace").decode()
