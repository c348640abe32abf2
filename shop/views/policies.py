"""Terms, privacy and refunds: what a buyer may read before ordering."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

bp = Blueprint("policies", __name__)


@bp.get("/terms")
def terms() -> ResponseReturnValue:
    """이용약관."""
    return render_template("policies/terms.html")


@bp.get("/privacy")
def privacy() -> ResponseReturnValue:
    """개인정보 처리방침."""
    return render_template("policies/privacy.html")


@bp.get("/refunds")
def refunds() -> ResponseReturnValue:
    """취소·환불 안내."""
    return render_template("policies/refunds.html")
