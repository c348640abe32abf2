"""Pages that look the same to everybody, rendered once a second."""

from collections.abc import Callable, Hashable
from functools import lru_cache, wraps

from flask import current_app, request

from shop import clock
from shop.views.session import cart_count
from shop.views.template_filters import language

MOST_PAGES = 100
"""Per function and worker. A page takes about 20 kilobytes."""


def kept_for_a_second(render: Callable[..., str]) -> Callable[..., str]:
    """Keep what a function renders, by its arguments, the language and the cart count, which every page shows.

    The page must show nothing else of the visitor: no CSRF token, no notice, no nonce.
    """

    @lru_cache(MOST_PAGES)
    def page(_kept_for: Hashable, *args: Hashable) -> str:
        return render(*args)

    @wraps(render)
    def kept(*args: Hashable) -> str:
        if request.args:  # the footer's links repeat them
            return render(*args)
        second = int(clock.now().timestamp())
        return page((second, current_app.jinja_env, language(), cart_count()), *args)

    return kept
