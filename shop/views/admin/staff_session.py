"""Who is signed in, as the session cookie tells: signed, so it cannot be made up, and checked against the account."""

from datetime import datetime, timedelta

from flask import g, session

from shop import clock
from shop.models import StaffMember
from shop.services import staff
from shop.services.staff import Caller
from shop.views.caller import address

KEY = "staff"
KNOWN = "known_staff"
"""The account that last signed in from this browser; it survives signing out."""
LIFETIME = timedelta(hours=10)
"""A working day. After it everybody signs in again."""
CONFIRMED_FOR = timedelta(minutes=15)
"""How long a password that was entered again lets money be moved."""
_BUYERS = ("visitor", "found", "cart", "cart_id")


def begin(member: StaffMember, now: datetime) -> None:
    """Sign somebody in, in a new session: whatever it held before, only the cart and its orders stay."""
    kept = {name: session[name] for name in _BUYERS if name in session}
    session.clear()
    session.update(kept)
    session.permanent = True
    session[KEY] = {"id": member.id, "since": now.timestamp(), "confirmed": 0.0}
    session[KNOWN] = member.name


def end() -> None:
    """Sign out, and let no form of before be sent again."""
    session.pop(KEY, None)
    session.pop("csrf_token", None)


def current(now: datetime) -> StaffMember | None:
    """Who is signed in, if the day is not over and the account still stands."""
    signed_in = session.get(KEY)
    if signed_in is None or now.timestamp() - signed_in["since"] > LIFETIME.total_seconds():
        return None
    return staff.get_member(signed_in["id"])


def caller(name: str) -> Caller:
    """Where this request comes from, and whether this browser knows the account."""
    return Caller(address(), is_known=session.get(KNOWN) == name)


def is_confirmed() -> bool:
    """Whether the password was entered again a short while ago."""
    age = clock.now().timestamp() - float(session[KEY]["confirmed"])
    return age < CONFIRMED_FOR.total_seconds()


def insist_on_password(password: str | None) -> None:
    """Let money be moved only by somebody who has entered the password again.

    :raises SignInRefused: it was wrong, or there were too many tries
    """
    if is_confirmed():
        return
    now = clock.now()
    staff.confirm(g.staff, password or "", caller(g.staff.name), now=now)
    session[KEY] = session[KEY] | {"confirmed": now.timestamp()}
