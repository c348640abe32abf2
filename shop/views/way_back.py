"""Where a refused POST leads back to: the page of its form, by GET."""

import re

from flask import current_app, request, url_for
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

ELSEWHERE = {
    "orders.place": "orders.checkout",
    "callbacks.result": "orders.history",
    "saved_methods.delete": "orders.history",
}
"""Forms that stand on another page than the nearest one above their address."""
_SLUG = re.compile(r"[a-z0-9-]{1,60}")


def way_back() -> str:
    """The address of the page whose form was posted; the product list where none is known."""
    if request.endpoint == "cart.add" and (slug := _posted_slug()):
        return url_for("catalogue.show", slug=slug)
    if page := ELSEWHERE.get(request.endpoint or ""):
        return url_for(page)
    path = request.path.rstrip("/")
    while path:  # shorter from step to step
        if page := _page_at(path) or _page_at(f"{path}/"):
            return page
        path = path.rpartition("/")[0]
    return url_for("catalogue.index")


def _page_at(path: str) -> str:
    """The address of the page there; blank if there is none."""
    try:
        endpoint, values = current_app.url_map.bind("").match(path, method="GET")
    except HTTPException:
        return ""
    return "" if endpoint.endswith("static") else url_for(endpoint, **values)


def _posted_slug() -> str:
    try:
        slug = request.form.get("product", "")
    except RequestEntityTooLarge:
        return ""
    return slug if _SLUG.fullmatch(slug) else ""
