"""Signing in and out."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shop.errors import SignInRefused
from shop.extensions import address_and_field, limiter
from shop.views.admin import notices, staff_session
from shop.views.admin.area import PLACES, bp
from shop.views.admin.forms import SignInForm


@bp.get("/login")
def login() -> ResponseReturnValue:
    """The sign-in form."""
    return render_template("admin/login.html", form=SignInForm(next=request.args.get("next", "")))


@bp.post("/login")
@limiter.limit("60 per 10 minutes")
@limiter.limit("10 per 10 minutes", key_func=address_and_field("name"))
def sign_in() -> ResponseReturnValue:
    """Check name and password. Wrong, unknown and disabled get one and the same answer."""
    form = SignInForm()
    if not form.is_valid():
        return render_template("admin/login.html", form=form), 422
    try:
        staff_session.begin(form.name.data or "", form.password.data or "")
    except SignInRefused:
        return render_template("admin/login.html", form=form, notice=notices.of_sign_in()), 403
    return redirect(url_for(PLACES.get(form.next.data or "", "admin.orders")), code=303)


@bp.post("/logout")
def logout() -> ResponseReturnValue:
    """Leave."""
    staff_session.end()
    return redirect(url_for("admin.login"), code=303)
