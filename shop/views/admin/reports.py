"""The settlement sheet of a trade date, as a page and as CSV, and its comparison with the gateway."""

import csv
import io

from flask import Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from shop import clock
from shop.extensions import client
from shop.services import reports
from shop.services.reports import Comparison, Sheet
from shop.views.admin.forms import DayForm
from shop.views.admin.login import bp
from shop.views.forms import row_number
from shop.views.template_filters import korea_time, method_name

COMPARED_AT_ONCE = 10
"""Payments per press: at two inquiries a second the page takes about five seconds."""


@bp.get("/settlement")
def show_sheet() -> ResponseReturnValue:
    """Show what one day has moved; today unless another is asked for."""
    if "date" not in request.args:
        return _page(DayForm(date=clock.today()))
    form = DayForm(request.args)
    return _page(form) if form.is_valid() else _mistaken(form)


@bp.get("/settlement/comparison")
def compare_day() -> ResponseReturnValue:
    """Ask the gateway about some payments of the day and show what differs."""
    form = DayForm(request.args)
    if not form.is_valid():
        return _mistaken(form)
    after_id = request.args.get("after", 0, type=row_number)
    return _page(form, reports.compare_day(client(), form.day, after_id=after_id, most=COMPARED_AT_ONCE))


@bp.get("/settlement.csv")
def download_sheet() -> ResponseReturnValue:
    form = DayForm(request.args)
    if not form.is_valid():
        return _mistaken(form)
    headers = {"Content-Disposition": f'attachment; filename="settlement-{form.day}.csv"'}
    return Response(_csv(reports.settlement_sheet(form.day)), mimetype="text/csv", headers=headers)


@bp.get("/reconciliation")
def reconciliation() -> ResponseReturnValue:
    """Lead on to the settlement sheet, where days are compared now."""
    return redirect(url_for("admin.show_sheet"), code=301)


def _page(form: DayForm, comparison: Comparison | None = None) -> str:
    sheet = reports.settlement_sheet(form.day)
    return render_template("admin/sheet.html", form=form, sheet=sheet, comparison=comparison)


def _mistaken(form: DayForm) -> ResponseReturnValue:
    return render_template("admin/sheet.html", form=form, sheet=None), 422


def _csv(sheet: Sheet) -> str:
    """Write one line per movement. Spreadsheets need the byte-order mark to read UTF-8."""
    text = io.StringIO("\ufeff", newline="")
    text.seek(0, io.SEEK_END)
    rows = csv.writer(text)
    rows.writerow([_("시각"), _("구분"), _("결제 수단"), _("결제 시도 번호"), _("주문번호"), _("금액")])
    for line in sheet.lines:
        kind = _("환불") if line.is_refund else _("승인")
        rows.writerow(
            [korea_time(line.at), kind, method_name(line.method), line.attempt_no, line.order_no, line.amount]
        )
    return text.getvalue()
