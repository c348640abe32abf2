"""Staff accounts and their sessions: adding, disabling, signing in and out."""

import hashlib
import secrets
import unicodedata
from datetime import timedelta
from functools import cache

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.exc import IntegrityError
from werkzeug.security import check_password_hash, generate_password_hash

from shop import clock
from shop.db import db, end_reading, transaction
from shop.errors import SignInRefused, StaffProblem
from shop.models import StaffMember, StaffSession
from shop.rules.states import Source
from shop.services import journal
from shop.services.journal import Actor

LEAST_PASSWORD = 12
LONGEST_PASSWORD = 200
LONGEST_NAME = 40
SESSION_LIFETIME = timedelta(hours=10)
"""A working day. After it everybody signs in again."""


def add(name: str, password: str) -> StaffMember:
    """Make an account, or raise StaffProblem."""
    is_one_word = name == name.strip() and name.isprintable() and " " not in name
    if not (is_one_word and 0 < len(name) <= LONGEST_NAME):
        raise StaffProblem(StaffProblem.Reason.NAME)
    if not LEAST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise StaffProblem(StaffProblem.Reason.PASSWORD)
    member = StaffMember(name=name, password_hash=generate_password_hash(_normal(password)))
    try:
        with transaction():
            db.session.add(member)
            journal.note(None, "staff_added", Actor(Source.STAFF, name))
    except IntegrityError as error:
        raise StaffProblem(StaffProblem.Reason.TAKEN) from error
    return member


def add_first(name: str, password: str) -> None:
    if not exists():
        add(name, password)


def disable(name: str) -> None:
    """Close an account for good and end its sessions, or raise StaffProblem."""
    with transaction():
        member = _find(name)
        if member is None:
            raise StaffProblem(StaffProblem.Reason.UNKNOWN)
        member.disabled_at = member.disabled_at or clock.now()
        journal.note(None, "staff_disabled", Actor(Source.STAFF, name))


def exists() -> bool:
    return db.session.scalar(select(StaffMember.id).limit(1)) is not None


def is_login(name: str, password: str) -> bool:
    member = _find(name)
    return member is not None and _fits(member, password)


def sign_in(name: str, password: str) -> str:
    """Begin a session and return its token, or raise SignInRefused. Every refusal takes the same time."""
    member = _check(name, password)
    now = clock.now()
    token = secrets.token_urlsafe(32)
    ends_at = now + SESSION_LIFETIME
    session = StaffSession(token_hash=_hash_of_token(token), staff_id=member.id, expires_at=ends_at)
    with transaction():
        db.session.execute(delete(StaffSession).where(StaffSession.expires_at <= now))
        db.session.add(session)
        journal.note(None, "staff_signed_in", Actor(Source.STAFF, name))
    return token


def find_session(token: str) -> StaffSession | None:
    """Return the session of a token, unless it has ended or its account is disabled."""
    query = select(StaffSession).join(StaffSession.member).where(*_alive(token), StaffMember.disabled_at.is_(None))
    return db.session.scalar(query)


def sign_out(token: str) -> None:
    with transaction():
        db.session.execute(update(StaffSession).where(*_alive(token)).values(ended_at=clock.now()))


def confirm_password(token: str, name: str, password: str) -> None:
    """Check the password of a signed-in person before money moves, or raise SignInRefused."""
    _check(name, password)
    with transaction():
        confirm = update(StaffSession).where(*_alive(token)).values(password_confirmed_at=clock.now())
        if db.session.connection().execute(confirm).rowcount != 1:
            raise SignInRefused


def _alive(token: str) -> tuple[ColumnElement[bool], ...]:
    has_token = StaffSession.token_hash == _hash_of_token(token)
    return has_token, StaffSession.ended_at.is_(None), StaffSession.expires_at > clock.now()


def _hash_of_token(token: str) -> str:
    """Fast is enough: a token has 256 random bits."""
    return hashlib.sha256(token.encode()).hexdigest()


def _check(name: str, password: str) -> StaffMember:
    member = _find(name)
    end_reading()
    if not _fits(member, password) or member is None or member.disabled_at is not None:
        raise SignInRefused
    return member


def _fits(member: StaffMember | None, password: str) -> bool:
    """Take the same time for an unknown name."""
    stored = member.password_hash if member else _hash_of_nobody()
    return len(password) <= LONGEST_PASSWORD and check_password_hash(stored, _normal(password))


@cache
def _hash_of_nobody() -> str:
    return generate_password_hash("no account has this password")


def _normal(password: str) -> str:
    return unicodedata.normalize("NFKC", password)


def _find(name: str) -> StaffMember | None:
    return db.session.scalar(select(StaffMember).where(StaffMember.name == name))
