"""What this browser has saved to pay with. The list is on the page of its orders."""

from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue

from shop.extensions import client, limiter, visitor_mark
from shop.services import saved_methods
from shop.views.session import visitor

bp = Blueprint("saved_methods", __name__, url_prefix="/saved-methods")


@bp.post("/<row:saved_id>/deletion")
@limiter.limit("30 per 10 minutes", key_func=visitor_mark)
def delete(saved_id: int) -> ResponseReturnValue:
    saved_methods.delete(visitor(), saved_id, client())
    return redirect(url_for("orders.history", _anchor="saved-title"), code=303)
