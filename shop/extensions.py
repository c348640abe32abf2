"""Flask's extensions, created once and bound to the app in `factory.create_app`; its settings and its gateway client.

The database is in `shop.db`, because services and models use it without Flask.
"""

import ipaddress
from collections.abc import Callable
from typing import cast

from flask import current_app, request, session
from flask_babel import Babel
from flask_limiter import Limiter
from flask_login import LoginManager
from flask_wtf import CSRFProtect

from shop.payple import PaypleClient
from shop.settings import Settings

SHOP = "shop"
"""The key in ``app.extensions``."""
IPV6_HOME = 64
"""Bits. Behind them everybody has more addresses of their own than a limit can count."""
LONGEST = 60
"""Letters of a name, or of what is no address at all, such as the name of a socket."""


def address() -> str:
    """Where the request comes from: an IPv4 address, or the home of an IPv6 one."""
    text = request.remote_addr or "nowhere"
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return text[:LONGEST]
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, IPV6_HOME), strict=False))


def address_and_field(name: str, normal_form: Callable[[str], str]) -> Callable[[], str]:
    """Count by address and by what a field says: strangers elsewhere do not use up the tries of its owner."""
    return lambda: f"{address()} {normal_form(request.form.get(name, '')).upper()[:LONGEST]}"


def visitor_mark() -> str:
    """The browser's mark, or its address while it has none."""
    return str(session.get("visitor", "")) or address()


babel = Babel(configure_jinja=False)  # the templates have filters and a translator of their own
csrf = CSRFProtect()
login_manager = LoginManager()
limiter = Limiter(key_func=address)


def settings() -> Settings:
    """The settings this app was built with."""
    return cast(Settings, current_app.extensions[SHOP]["settings"])


def client() -> PaypleClient:
    """The one client of the gateway, with its pooled connections."""
    return cast(PaypleClient, current_app.extensions[SHOP]["client"])
