"""Where a refused POST leads back to: the page of its form, by GET."""

import re
from collections.abc import Iterator

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
    return next(found for path in _addresses_above(request.path) if (found := _page_at(path)))


def _addresses_above(path: str) -> Iterator[str]:
    """The address itself, then shorter ones down to the product list."""
    parts = path.strip("/").split("/")
    for count in range(len(parts), 0, -1):
        address = "/" + "/".join(parts[:count])
        yield from (address, f"{address}/")
    yield "/"


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
