"""The desk: what a person must look at, with its evidence and what can be done about it."""

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from shop import clock
from shop.services import desk, sweep
from shop.views.admin import notices, staff_session
from shop.views.admin.area import bp
from shop.views.shop import client


@bp.get("/desk")
def show_desk() -> ResponseReturnValue:
    """Everything open, oldest first."""
    return render_template(
        "admin/desk.html",
        desk=desk.load(clock.now()),
        explained=notices.explained,
        needs_password=not staff_session.is_confirmed(),
    )


@bp.post("/desk/run")
def run_due() -> ResponseReturnValue:
    """Do at once what the sweep would do within a minute: ask again, repeat what is due."""
    sweep.run(client(), now=clock.now())
    return redirect(url_for("admin.show_desk"), code=303)
