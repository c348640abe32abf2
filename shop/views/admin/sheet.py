"""The settlement sheet of one trade date."""

from flask import render_template, request
from flask.typing import ResponseReturnValue

from shop import clock
from shop.services import settlement_sheet
from shop.views.admin.area import bp
from shop.views.admin.forms import DayForm


@bp.get("/settlement")
def show_sheet() -> ResponseReturnValue:
    """Approvals, refunds and what is left of one day; today unless another is asked for."""
    if "date" not in request.args:
        today = clock.korea_date(clock.now())
        return render_template("admin/sheet.html", form=DayForm(date=today), sheet=settlement_sheet.of_day(today))
    form = DayForm(request.args)
    if not form.is_valid():
        return render_template("admin/sheet.html", form=form, sheet=None), 422
    return render_template("admin/sheet.html", form=form, sheet=settlement_sheet.of_day(form.day))
