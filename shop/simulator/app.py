"""The simulator as a Flask application."""

from __future__ import annotations

from flask import Flask, Response, request

from shop.simulator import bench, clock, outgoing, runs
from shop.simulator.barriers import Barriers
from shop.simulator.messages import goods_text
from shop.simulator.postman import Postman
from shop.simulator.runs import PUBLIC_TEST_RUN
from shop.simulator.settings import SimulatorSettings
from shop.simulator.storage import Storage
from shop.simulator.views import (
    backstage,
    billing_api,
    console,
    driving,
    link_pages,
    observing,
    pages,
    partners,
    refunds_api,
    scripting,
    server_api,
    steering,
    window,
)
from shop.simulator.views.guarding import refuse_strangers
from shop.simulator.views.language import effect_name, language, op_name, say, won
from shop.simulator.views.page_policy import CONTENT_POLICY

BLUEPRINTS = (
    *(server_api.bp, refunds_api.bp, billing_api.bp, window.bp, pages.bp, link_pages.bp),
    *(observing.bp, steering.bp, scripting.bp, partners.bp, driving.bp, backstage.bp, console.bp),
)
LARGEST_BODY = 256 * 1024


def create_simulator(settings: SimulatorSettings) -> Flask:
    """Build the simulator on its own SQLite file."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    app.config["MAX_FORM_MEMORY_SIZE"] = LARGEST_BODY
    app.json.sort_keys = False  # type: ignore[attr-defined]  # Flask's own provider has it
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.extensions["simulator_settings"] = settings
    app.extensions["simulator_storage"] = storage = _storage(settings)
    app.extensions["simulator_postman"] = postman = Postman(storage)
    app.extensions["simulator_barriers"] = Barriers()
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    app.jinja_env.globals.update(language=language, say=say)
    app.jinja_env.filters.update(
        won=won, korea_time=clock.readable, goods_text=goods_text, op_name=op_name, effect_name=effect_name
    )
    app.before_request(refuse_strangers)
    app.after_request(_add_headers)
    app.teardown_request(lambda _: postman.wake() if request.method != "GET" else None)
    return app


def _storage(settings: SimulatorSettings) -> Storage:
    storage = Storage(settings.data)
    with storage.writing() as db:
        if runs.by_id(db, PUBLIC_TEST_RUN.id) is None:
            runs.save(db, PUBLIC_TEST_RUN)
        bench.register_default(
            db, PUBLIC_TEST_RUN, outgoing.checked_address(settings.webhook_url, settings.webhook_hosts)
        )
    return storage


def _add_headers(response: Response) -> Response:
    if response.mimetype == "text/html":
        response.headers.setdefault("Content-Security-Policy", CONTENT_POLICY)
        response.headers.setdefault("Cache-Control", "no-store")
    if request.path.startswith("/_sim"):
        response.headers["X-Frame-Options"] = "DENY"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
