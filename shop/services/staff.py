"""Staff accounts and their sessions: adding, disabling, signing in and out, made slow for whoever guesses.

A try is counted before the password is looked at, and one try after the other, so parallel guesses cannot slip under
the count. Counted failures make the next try wait, per account and per address, never longer than a minute: whoever
knows the password always gets in. A browser that has signed in to an account before is not slowed down by what others
try on it.
"""

import hashlib
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.exc import IntegrityError
from werkzeug.security import check_password_hash, generate_password_hash

from shop.db import db, release, transaction
from shop.errors import SignInRefused, StaffProblem
from shop.models import FailedLogin, StaffMember, StaffSession
from shop.services import journal

LEAST_PASSWORD = 12
LONGEST_PASSWORD = 200
LONGEST_NAME = 40
SESSION_LIFETIME = timedelta(hours=10)
"""A working day. After it everybody signs in again."""
WINDOW = timedelta(hours=1)
"""Failures older than this are forgotten."""
FREE_BY_NAME = 5
FREE_BY_ADDRESS = 10
"""So many failures cost nothing; many people may share one address."""
LONGEST_WAIT = timedelta(minutes=1)
_QUEUE = 5_131_987
"""Names the lock by which PostgreSQL lets tries queue. Any number that nothing else locks by."""


@dataclass(frozen=True)
class Caller:
    """Where a try comes from. ``is_known``: this browser has signed in to the account before."""

    address: str
    is_known: bool = False


def add(name: str, password: str, *, now: datetime) -> StaffMember:
    """Make an account.

    :raises StaffProblem: the name is taken or unusable, or the password is too short
    """
    _insist_on_usable(name, password)
    member = StaffMember(name=name, password_hash=generate_password_hash(_normal(password)), created_at=now)
    try:
        with transaction():
            db.session.add(member)
            journal.note_staff("staff_added", at=now, by=name)
    except IntegrityError as error:
        raise StaffProblem(StaffProblem.Reason.TAKEN) from error
    return member


def add_first(name: str, password: str, *, now: datetime) -> None:
    """Make the very first account; with accounts there already, nothing.

    :raises StaffProblem: as for :func:`add`
    """
    if not exists():
        add(name, password, now=now)


def disable(name: str, *, now: datetime) -> None:
    """Close an account for good; whoever is signed in with it is out at the next click.

    :raises StaffProblem: there is no such account
    """
    with transaction():
        member = _find(name)
        if member is None:
            raise StaffProblem(StaffProblem.Reason.UNKNOWN)
        member.disabled_at = member.disabled_at or now
        journal.note_staff("staff_disabled", at=now, by=name)


def exists() -> bool:
    """Whether anybody could sign in."""
    return db.session.scalar(select(StaffMember.id).limit(1)) is not None


def opens(name: str, password: str) -> bool:
    """Whether this password opens this account. For the program's own start, where nobody guesses."""
    member = _find(name)
    return member is not None and _fits(member, password)


def sign_in(name: str, password: str, caller: Caller, *, now: datetime) -> str:
    """Check a name and a password and begin a session; answers the session's token.

    :raises SignInRefused: wrong, disabled or unknown, which all look and take the same; or too many tries
    """
    member = _check(name, password, caller, now)
    token = secrets.token_urlsafe(32)
    with transaction():
        _forget_failures(name, caller)
        db.session.execute(delete(StaffSession).where(StaffSession.expires_at <= now))
        db.session.add(
            StaffSession(
                token_hash=_hash_of_token(token), staff_id=member.id, started_at=now, expires_at=now + SESSION_LIFETIME
            )
        )
        journal.note_staff("staff_signed_in", at=now, by=name)
    return token


def find_session(token: str, *, now: datetime) -> StaffSession | None:
    """The session of this token, unless it has ended or its account was disabled."""
    query = select(StaffSession).join(StaffSession.member).where(*_alive(token, now), StaffMember.disabled_at.is_(None))
    return db.session.scalar(query)


def sign_out(token: str, *, now: datetime) -> None:
    """End a session for good, in every browser that has a copy of its token."""
    with transaction():
        db.session.execute(update(StaffSession).where(*_alive(token, now)).values(ended_at=now))


def confirm_password(token: str, name: str, password: str, caller: Caller, *, now: datetime) -> None:
    """Check the password of somebody who is signed in, before money is moved.

    :raises SignInRefused: wrong, too many tries, or the session has ended meanwhile
    """
    _check(name, password, caller, now)
    with transaction():
        _forget_failures(name, caller)
        confirm = update(StaffSession).where(*_alive(token, now)).values(password_confirmed_at=now)
        if db.session.connection().execute(confirm).rowcount != 1:
            raise SignInRefused


def _alive(token: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    has_token = StaffSession.token_hash == _hash_of_token(token)
    return has_token, StaffSession.ended_at.is_(None), StaffSession.expires_at > now


def _hash_of_token(token: str) -> str:
    """Fast is enough: a token has 256 random bits, so nobody finds it by trying."""
    return hashlib.sha256(token.encode()).hexdigest()


def _insist_on_usable(name: str, password: str) -> None:
    plain = name == name.strip() and name.isprintable() and " " not in name
    if not (plain and 0 < len(name) <= LONGEST_NAME):
        raise StaffProblem(StaffProblem.Reason.NAME)
    if not LEAST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise StaffProblem(StaffProblem.Reason.PASSWORD)


def _check(name: str, password: str, caller: Caller, now: datetime) -> StaffMember:
    _count_try(name[:LONGEST_NAME], caller, now)
    member = _find(name)
    release()
    if not _fits(member, password) or member is None or member.disabled_at is not None:
        raise SignInRefused
    return member


def _fits(member: StaffMember | None, password: str) -> bool:
    """As slow for an account that does not exist: the answer's time must not tell."""
    stored = member.password_hash if member else _hash_of_nobody()
    return len(password) <= LONGEST_PASSWORD and check_password_hash(stored, _normal(password))


@cache
def _hash_of_nobody() -> str:
    return generate_password_hash("no account has this password")


def _normal(password: str) -> str:
    """The same password, however a keyboard composes its letters."""
    return unicodedata.normalize("NFKC", password)


def _find(name: str) -> StaffMember | None:
    return db.session.scalar(select(StaffMember).where(StaffMember.name == name))


def _count_try(name: str, caller: Caller, now: datetime) -> None:
    """Refuse a try that comes too soon; count any other as a failure until it has succeeded."""
    with transaction():
        _queue()
        db.session.execute(delete(FailedLogin).where(FailedLogin.at < now - WINDOW))
        by_name = timedelta() if caller.is_known else _wait(FailedLogin.name == name, FREE_BY_NAME, now)
        wait = max(by_name, _wait(FailedLogin.address == caller.address, FREE_BY_ADDRESS, now))
        if wait > timedelta():
            raise SignInRefused(wait)
        db.session.add(FailedLogin(name=name, address=caller.address, at=now))


def _queue() -> None:
    """Whoever counts waits until this transaction ends. SQLite has one writer at a time anyway."""
    if db.engine.dialect.name == "postgresql":
        db.session.execute(select(func.pg_advisory_xact_lock(_QUEUE)))


def _wait(theirs: ColumnElement[bool], free: int, now: datetime) -> timedelta:
    """How long to wait still: doubling with each failure above the free ones, counted from the last."""
    failures, last = db.session.execute(select(func.count(), func.max(FailedLogin.at)).where(theirs)).one()
    if failures < free or last is None:
        return timedelta()
    step = min(timedelta(seconds=2 ** min(failures - free, 10)), LONGEST_WAIT)
    return max(timedelta(), last + step - now)


def _forget_failures(name: str, caller: Caller) -> None:
    """Whoever got in was no guesser: forgive this address its mistakes with this account."""
    _queue()
    theirs = (FailedLogin.name == name[:LONGEST_NAME], FailedLogin.address == caller.address)
    db.session.execute(delete(FailedLogin).where(*theirs))
