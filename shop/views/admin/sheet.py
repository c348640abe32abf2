"""The settlement sheet of one trade date, as a page and as CSV."""

import csv
import io

from flask import Response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from shop import clock
from shop.payple import Method
from shop.services import settlement_sheet
from shop.services.settlement_sheet import Sheet
from shop.views.admin.area import bp
from shop.views.admin.forms import DayForm
from shop.views.filters import korea_time


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


@bp.get("/settlement.csv")
def download_sheet() -> ResponseReturnValue:
    """Download one day as CSV."""
    form = DayForm(request.args)
    if not form.is_valid():
        return render_template("admin/sheet.html", form=form, sheet=None), 422
    headers = {"Content-Disposition": f'attachment; filename="settlement-{form.day}.csv"'}
    return Response(_csv(settlement_sheet.of_day(form.day)), mimetype="text/csv", headers=headers)


def _csv(sheet: Sheet) -> str:
    """Write one line per movement. Spreadsheets need the byte-order mark to read UTF-8."""
    methods = {Method.CARD: _("카드"), Method.TRANSFER: _("계좌이체")}
    text = io.StringIO("\ufeff", newline="")
    text.seek(0, io.SEEK_END)
    rows = csv.writer(text)
    rows.writerow([_("시각"), _("구분"), _("결제 수단"), _("결제 시도 번호"), _("주문번호"), _("금액")])
    for line in sheet.lines:
        kind = _("환불") if line.is_refund else _("승인")
        rows.writerow([korea_time(line.at), kind, methods[line.method], line.attempt_no, line.order_no, line.amount])
    return text.getvalue()
