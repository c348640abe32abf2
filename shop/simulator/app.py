"""The simulator as a Flask application."""

from dataclasses import replace

from flask import Flask, Response, current_app, render_template, request

from shop.simulator import clock, runs
from shop.simulator.api import authentication, billing_key, cancel, cash_receipt, confirm, inquiry, link, payer, slip
from shop.simulator.api import window as window_call
from shop.simulator.calls import explain_to_browsers
from shop.simulator.control import barriers, console, faults, payments, scenarios, webhooks
from shop.simulator.control import clock as clock_routes
from shop.simulator.control import runs as run_routes
from shop.simulator.store import Store
from shop.simulator.web import SimulatorSettings, language, refuse_other_hosts, refuse_other_origins, say, won
from shop.simulator.webhooks import WebhookSender, checked_address

CALLS = (authentication, window_call, payer, confirm, inquiry, cancel, cash_receipt, billing_key, link, slip)
CONTROL = (payments, scenarios, faults, webhooks, clock_routes, run_routes, barriers, console)
LARGEST_BODY = 256 * 1024


def create_simulator(settings: SimulatorSettings) -> Flask:
    return open_data(create_application(), settings)


def create_application() -> Flask:
    app = Flask(__name__)
    app.config.update(MAX_CONTENT_LENGTH=LARGEST_BODY, MAX_FORM_MEMORY_SIZE=LARGEST_BODY)
    app.json.sort_keys = False  # type: ignore[attr-defined]  # Flask's own provider has it
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    for part in (*CALLS, *CONTROL):
        app.register_blueprint(part.bp)
    app.jinja_env.globals.update(language=language, say=say)
    app.jinja_env.filters.update(won=won, korea_time=clock.readable)
    app.jinja_env.filters.update(op_name=console.op_name, effect_name=console.effect_name)
    app.before_request(refuse_other_hosts)
    app.before_request(refuse_other_origins)
    app.before_request(explain_to_browsers)
    app.after_request(_add_headers)
    app.teardown_request(_wake_webhooks)
    app.register_error_handler(404, lambda _error: (render_template("missing.html"), 404))
    return app


def open_data(app: Flask, settings: SimulatorSettings) -> Flask:
    """Let the application serve this file; tests give the same one a new file each."""
    store = Store(settings.data)
    with store.writing() as db:
        run = runs.by_id_or_default(db, "")
        address = checked_address(settings.webhook_url, settings.webhook_hosts)
        runs.save(db, replace(run, webhook_url=address or run.webhook_url))
    app.extensions |= {
        "simulator_settings": settings,
        "simulator_store": store,
        "simulator_webhooks": WebhookSender(store),
        "simulator_barriers": barriers.Barriers(),
    }
    return app


def _wake_webhooks(_error: BaseException | None) -> None:
    if request.method != "GET":
        current_app.extensions["simulator_webhooks"].wake()


def _add_headers(response: Response) -> Response:
    if response.mimetype == "text/html":
        response.headers.setdefault("Content-Security-Policy", window_call.CONTENT_POLICY)
        response.headers.setdefault("Cache-Control", "no-store")
    if request.path.startswith("/_sim"):
        response.headers["X-Frame-Options"] = "DENY"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
