"""Who tries, as far as limits want to know."""

import ipaddress

from flask import request

from shop.services.limits import NOBODY, Caller
from shop.views.shop import settings

IPV6_HOME = 64
"""Bits. Behind them everybody has more addresses of their own than a limit can count."""
LONGEST = 60
"""Letters of what is no address at all, such as the name of a socket."""


def caller(visitor: str = "") -> Caller:
    """The address that asks, and the browser where it has a mark of ours."""
    return Caller(address(), visitor) if settings().rate_limits else NOBODY


def address() -> str:
    """Where the request comes from: an IPv4 address, or the home of an IPv6 one."""
    return _home(request.remote_addr or "")


def _home(text: str) -> str:
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return text[:LONGEST]
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, IPV6_HOME), strict=False))
