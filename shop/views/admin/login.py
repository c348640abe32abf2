"""Signing in and out."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shop.errors import SignInRefused
from shop.views.admin import notices, staff_session
from shop.views.admin.area import PLACES, bp
from shop.views.admin.forms import SignInForm


@bp.get("/login")
def login() -> ResponseReturnValue:
    """The sign-in form."""
    return render_template("admin/login.html", form=SignInForm(next=request.args.get("next", "")))


@bp.post("/login")
def sign_in() -> ResponseReturnValue:
    """Check name and password. Wrong, unknown and disabled get one and the same answer."""
    form = SignInForm()
    if not form.is_valid():
        return render_template("admin/login.html", form=form), 422
    try:
        staff_session.begin(form.name.data or "", form.password.data or "")
    except SignInRefused as refused:
        notice = notices.of_sign_in(refused)
        return render_template("admin/login.html", form=form, notice=notice), notices.status(refused)
    return redirect(url_for(PLACES.get(form.next.data or "", "admin.orders")), code=303)


@bp.post("/logout")
def logout() -> ResponseReturnValue:
    """Leave."""
    staff_session.end()
    return redirect(url_for("admin.login"), code=303)
