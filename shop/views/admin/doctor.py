"""What ``flask --app app doctor`` says, as a page."""

from flask import render_template
from flask.typing import ResponseReturnValue

from shop import doctor
from shop.views.admin.login import bp


@bp.get("/doctor", endpoint="show_doctor")
def show() -> ResponseReturnValue:
    """Run every check and show what each has found."""
    findings = doctor.examine()
    return render_template("admin/doctor.html", findings=findings, is_safe=doctor.is_safe(findings))
