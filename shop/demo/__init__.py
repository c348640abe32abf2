"""The demo: orders in a wanted state, one clock for shop and simulator, a reset. In simulator mode only.

It buys, pays and refunds through the services that everybody uses and through the simulator's own pages. It writes no
state of a payment itself.
"""

import requests
from flask import Flask

from shop import clock
from shop.demo import api, attack_views, conversation_views, tour_views, views
from shop.demo.simulator import Simulator
from shop.demo.tools import DEMO, Tools
from shop.extensions import csrf
from shop.payple import PaypleClient
from shop.settings import Settings


def init_app(app: Flask, settings: Settings, client: PaypleClient, http: requests.Session | None) -> None:
    """Add the demo to a shop in simulator mode. ``http`` replaces the session that reaches the simulator."""
    simulator = Simulator(http or requests.Session(), settings.simulator_url, settings.credentials.cst_id)
    app.extensions[DEMO] = Tools(simulator, client)
    clock.keep_offset_in(settings.instance / "clock")
    csrf.exempt(api.bp)
    app.register_blueprint(api.bp)
    app.register_blueprint(views.bp)
    app.register_blueprint(conversation_views.bp)
    app.register_blueprint(attack_views.bp)
    tour_views.init_app(app)
