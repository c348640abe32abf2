"""Orders come from the console and from drivers, never from a page of somebody else."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import jsonify, request
from flask.typing import ResponseReturnValue

SAFE = ("GET", "HEAD", "OPTIONS")


def refuse_strangers() -> ResponseReturnValue | None:
    """A browser says where an order comes from: another origin than ours gives none. Programs send no Origin."""
    if request.method in SAFE or not request.path.startswith("/_sim"):
        return None
    origin = request.headers.get("Origin")
    if origin is None or urlsplit(origin).netloc == request.host:
        return None
    return jsonify(error="orders are taken from the console itself, not from other pages"), 403
