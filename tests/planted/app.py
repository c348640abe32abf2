"""The shop with one planted bug, for a real server: ``PLANTED_BUG=timeout_is_declined gunicorn tests.planted.app:app``.

A harness that cannot tell this from ``app:app`` is no harness. Only tests may do this, and only with the simulator.
"""

from __future__ import annotations

import os
from contextlib import ExitStack

from sqlalchemy import text

from shop.db import db
from shop.extensions import settings
from shop.settings import Mode
from tests.planted.bugs import BUGS

CHOSEN = os.environ.get("PLANTED_BUG", "")
if CHOSEN:
    forever = ExitStack()  # as long as this process lives
    forever.enter_context(BUGS[CHOSEN].planted())

from app import app  # noqa: E402 - the bug is there before the shop is built

with app.app_context():
    if settings().mode is not Mode.SIMULATOR:
        raise SystemExit("a planted bug must never meet a real gateway")
    if CHOSEN and BUGS[CHOSEN].needs:
        with db.engine.begin() as connection:
            connection.execute(text(BUGS[CHOSEN].needs))

__all__ = ["app"]
