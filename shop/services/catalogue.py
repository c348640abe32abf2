"""Find products, reserve stock, and add the demo catalogue."""

import json
import re
from collections.abc import Collection, Sequence
from pathlib import Path

from sqlalchemy import bindparam, select, update

from shop.db import db, transaction
from shop.errors import NotFound, OutOfStock
from shop.models import OrderLine, Product
from shop.rules.money import Tax

SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_DEMO = Path(__file__).parent.parent / "catalogue.json"
_STOCK = select(Product.stock).where(Product.slug == bindparam("slug"))
_PRODUCTS = select(Product).where(Product.slug.in_(bindparam("slugs", expanding=True))).order_by(Product.position)
_LIMITED = select(Product.id).where(Product.id.in_(bindparam("ids", expanding=True)), Product.stock.is_not(None))
"""Built once, because every product page, cart and order runs them."""


def list_products() -> Sequence[Product]:
    return db.session.scalars(select(Product).order_by(Product.position)).all()


def get_product(slug: str) -> Product:
    """Return a product, or raise NotFound."""
    product = products_by_slug([slug]).get(slug)
    if product is None:
        raise NotFound
    return product


def get_stock(slug: str) -> int | None:
    """Return how many are left, None if there is no end of it, or raise NotFound."""
    with db.engine.connect() as connection:
        found = connection.scalars(_STOCK, {"slug": slug}).all() if SLUG.fullmatch(slug) else []
    if not found:
        raise NotFound
    return found[0]


def products_by_slug(slugs: Collection[str]) -> dict[str, Product]:
    known = [slug for slug in slugs if SLUG.fullmatch(slug)]
    return {product.slug: product for product in db.session.scalars(_PRODUCTS, {"slugs": known})}


def take_stock(lines: Sequence[OrderLine]) -> None:
    """Reserve the goods of an order, or raise OutOfStock: the caller rolls back."""
    for line in _of_limited_stock(lines):
        if _change_stock(line, -line.quantity) != 1:
            raise OutOfStock(line.slug)


def give_stock_back(lines: Sequence[OrderLine]) -> None:
    for line in _of_limited_stock(lines):
        _change_stock(line, line.quantity)


def _of_limited_stock(lines: Sequence[OrderLine]) -> list[OrderLine]:
    """Sort by product, so that parallel orders cannot deadlock. Unlimited products are not locked."""
    ids = set(db.session.connection().scalars(_LIMITED, {"ids": [line.product_id for line in lines]}))
    return sorted((line for line in lines if line.product_id in ids), key=lambda line: line.product_id or 0)


def _change_stock(line: OrderLine, by: int) -> int:
    enough = update(Product).where(Product.id == line.product_id, Product.stock + by >= 0)
    return db.session.connection().execute(enough.values(stock=Product.stock + by)).rowcount


def seed_demo() -> int:
    """Add the demo catalogue to an empty shop."""
    with transaction():
        if db.session.scalar(select(Product.id).limit(1)) is not None:
            return 0
        entries = json.loads(_DEMO.read_text(encoding="utf-8"))
        for position, entry in enumerate(entries, start=1):
            db.session.add(Product(**entry | {"position": position, "tax": Tax(entry["tax"])}))
        return len(entries)
