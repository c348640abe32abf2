"""Pages are opened under the host of ``SHOP_URL`` only: the cookie and the payment window depend on it."""

from http import HTTPStatus
from urllib.parse import quote, urlsplit

from flask import redirect, request
from flask.typing import ResponseReturnValue

from shop.extensions import settings
from shop.settings import RESULT_PATH, WEBHOOK_PATH
from shop.views import error_pages

UNDER_ANY_HOST = (RESULT_PATH, WEBHOOK_PATH, "/healthz")
"""What payment pages, the gateway and monitors ask for."""


def require_own_host() -> ResponseReturnValue | None:
    """Redirect a GET under a foreign host to ``SHOP_URL``, and refuse everything else there."""
    home = settings().shop_url
    is_home = urlsplit(f"//{request.host}").hostname == urlsplit(home).hostname
    if is_home or request.path in UNDER_ANY_HOST or request.endpoint == "static":
        return None
    if request.method not in ("GET", "HEAD"):
        return error_pages.foreign_host()
    query = f"?{request.query_string.decode(errors='replace')}" if request.query_string else ""
    return redirect(f"{home}{quote(request.path)}{query}", code=HTTPStatus.PERMANENT_REDIRECT)
