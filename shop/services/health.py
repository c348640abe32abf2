"""Whether what the shop stands on is there."""

from sqlalchemy import select

from shop.db import UNAVAILABLE, db
from shop.models import Product

AWAY = UNAVAILABLE
"""What is raised while the database is away, locked or full."""


def insist_on_database() -> None:
    """Ask the database for something small.

    :raises sqlalchemy.exc.SQLAlchemyError: it does not answer, or has not been migrated
    """
    db.session.execute(select(Product.id).limit(1))
