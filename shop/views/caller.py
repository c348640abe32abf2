"""Who tries, as far as limits want to know."""

import ipaddress

from flask import request

from shop.services.limits import NOBODY, Caller
from shop.views.shop import settings

IPV6_HOME = 64
"""Bits. Behind them everybody has more addresses of their own than a limit can count."""


def caller(visitor: str = "") -> Caller:
    """The address that asks, and the browser where it has a mark of ours."""
    return Caller(_address(request.remote_addr or ""), visitor) if settings().rate_limits else NOBODY


def _address(text: str) -> str:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, IPV6_HOME), strict=False))
