"""Headers and cookies, on every address there is: found by asking the app itself, so that a new page is read too."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from shop.db import db
from shop.factory import create_app
from shop.settings import Settings
from tests.live import LIVE
from tests.page import PageClient
from tests.world import SIMULATOR, World


def addresses(app: Flask, order_no: str) -> list[tuple[str, str]]:
    """Every route with every method, and some that lead nowhere. The reset of the demo would take the order away."""
    values = {"order_no": order_no, "slug": "test-product", "attempt_no": "A", "filename": "css/base.css"}
    return [("GET", "/nothing-here"), ("DELETE", "/"), ("POST", "/nothing-here")] + [
        (method, re.sub(r"<(?:\w+:)?(\w+)>", lambda part: values.get(part[1], "1"), rule.rule))
        for rule in app.url_map.iter_rules()
        if not rule.rule.endswith("/reset")
        for method in sorted((rule.methods or set()) - {"OPTIONS"})
    ]


def assert_headers(response: TestResponse, where: str) -> None:
    headers, policy = response.headers, response.headers["Content-Security-Policy"]
    assert all(f"{directive} 'none'" in policy for directive in ("default-src", "frame-ancestors", "base-uri")), where
    assert "unsafe-inline" not in policy.replace("style-src-attr 'unsafe-inline'", ""), where
    assert headers["X-Frame-Options"] == "DENY", where
    assert headers["X-Content-Type-Options"] == "nosniff", where
    opener = "unsafe-none" if "nonce" in policy else "same-origin"
    referrer = "strict-origin-when-cross-origin" if "nonce" in policy else "same-origin"
    assert (headers["Cross-Origin-Opener-Policy"], headers["Referrer-Policy"]) == (opener, referrer), where
    assert " /static" in where or headers["Cache-Control"] == "no-store", where
    assert "Server" not in headers, where


def test_every_address_answers_with_every_header_whoever_asks(
    world: World, officer: PageClient, buyer: PageClient, order_no: str
) -> None:
    asked = addresses(world.app, order_no)

    for browser in (world.browser(), buyer, officer):
        for method, path in asked:
            response = browser.open(path, method=method)
            assert response.status_code < 500, f"{method} {path}"
            assert_headers(response, f"{method} {path}")
    assert len(asked) > 40


def test_error_pages_have_every_header(buyer: PageClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("shop.services.orders.history")

    assert_headers(buyer.get("/orders", 500).response, "GET /orders")


def test_only_the_payment_page_admits_the_gateway(buyer: PageClient, order_no: str) -> None:
    for path in ("/", "/products/test-product", "/cart", "/orders", "/orders/lookup", "/admin/login"):
        assert SIMULATOR not in buyer.get(path).response.headers["Content-Security-Policy"]

    page = buyer.get(f"/orders/{order_no}")

    policy = page.response.headers["Content-Security-Policy"]
    assert f"frame-src {SIMULATOR}" in policy
    assert f"form-action 'self' {SIMULATOR}" in policy
    assert all(tag["nonce"] in policy for name, tag in page.tags.all if name == "script")


def cookies_of(response: TestResponse) -> dict[str, set[str]]:
    """The attributes of each cookie, but for when it ends."""
    cookies = (cookie.split("; ") for cookie in response.headers.getlist("Set-Cookie"))
    timeless = {"Expires", "Max-Age"}
    return {
        first.partition("=")[0]: {name for name in more if name.partition("=")[0] not in timeless}
        for first, *more in cookies
    }


def test_a_cookie_is_for_this_site_and_no_script_and_without_https_nobody_has_to_insist_on_it(
    buyer: PageClient,
) -> None:
    token = buyer.csrf_token()

    added = buyer.post("/cart/items", {"product": "test-product", "quantity": "1", "csrf_token": token})

    attributes = {"HttpOnly", "Path=/", "SameSite=Lax"}
    assert cookies_of(added) == dict.fromkeys(("shop", "cart", "cart.test-product"), attributes)
    assert "Strict-Transport-Security" not in added.headers


def test_in_live_mode_every_answer_insists_on_https_and_the_cookie_is_bound_to_it_and_the_host(
    filled_database: Path, tmp_path: Path
) -> None:
    """No page that is asked for here calls the gateway."""
    shutil.copy(filled_database, tmp_path / "shop.sqlite")
    app = create_app(Settings.from_env(LIVE | {"DATABASE_URL": f"sqlite:///{tmp_path / 'shop.sqlite'}"}, tmp_path))
    live = app.test_client()

    with_session = live.get("/orders/lookup", base_url="https://shop.example.kr")
    assert cookies_of(with_session) == {"__Host-shop": {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"}}
    for path in ("/", "/cart", "/orders", "/admin/login", "/nothing-here", "/healthz", "/static/css/base.css"):
        response = live.get(path, base_url="https://shop.example.kr", buffered=True)
        assert response.headers["Strict-Transport-Security"] == "max-age=31536000", path
        assert_headers(response, f"GET {path}")
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
