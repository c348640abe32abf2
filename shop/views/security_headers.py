"""Headers of every answer: what a page may load, who may frame it, what it tells others, who may keep it.

The payment page is the only one that admits anything foreign, and only the gateway:

* the gateway's script comes with a nonce. Its file is changed in place, so it cannot be pinned by a hash (SRI);
  jQuery, which it wants in test and live mode, is pinned.
* it writes ``style`` attributes, so these are allowed there; style sheets and scripts inside the page are not.
* ``Cross-Origin-Opener-Policy: unsafe-none``: with ``same-origin`` the phone's payment window loses its opener, and the
  result with it; WebKit loses it with ``same-origin-allow-popups``, too.
* ``Referrer-Policy: strict-origin-when-cross-origin``: the gateway compares the page's host with the one that
  authenticated (AUTH0007), so the origin has to be told.
"""

import secrets

from flask import Flask, Response, g, request

from shop.extensions import settings
from shop.settings import Settings


def init_app(app: Flask) -> None:
    app.after_request(_add_headers)
    app.context_processor(lambda: {"nonce": g.get("nonce", "")})


def admit_gateway() -> None:
    """Mark this answer as the payment page."""
    g.nonce = secrets.token_urlsafe(16)


def _add_headers(response: Response) -> Response:
    nonce = g.get("nonce", "")
    headers = response.headers
    headers["Content-Security-Policy"] = _payment_policy(settings(), nonce) if nonce else _OWN_POLICY
    headers["Cross-Origin-Opener-Policy"] = "unsafe-none" if nonce else "same-origin"
    headers["Referrer-Policy"] = "strict-origin-when-cross-origin" if nonce else "same-origin"
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = "DENY"
    if settings().is_https:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    if request.endpoint != "static":
        headers.setdefault("Cache-Control", "no-store")
    return response


_OWN = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "img-src": ["'self'"],
    "connect-src": ["'self'"],
    "form-action": ["'self'"],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'none'"],
}


def _payment_policy(settings: Settings, nonce: str) -> str:
    gateway = [settings.gateway.origin, *settings.csp_extra]
    return _policy(
        _OWN
        | {
            "script-src": [f"'nonce-{nonce}'", *gateway],
            "style-src": ["'self'", *gateway],
            "style-src-attr": ["'unsafe-inline'"],
            "img-src": ["'self'", *gateway],
            "connect-src": ["'self'", *gateway],
            "frame-src": gateway,
            "form-action": ["'self'", *gateway],
        }
    )


def _policy(directives: dict[str, list[str]]) -> str:
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in directives.items())


_OWN_POLICY = _policy(_OWN)
