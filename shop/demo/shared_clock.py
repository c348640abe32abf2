"""One clock for shop and simulator. The simulator keeps the time; the shop's offset is a copy of the simulator's."""

from collections.abc import Mapping
from datetime import timedelta

from shop import clock
from shop.demo.tools import client, simulator
from shop.demo.wishes import WishRefused
from shop.services import sweep

MOST_CALLS = 3
"""Of one job: a sweep makes one call of each, and a cash receipt that is issued again needs two."""
LONGEST = timedelta(days=30)
UNITS = ("days", "hours", "minutes", "seconds")


def read_step(body: object) -> timedelta:
    """Read `{"hours": 1}` and its like.

    :raises WishRefused: with one sentence
    """
    sentence = f"Send whole numbers above 0 of {', '.join(UNITS)}, together at most {LONGEST.days} days."
    if not isinstance(body, dict) or not body or set(body) - set(UNITS):
        raise WishRefused(sentence)
    if not all(type(value) is int and 0 < value <= LONGEST.total_seconds() for value in body.values()):
        raise WishRefused(sentence)
    step = timedelta(**body)
    if step > LONGEST:
        raise WishRefused(sentence)
    return step


def advance(step: timedelta) -> None:
    """Let time pass for shop and simulator, then do what the sweep would have done by now."""
    move({"advance": int(step.total_seconds())})
    for _call in range(MOST_CALLS):
        sweep.run(client())


def move(order: Mapping[str, int]) -> None:
    """Move the simulator's clock as ordered, and the shop's along with it."""
    clock.set_offset(int(simulator().control("POST", "clock", order)["offset_seconds"]))


def as_json() -> dict[str, object]:
    return {"now": clock.korea_time(clock.now()).isoformat(), "offset_seconds": int(clock.offset().total_seconds())}
