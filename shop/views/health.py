"""The address by which others see whether the shop is alive."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from shop.services import health

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def healthz() -> ResponseReturnValue:
    health.require_database()
    return {"status": "ok"}
