"""The staff area's door: signing in and out, and the password before money is moved.

The cookie holds a session's token. The session itself is a row, which signing out ends in every browser.
"""

from flask import Blueprint, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import UserMixin, current_user, login_user, logout_user
from flask_wtf.csrf import CSRFError

from shop import clock
from shop.errors import SignInRefused
from shop.extensions import address, address_and_field, limiter, login_manager
from shop.models import StaffSession
from shop.services import desk, staff
from shop.views import error_pages
from shop.views.admin import messages
from shop.views.admin.forms import SignInForm
from shop.views.normal_forms import one_line
from shop.views.way_back import way_back

OPEN = ("admin.login", "admin.sign_in")
"""What answers without a sign-in."""
LONGEST_PATH = 200
KEPT = ("visitor", "found")
"""What a sign-in keeps of the old cookie: the buyer's orders."""

bp = Blueprint("admin", __name__, url_prefix="/admin")


class SignedIn(UserMixin):
    """A member of staff as Flask-Login keeps one. ``id`` is the token."""

    def __init__(self, token: str, row: StaffSession) -> None:
        self.id = token
        self.session = row

    @property
    def name(self) -> str:
        return self.session.member.name


def load_user(token: str) -> SignedIn | None:
    """Who has this token, as long as the session lasts."""
    row = staff.find_session(token)
    return SignedIn(token, row) if row else None


login_manager.user_loader(load_user)


def is_signed_in() -> bool:
    """Whether the cookie of this request belongs to a session that lasts."""
    return bool(current_user.is_authenticated)  # type: ignore[attr-defined] # a proxy


@bp.before_request
def require_staff() -> ResponseReturnValue | None:
    """Send whoever is not signed in to the sign-in."""
    g.staff = current_user if is_signed_in() else None
    if g.staff is not None or request.endpoint in OPEN:
        return None
    return _to_sign_in()


@bp.errorhandler(CSRFError)
def refuse_stale_form(_error: CSRFError) -> ResponseReturnValue:
    """A session that is gone took its token along: sign in first, then come back to the page of the form."""
    is_open = is_signed_in() or request.endpoint in OPEN
    return error_pages.stale_form() if is_open else _to_sign_in()


def _to_sign_in() -> ResponseReturnValue:
    """Send to the sign-in, and say if something was posted that has not been done."""
    if request.method == "POST":
        return redirect(url_for("admin.login", next=way_back(), unsent="1"), code=303)
    return redirect(url_for("admin.login", next=request.path), code=303)


@bp.context_processor
def words() -> dict[str, object]:
    """What every page of the area shows: who is signed in, and how much waits on the desk."""
    signed_in = g.get("staff")  # not there when a form without its token is refused before anybody was looked up
    return {"staff": signed_in, "desk_count": desk.count() if signed_in else 0}


@bp.get("/")
def index() -> ResponseReturnValue:
    """The area begins with the orders."""
    return redirect(url_for("admin.orders"), code=303)


@bp.get("/login")
def login() -> ResponseReturnValue:
    notice = messages.not_sent() if "unsent" in request.args else None
    if "refused" in request.args:
        notice = messages.of_sign_in()
    form = SignInForm(next=request.args.get("next", ""), name=request.args.get("name", ""))
    return render_template("admin/login.html", form=form, notice=notice)


@bp.post("/login")
@limiter.limit("60 per 10 minutes")
@limiter.limit("10 per 10 minutes", key_func=address_and_field("name", one_line))
def sign_in() -> ResponseReturnValue:
    """Check name and password. Wrong, unknown and disabled lead back to the form, which says one and the same."""
    form = SignInForm()
    token, wanted = _token_for(form), form.next.data or ""
    if token is None:
        name = (form.name.data or "")[: staff.LONGEST_NAME]
        return redirect(url_for("admin.login", refused="1", name=name, next=wanted[:LONGEST_PATH]), code=303)
    kept = {key: session[key] for key in KEPT if key in session}
    session.clear()
    session.update(kept)
    session.permanent = True
    login_user(load_user(token))
    return redirect(wanted if wanted.startswith("/admin/") else url_for("admin.orders"), code=303)


def _token_for(form: SignInForm) -> str | None:
    if not form.is_valid():
        return None
    try:
        return staff.sign_in(form.name.data or "", form.password.data or "")
    except SignInRefused:
        return None


@bp.post("/logout")
def logout() -> ResponseReturnValue:
    """End the session, and let no form of before be sent again."""
    staff.sign_out(g.staff.id)
    logout_user()
    session.pop("csrf_token", None)
    return redirect(url_for("admin.login"), code=303)


def is_confirmed() -> bool:
    return bool(g.staff.session.is_confirmed(clock.now()))


def require_password() -> None:
    """Let money be moved only by somebody who enters the password again, or has done so a short while ago.

    :raises SignInRefused: it is wrong
    """
    if not is_confirmed():
        _confirm(request.form.get("password", ""))


@limiter.limit("10 per 10 minutes", key_func=lambda: f"{address()} {g.staff.name}")
def _confirm(password: str) -> None:
    staff.confirm_password(g.staff.id, g.staff.name, password)
