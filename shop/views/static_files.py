"""Static files: their address has a version, so browsers keep them for a year; each is read and compressed once.

WhiteNoise and the like serve compressed files that a build has made. Here is no build.
"""

import gzip
from dataclasses import dataclass
from functools import lru_cache, partial
from hashlib import sha256
from mimetypes import guess_type
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, current_app, request
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from werkzeug.security import safe_join

YEAR = 365 * 24 * 3600
HOUR = 3600


@dataclass(frozen=True)
class StaticFile:
    version: str
    content: bytes
    compressed: bytes


class SessionOfPages(SecureCookieSessionInterface):
    """Flask-Login reads the session of every request, which would make browsers load files again for a new cookie."""

    def __init__(self, app: Flask) -> None:
        self._serializer = super().get_signing_serializer(app)

    def get_signing_serializer(self, _app: Flask) -> Any:
        return self._serializer

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if request.endpoint != "static":
            super().save_session(app, session, response)


def init_app(app: Flask) -> None:
    """Serve the static folder, and give the templates ``static``."""
    app.session_interface = SessionOfPages(app)
    app.view_functions["static"] = send
    app.jinja_env.globals["static"] = partial(address, app.static_folder or "")


def address(folder: str, filename: str) -> str:
    """Return where a file is, with the version of its content. ``url_for`` takes ten times as long."""
    file = _find(folder, filename)
    return f"/static/{filename}?v={file.version}" if file else f"/static/{filename}"


def send(filename: str) -> Response:
    """Answer a file, compressed where that helps. An address without the present version is kept for an hour only."""
    file = _find(current_app.static_folder or "", filename)
    if file is None:
        abort(404)
    is_compressed = request.accept_encodings["gzip"] and len(file.compressed) < len(file.content)
    response = Response(file.compressed if is_compressed else file.content, mimetype=guess_type(filename)[0])
    if is_compressed:
        response.content_encoding = "gzip"
    response.vary.add("Accept-Encoding")
    response.set_etag(f"{file.version}-gzip" if is_compressed else file.version)
    is_current = request.args.get("v") == file.version
    response.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable" if is_current else f"max-age={HOUR}"
    response.make_conditional(request)
    return response


@lru_cache
def _find(folder: str, filename: str) -> StaticFile | None:
    try:
        content = Path(safe_join(folder, filename) or "").read_bytes()
    except (OSError, ValueError):  # no file, a folder, or a name that no file can have
        return None
    return StaticFile(sha256(content).hexdigest()[:12], content, gzip.compress(content))
