"""The one door of the staff area: nothing behind it answers anybody who has not signed in."""

from flask import Blueprint, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from shop import clock
from shop.services import desk
from shop.views.admin import staff_session

OPEN = ("admin.login", "admin.sign_in")
"""What answers without a sign-in."""
PLACES = {
    "orders": "admin.orders",
    "desk": "admin.show_desk",
    "sheet": "admin.show_sheet",
}
"""Where a sign-in may lead: names of our own, never an address from the request."""

bp = Blueprint("admin", __name__, url_prefix="/admin")


@bp.before_request
def require_staff() -> ResponseReturnValue | None:
    """Know who is there, or send them to the sign-in."""
    g.staff = staff_session.current()
    if g.staff is not None or request.endpoint in OPEN:
        return None
    wanted = next((name for name, endpoint in PLACES.items() if endpoint == request.endpoint), None)
    return redirect(url_for("admin.login", next=wanted), code=303)


@bp.context_processor
def words() -> dict[str, object]:
    """What every page of the area shows: who is signed in, and how much waits on the desk."""
    signed_in = g.get("staff")  # not there when a form without its token is refused before anybody was looked up
    return {"staff": signed_in, "desk_count": desk.count(clock.now()) if signed_in else 0}


@bp.get("/")
def index() -> ResponseReturnValue:
    """The area begins with the orders."""
    return redirect(url_for("admin.orders"), code=303)
