"""Asking about a charged payment, under each day on which the gateway may have filed it."""

from collections.abc import Iterable
from datetime import date

from shop.payple import Method, PaymentFound
from shop.payple.flow import Inquirer


def find(asking: Inquirer, attempt_no: str, days: Iterable[date], method: Method) -> PaymentFound | None:
    """The first answer that knows the payment; None if it is known under no day.

    :raises GatewayError: a question had no answer, so nobody can say
    """
    answers = (asking.inquire(attempt_no, day, method, about=attempt_no) for day in days)
    return next((found for found in answers if found is not None), None)
