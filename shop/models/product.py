"""What the shop sells."""

from sqlalchemy import CheckConstraint, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from shop.db import Base, one_of
from shop.rules.money import Tax

LARGEST_QUANTITY = 99
"""Most pieces of one product in one cart line."""


class Product(Base):
    """One product. ``stock`` None means that there is no end of it."""

    __tablename__ = "products"
    __table_args__ = (
        CheckConstraint("price > 0", name="product_price_positive"),
        CheckConstraint("stock IS NULL OR stock >= 0", name="product_stock_not_negative"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    position: Mapped[int]
    category: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(100))
    name_en: Mapped[str] = mapped_column(String(100))
    summary: Mapped[str] = mapped_column(String(200))
    summary_en: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(Text)
    description_en: Mapped[str] = mapped_column(Text)
    picture: Mapped[str] = mapped_column(String(80))
    price: Mapped[int]
    tax: Mapped[Tax] = mapped_column(one_of(Tax, "product_tax"))
    stock: Mapped[int | None]

    @property
    def is_subscription(self) -> bool:
        """Whether its buyer pays every month."""
        return self.category == "subscription"

    @property
    def available(self) -> bool:
        return self.stock is None or self.stock > 0

    def maximum(self, most: int) -> int:
        """How many one order can have now. ``most`` holds for products with limited stock."""
        return LARGEST_QUANTITY if self.stock is None else min(self.stock, most)
