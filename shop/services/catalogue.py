"""Look products up, and fill an empty shop with the demo catalogue."""

import json
import re
from collections.abc import Collection, Sequence
from pathlib import Path

from sqlalchemy import select

from shop.db import db, transaction
from shop.errors import NotFound
from shop.models import Product
from shop.rules.money import Tax

SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_DEMO = Path(__file__).parent.parent / "catalogue.json"


def list_products() -> Sequence[Product]:
    """Every product, in the order of the shop window."""
    return db.session.scalars(select(Product).order_by(Product.position)).all()


def get_product(slug: str) -> Product:
    """One product by the name in its address.

    :raises NotFound: there is none
    """
    product = products_by_slug([slug]).get(slug)
    if product is None:
        raise NotFound
    return product


def products_by_slug(slugs: Collection[str]) -> dict[str, Product]:
    """Those of the products that exist, in one query."""
    known = [slug for slug in slugs if SLUG.fullmatch(slug)]
    rows = db.session.scalars(select(Product).where(Product.slug.in_(known)).order_by(Product.position))
    return {product.slug: product for product in rows}


def seed_demo() -> int:
    """Put the demo catalogue into an empty shop; answers how many products were added."""
    with transaction():
        if db.session.scalar(select(Product.id).limit(1)) is not None:
            return 0
        entries = json.loads(_DEMO.read_text(encoding="utf-8"))
        for position, entry in enumerate(entries, start=1):
            db.session.add(Product(**entry | {"position": position, "tax": Tax(entry["tax"])}))
        return len(entries)
