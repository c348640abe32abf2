"""Requests that the simulator sends by itself: webhooks, and word to the driver of a barrier."""

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

import requests

LIMIT = 10.0
ACCEPTED = range(200, 300)


class NotAnswered(Exception):
    """No answer within the limit, or none that is HTTP; carries the reason."""


def checked_address(url: object, allowed_hosts: tuple[str, ...]) -> str:
    """Take an http(s) address on this machine, or on a host that the simulator was started with; blank stays blank.

    Raises ValueError with a sentence: whoever reaches the control panel could otherwise make this machine send
    requests to any host that it can see.
    """
    if url == "":
        return ""
    host = _host_of(url)
    if not host:
        raise ValueError("an address is http:// or https:// with a host, without user, password and fragment")
    if not (_is_loopback(host) or host in allowed_hosts):
        raise ValueError(
            f"{host} is not this machine. The control panel asks nobody who they are, so it sends requests to loopback"
            " addresses only; start the simulator with --webhook-host HOST to allow another"
        )
    return str(url)


def send(method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> int:
    """Send one request and answer its status; redirects are not followed, the body of the answer is not read.

    Raises NotAnswered with the reason.
    """
    with requests.Session() as session:
        session.trust_env = False
        try:
            options = {"headers": dict(headers), "timeout": LIMIT, "allow_redirects": False, "stream": True}
            with session.request(method, url, data=body or None, **options) as answer:  # type: ignore[arg-type]
                return answer.status_code
        except requests.RequestException as error:
            raise NotAnswered(str(error)) from error


def _host_of(url: object) -> str:
    """The host of a usable address, blank for anything else."""
    try:
        parts = urlsplit(url if isinstance(url, str) and url.isascii() and url.isprintable() else "")
        is_usable = parts.scheme in ("http", "https") and parts.port != 0
    except ValueError:
        return ""
    is_plain = is_usable and "@" not in parts.netloc and not parts.fragment and " " not in parts.path + parts.query
    return (parts.hostname or "") if is_plain else ""


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
