"""Requests that the simulator sends by itself: webhooks, and word to a driver. Nothing is believed that comes back."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Mapping
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from threading import Timer
from urllib.parse import urlsplit

LIMIT = 10.0  # seconds that an address has for its whole answer
ACCEPTED = range(200, 300)


class NotAnswered(Exception):
    """No answer within the limit, or none that is HTTP; carries the reason."""


def checked_address(url: object, allowed_hosts: tuple[str, ...]) -> str:
    """An http(s) address on this machine, or on a host that the simulator was started with; blank stays blank.

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
    """One request and the status of its answer; redirects are not followed, the body of the answer is not read.

    :raises NotAnswered: with the reason
    """
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = kind(parts.hostname or "", parts.port, timeout=LIMIT)
    # A time-out of the socket starts again with every byte; this one does not.
    deadline = Timer(LIMIT, _hang_up, [connection])
    deadline.start()
    try:
        with closing(connection):
            connection.request(method, path, body or None, dict(headers))
            return connection.getresponse().status
    except (OSError, HTTPException) as error:
        raise NotAnswered(str(error) or type(error).__name__) from error
    finally:
        deadline.cancel()


def _hang_up(connection: HTTPConnection) -> None:
    with suppress(OSError):
        if connection.sock:
            connection.sock.shutdown(socket.SHUT_RDWR)


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
