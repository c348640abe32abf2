"""결제결과 조회: the gateway's answer about any payment, beside what the shop has of it."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shop import clock
from shop.extensions import client, limiter
from shop.payple import PayType
from shop.services import inquiries
from shop.views.admin import messages
from shop.views.admin.forms import InquiryForm
from shop.views.admin.login import bp
from shop.views.field_meanings import meanings


@bp.get("/inquiry")
def show_inquiry() -> ResponseReturnValue:
    """Show the form, and the last answer about the number in the address."""
    form = InquiryForm(request.args, date=clock.today())
    is_good = "number" not in request.args or form.is_valid()
    return _page(form), 200 if is_good else 422


@bp.post("/inquiry")
@limiter.limit("20 per minute")
def inquire() -> ResponseReturnValue:
    """Ask the gateway, then show what it says."""
    form = InquiryForm()
    if not form.is_valid():
        return _page(form), 422
    number = form.number.data or ""
    inquiries.ask(number, form.day, PayType(form.method.data), client())
    return redirect(url_for("admin.show_inquiry", number=number, date=form.day, method=form.method.data), code=303)


def _page(form: InquiryForm) -> str:
    number = "" if form.errors else form.number.data or ""
    return render_template(
        "admin/inquiry.html",
        form=form,
        answer=inquiries.last_answer(number),
        attempt=inquiries.attempt_of(number),
        meanings=meanings(),
        explained=messages.explained,
    )
