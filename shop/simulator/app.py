"""The simulator as a Flask application."""

from __future__ import annotations

from flask import Flask, Response, request

from shop.simulator import clock, runs
from shop.simulator.messages import goods_text
from shop.simulator.runs import PUBLIC_TEST_RUN
from shop.simulator.settings import SimulatorSettings
from shop.simulator.storage import Storage
from shop.simulator.views import console, observing, pages, server_api, steering, window
from shop.simulator.views.language import effect_name, language, op_name, say, won

LARGEST_BODY = 256 * 1024
# No frame-ancestors and no form-action: merchants frame the window, and its result goes to their address.
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'"
)


def create_simulator(settings: SimulatorSettings) -> Flask:
    """Build the simulator on its own SQLite file."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    app.config["MAX_FORM_MEMORY_SIZE"] = LARGEST_BODY
    app.json.sort_keys = False  # type: ignore[attr-defined]  # Flask's own provider has it
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.extensions["simulator_settings"] = settings
    app.extensions["simulator_storage"] = _storage(settings)
    for blueprint in (server_api.bp, window.bp, pages.bp, observing.bp, steering.bp, console.bp):
        app.register_blueprint(blueprint)
    app.jinja_env.globals.update(language=language, say=say)
    app.jinja_env.filters.update(
        won=won, korea_time=clock.readable, goods_text=goods_text, op_name=op_name, effect_name=effect_name
    )
    app.after_request(_add_headers)
    return app


def _storage(settings: SimulatorSettings) -> Storage:
    storage = Storage(settings.data)
    with storage.writing() as db:
        if runs.by_id(db, PUBLIC_TEST_RUN.id) is None:
            runs.save(db, PUBLIC_TEST_RUN)
    return storage


def _add_headers(response: Response) -> Response:
    if response.mimetype == "text/html":
        response.headers.setdefault("Content-Security-Policy", CONTENT_POLICY)
        response.headers.setdefault("Cache-Control", "no-store")
    if request.path.startswith("/_sim"):
        response.headers["X-Frame-Options"] = "DENY"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
