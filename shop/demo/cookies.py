"""The session cookie of a browser that never was, for tests that put it into theirs."""

from flask import current_app
from flask.sessions import SecureCookieSessionInterface

from shop.extensions import settings
from shop.services.orders import Visitor


def cookies_of(visitor: Visitor) -> list[dict[str, object]]:
    """The cookies of this visitor, in the form that Playwright's ``add_cookies`` takes."""
    sessions = current_app.session_interface
    signer = (
        sessions.get_signing_serializer(current_app) if isinstance(sessions, SecureCookieSessionInterface) else None
    )
    if signer is None:
        raise RuntimeError("a shop without SECRET_KEY has no sessions")
    value = signer.dumps({"visitor": visitor.mark, "_permanent": True})
    cookie = {"name": current_app.config["SESSION_COOKIE_NAME"], "value": value, "url": settings().shop_url}
    return [cookie | {"httpOnly": True, "secure": settings().is_https, "sameSite": "Lax"}]
