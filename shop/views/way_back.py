"""Where a refused POST leads back to: the page of its form, by GET."""

import re

from flask import request, url_for
from werkzeug.exceptions import RequestEntityTooLarge

FORM_PAGES = {
    "orders.place": "orders.checkout",
    "orders.lookup": "orders.lookup",
    "cart.update": "cart.show",
    "callbacks.result": "orders.history",
    "admin.sign_in": "admin.login",
    "admin.run_due": "admin.show_desk",
    "admin.compare_day": "admin.show_sheet",
    "admin.inquire": "admin.show_inquiry",
    "admin.logout": "admin.orders",
}
_SLUG = re.compile(r"[a-z0-9-]{1,60}")


def way_back() -> str:
    """The address of the page whose form was posted; the product list where none is known."""
    order_no = (request.view_args or {}).get("order_no")
    if order_no:
        page = "admin.show_order" if request.blueprint == "admin" else "orders.show"
        return url_for(page, order_no=order_no)
    if request.endpoint == "cart.add" and (slug := _posted_slug()):
        return url_for("catalogue.show", slug=slug)
    return url_for(FORM_PAGES.get(request.endpoint or "", "catalogue.index"))


def _posted_slug() -> str:
    try:
        slug = request.form.get("product", "")
    except RequestEntityTooLarge:
        return ""
    return slug if _SLUG.fullmatch(slug) else ""
