"""The shop, put together. Reads like a table of contents."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from socket import SHUT_RD
from threading import Timer
from urllib.parse import urlsplit

import requests
from flask import Flask, request
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.middleware.proxy_fix import ProxyFix

from shop import cli, clock, db, demo, logs, schema
from shop.extensions import SHOP, csrf, limiter, login_manager
from shop.payple import PaypleClient
from shop.services import journal
from shop.settings import Mode, Settings
from shop.views import (
    admin,
    callbacks,
    cart,
    catalogue,
    error_pages,
    health,
    hosts,
    orders,
    payments,
    policies,
    saved_methods,
    security_headers,
    static_files,
    subscriptions,
    template_filters,
)
from shop.views.forms import RowConverter

ROOT = Path(__file__).parent.parent
LARGEST_BODY = 64 * 1024
"""Bytes. The largest honest request is a payment result of a few kilobytes."""
MOST_FIELDS = 200
BODY_SECONDS = 1.5
"""How long a body may take. Without a limit a few stalled clients hold every thread."""
QUICK = 1000
"""Inquiries per second."""
MOST_CALLS = 6
"""Calls to the gateway at a time and worker: of eight threads, two always serve pages."""


def create_app(settings: Settings, http: requests.Session | None = None) -> Flask:
    """Build the shop for these settings. Nothing is written, migrated or asked of the gateway yet.

    ``http`` replaces the session that reaches the gateway: tests put the simulator behind it, without a socket.
    """
    logs.configure()
    app = Flask("shop", template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static"))
    _configure(app, settings)
    app.url_map.strict_slashes = app.url_map.merge_slashes = False  # redirects of Flask's own name the Host asked for
    db.init_app(app)
    schema.init_app(app)
    app.extensions[SHOP] = {"settings": settings, "client": _client(settings, http)}
    template_filters.init_app(app, ";".join(str(ROOT / part / "translations") for part in ("shop", "shop/demo")))
    _limit_bodies(app)
    security_headers.init_app(app)
    static_files.init_app(app)
    app.before_request(hosts.require_own_host)
    error_pages.init_app(app)
    csrf.init_app(app)
    csrf.exempt(callbacks.bp)  # payment results arrive there, from pages that are not ours
    limiter.init_app(app)
    login_manager.init_app(app, add_context_processor=False)  # the templates get what they show from the staff area
    app.url_map.converters["row"] = RowConverter
    for module in (catalogue, cart, orders, payments, policies, callbacks, saved_methods, subscriptions, health, admin):
        app.register_blueprint(module.bp)
    cli.init_app(app)
    _add_demo(app, settings, http)
    if settings.trusted_proxies:  # else no request header names the caller's address
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.trusted_proxies, x_proto=0)  # type: ignore[method-assign]
    return app


def _configure(app: Flask, settings: Settings) -> None:
    app.config.from_mapping(
        SERVER_NAME=urlsplit(settings.shop_url).netloc,  # routes and addresses do not depend on the Host of a request
        SECRET_KEY=settings.secret_key,
        SECRET_KEY_FALLBACKS=list(settings.secret_key_fallbacks),
        WTF_CSRF_SECRET_KEY=[*settings.secret_key_fallbacks, settings.secret_key],  # the last one signs, all are good
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=db.engine_options(settings.database_url),
        MAX_CONTENT_LENGTH=LARGEST_BODY,
        MAX_FORM_MEMORY_SIZE=LARGEST_BODY,
        MAX_FORM_PARTS=MOST_FIELDS,
        PERMANENT_SESSION_LIFETIME=timedelta(days=365),  # subscriptions and saved cards are found by it
        SESSION_REFRESH_EACH_REQUEST=False,  # a result post must not set a cookie
        SESSION_COOKIE_NAME="__Host-shop" if settings.is_https else "shop",
        SESSION_COOKIE_SAMESITE="Lax",  # lost on the cross-site result post, back on the GET that follows
        SESSION_COOKIE_SECURE=settings.is_https,
        SESSION_COOKIE_HTTPONLY=True,
        RATELIMIT_ENABLED=settings.rate_limits,
        RATELIMIT_STORAGE_URI=settings.ratelimit_storage_uri,
        RATELIMIT_STORAGE_OPTIONS={"socket_connect_timeout": 1, "socket_timeout": 1},  # seconds, for Redis
        RATELIMIT_SWALLOW_ERRORS=True,  # a limit that cannot be counted stops no payment
        SESSION_PROTECTION=None,  # a phone changes its address, which ends no staff session
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session: a buyer may think for an hour
    )


def _limit_bodies(app: Flask) -> None:
    @app.before_request
    def read_body() -> None:
        connection = request.environ.get("gunicorn.socket")
        if connection is None:
            return
        length = request.content_length or 0
        if "Transfer-Encoding" in request.headers or length > LARGEST_BODY:  # a chunked body does not say its length
            with suppress(OSError):  # the client may be gone
                connection.shutdown(SHUT_RD)
            raise RequestEntityTooLarge
        if not length:
            return
        limit = Timer(BODY_SECONDS, connection.shutdown, [SHUT_RD])
        limit.start()
        try:
            is_whole = len(request.get_data()) >= length
        finally:
            limit.cancel()
        if not is_whole:
            raise ClientDisconnected


def _client(settings: Settings, http: requests.Session | None) -> PaypleClient:
    return PaypleClient(
        settings.gateway,
        settings.credentials,
        referer=settings.shop_url,
        timeouts=settings.timeouts,
        inquiries_per_second=settings.inquiries_per_second,
        observer=journal.keep_exchange,
        max_calls=MOST_CALLS,
        http=http,
    )


def _add_demo(app: Flask, settings: Settings, http: requests.Session | None) -> None:
    """The simulator takes any number of inquiries, so the demo's own client does not wait between two."""
    clock.keep_offset_in(None)
    if settings.mode is Mode.SIMULATOR:
        demo.init_app(app, settings, _client(replace(settings, inquiries_per_second=QUICK), http), http)
