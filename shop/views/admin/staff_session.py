"""Who is signed in. The cookie holds a session's token; the session itself is a row, which signing out ends."""

from flask import g, session
from flask_login import UserMixin, current_user, login_user, logout_user

from shop import clock
from shop.extensions import address, limiter, login
from shop.models import StaffSession
from shop.services import staff

_BUYERS = ("visitor", "found")


class SignedIn(UserMixin):
    """A member of staff as Flask-Login keeps one. ``id`` is the token."""

    def __init__(self, token: str, row: StaffSession) -> None:
        self.id = token
        self.session = row

    @property
    def name(self) -> str:
        """The account's name."""
        return self.session.member.name


def load(token: str) -> SignedIn | None:
    """Who has this token, as long as the session lasts."""
    row = staff.find_session(token, now=clock.now())
    return SignedIn(token, row) if row else None


login.user_loader(load)


def current() -> SignedIn | None:
    """Who is signed in in this browser."""
    user = current_user._get_current_object()  # noqa: SLF001 - werkzeug's public way, named as if it were private
    return user if isinstance(user, SignedIn) else None


def begin(name: str, password: str) -> None:
    """Sign somebody in, in a new cookie: of the old one only what the buyer found stays.

    :raises SignInRefused: wrong name or password
    """
    signed_in = load(staff.sign_in(name, password, now=clock.now()))
    kept = {key: session[key] for key in _BUYERS if key in session}
    session.clear()
    session.update(kept)
    session.permanent = True
    login_user(signed_in)


def end() -> None:
    """Sign out, and let no form of before be sent again."""
    staff.sign_out(g.staff.id, now=clock.now())
    logout_user()
    session.pop("csrf_token", None)


def is_confirmed() -> bool:
    """Whether the password was entered again a short while ago."""
    signed_in: SignedIn = g.staff
    return signed_in.session.is_confirmed(clock.now())


def insist_on_password(password: str | None) -> None:
    """Let money be moved only by somebody who has entered the password again.

    :raises SignInRefused: it was wrong
    """
    if not is_confirmed():
        _confirm(password or "")


@limiter.limit("10 per 10 minutes", key_func=lambda: f"{address()} {g.staff.name}")
def _confirm(password: str) -> None:
    staff.confirm_password(g.staff.id, g.staff.name, password, now=clock.now())
