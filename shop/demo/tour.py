"""The tour: the cards as one story of ten steps. The session keeps the step and the pages that were shown."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import session, url_for

from shop.demo import cards
from shop.demo.buyer import Buyer
from shop.services.orders import ORDER_NO
from shop.views.session import remembered_visitor

STEP, PAGES = "tour", "tour_pages"


@dataclass(frozen=True)
class Step:
    """``open_page`` does what the step shows and returns the address of the page."""

    name: str
    open_page: Callable[[], str]


def go_to(number: int) -> str:
    """Go to a step and return its page. A step that was shown before is not played again."""
    pages: list[str] = list(session.get(PAGES, []))
    while len(pages) <= number:
        session[STEP], session[PAGES] = len(pages), pages
        pages = [*pages, STEPS[len(pages)].open_page()]
    session[STEP], session[PAGES] = number, pages
    return pages[number]


def end() -> None:
    session.pop(STEP, None)
    session.pop(PAGES, None)


def position() -> int | None:
    """Return the number of the present step, from 0, or None outside the tour."""
    number = session.get(STEP)
    return number if isinstance(number, int) and 0 <= number < len(STEPS) else None


def order_no() -> str:
    """Return the number of the order that the tour showed last, or blank."""
    found = [ORDER_NO.search(page) for page in session.get(PAGES, [])[: (position() or 0) + 1]]
    return next((match[0] for match in reversed(found) if match), "")


def _card(name: str) -> Callable[[], str]:
    return lambda: cards.play(name, Buyer(remembered_visitor()))


def _lost_answer() -> str:
    return url_for("conversation.show", order_no=order_no(), _anchor="lost")


STEPS = (
    Step("start", lambda: url_for("demo.index")),
    Step("popup-card", _card("popup-card")),
    Step("direct-transfer", _card("direct-transfer")),
    Step("lost-answer", _card("lost-answer")),
    Step("conversation", _lost_answer),
    Step("changed-amount", _card("changed-amount")),
    Step("partial-refund", _card("partial-refund")),
    Step("two-windows", _card("two-windows")),
    Step("subscription", _card("subscription")),
    Step("end", lambda: url_for("demo.index")),
)
