"""Tells whether the database answers."""

from sqlalchemy import select

from shop.db import UNAVAILABLE, db
from shop.models import Product

AWAY = UNAVAILABLE
"""Raised while the database is away, locked or full."""


def require_database() -> None:
    """Ask the database for something small, or raise SQLAlchemyError."""
    db.session.execute(select(Product.id).limit(1))
