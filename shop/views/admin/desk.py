"""The desk: what a person must decide, with its evidence."""

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from shop.extensions import client
from shop.services import desk, sweep
from shop.views.admin import messages
from shop.views.admin.login import bp, is_confirmed

SECONDS = 5.0
"""How long a press of the button may ask; the rest is the sweep's own."""


@bp.get("/desk")
def show_desk() -> ResponseReturnValue:
    """Show everything open, oldest first."""
    return render_template(
        "admin/desk.html",
        desk=desk.load(),
        silent_since=desk.overdue_since(),
        explained=messages.explained,
        needs_password=not is_confirmed(),
    )


@bp.post("/desk/run")
def run_due() -> ResponseReturnValue:
    """Run the sweep now."""
    sweep.run(client(), seconds=SECONDS)
    return redirect(url_for("admin.show_desk"), code=303)
