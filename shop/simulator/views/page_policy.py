"""The Content-Security-Policy of the simulator's pages."""

from __future__ import annotations

from urllib.parse import urlsplit

# No frame-ancestors and no form-action: merchants frame the window, and its result goes to their address.
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; connect-src 'self'"
)


def may_also_call(address: str) -> str:
    """The policy of a page whose script sends something to the server of an address."""
    parts = urlsplit(address)
    return f"{CONTENT_POLICY} {parts.scheme}://{parts.netloc}"
