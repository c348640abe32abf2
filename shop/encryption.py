"""Text that is encrypted in the database, with a key derived from ``SECRET_KEY``.

The cipher takes seven megabytes and is imported by the first text that needs it.
"""

from __future__ import annotations

import base64
import hmac
import logging
from functools import lru_cache
from typing import TYPE_CHECKING

from flask import current_app
from sqlalchemy import Dialect, Text
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

log = logging.getLogger(__name__)


class EncryptedText(TypeDecorator[str]):
    """Text that ``SECRET_KEY`` or one of its fallbacks opens. Whatever they do not open reads as blank."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> str:
        return _cipher().encrypt(value.encode()).decode() if value else ""

    def process_result_value(self, value: str | None, _dialect: Dialect) -> str:
        if not value:
            return ""
        from cryptography.fernet import InvalidToken  # noqa: PLC0415

        try:
            return _cipher().decrypt(value).decode()
        except InvalidToken:
            log.warning("a value of the database was encrypted with another SECRET_KEY")
            return ""


def keyed_digest(text: str) -> bytes:
    """Return a digest that nobody can compute without ``SECRET_KEY``."""
    key = hmac.digest(current_app.config["SECRET_KEY"].encode(), b"keyed digests", "sha256")
    return hmac.digest(key, text.encode(), "sha256")


def _cipher() -> MultiFernet:
    return _cipher_of((current_app.config["SECRET_KEY"], *current_app.config["SECRET_KEY_FALLBACKS"]))


@lru_cache(maxsize=8)
def _cipher_of(secrets: tuple[str, ...]) -> MultiFernet:
    """The first key encrypts, all decrypt."""
    from cryptography.fernet import Fernet, MultiFernet  # noqa: PLC0415

    keys = (hmac.digest(secret.encode(), b"encrypted columns", "sha256") for secret in secrets)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])
