"""Terms, privacy and refunds: what a buyer may read before ordering."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

bp = Blueprint("policies", __name__)


@bp.get("/terms")
def terms() -> ResponseReturnValue:
    return render_template("policies/terms.html")


@bp.get("/privacy")
def privacy() -> ResponseReturnValue:
    return render_template("policies/privacy.html")


@bp.get("/refunds")
def refunds() -> ResponseReturnValue:
    return render_template("policies/refunds.html")
