"""Work that goes on beside a block of code: a killer, somebody who looks on, people who shop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

Work = Callable[[Event], None]
"""Goes on until the event says that it is over."""


@contextmanager
def beside(work: Work, name: str, threads: int = 1) -> Iterator[None]:
    """Threads that do this as long as the block lasts."""
    over = Event()
    running = [Thread(target=work, args=(over,), name=name) for _ in range(threads)]
    for thread in running:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in running:
            thread.join()
