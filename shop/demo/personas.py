"""Who the presenter is at the moment: a buyer, a member of staff, or a stranger. One click, no password."""

from enum import StrEnum

from flask import session, url_for
from flask_login import login_user, logout_user

from shop.demo.buyer import new_visitor
from shop.demo.lived_in import PERSONA
from shop.errors import SignInRefused
from shop.extensions import settings
from shop.services import orders, staff
from shop.views.admin.login import is_signed_in, load_user

KEY = "persona"


class Persona(StrEnum):
    BUYER = "buyer"
    STAFF = "staff"
    ATTACKER = "attacker"


def present() -> Persona | None:
    """Who this browser plays; None before the first choice."""
    if is_signed_in():
        return Persona.STAFF
    name = session.get(KEY, "")
    return Persona(name) if name in list(Persona) and name != Persona.STAFF else None


def become(persona: Persona) -> str:
    """Sign this browser in as somebody and return the address of the page that this person sees."""
    if persona is Persona.STAFF:
        sign_in_staff()
        return url_for("admin.orders")
    logout_user()
    session.permanent = True
    session.pop("found", None)
    session[KEY] = persona.value
    session["visitor"] = PERSONA.mark if persona is Persona.BUYER else new_visitor().mark
    return url_for("orders.history") if persona is Persona.BUYER else _order_of_the_buyer()


def sign_in_staff() -> None:
    """Sign in with the account that the program made at its first start, and confirm its password.

    :raises SignInRefused: its password was changed
    """
    name, password = settings().admin_username, settings().admin_password
    if not name:
        raise SignInRefused
    token = staff.sign_in(name, password)
    staff.confirm_password(token, name, password)
    session.permanent = True
    login_user(load_user(token))


def _order_of_the_buyer() -> str:
    """The address that a stranger has got hold of: the buyer's newest order."""
    newest = next(iter(orders.history(PERSONA).orders), None)
    return url_for("orders.show", order_no=newest.order_no) if newest else url_for("demo.index")
