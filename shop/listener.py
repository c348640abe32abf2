"""The listener: hears webhooks in a thread of its own, so that the request that brought one is answered at once."""

import logging
import os
from threading import Event, Lock, Thread

from flask import Flask

from shop import clock
from shop.payple import PaypleClient
from shop.services import hearing

log = logging.getLogger(__name__)
LONGEST_NAP = 30.0
SHORTEST_NAP = 1.0
"""Seconds. The long one is how soon the work of a dead worker is looked for, the short one spares a silent gateway."""


class Listener:
    """One daemon thread per process, so one question to the gateway at a time. Nothing starts before the first wake.

    A server forks its workers after the app is built, and no thread survives a fork: each process starts its own.
    """

    def __init__(self, app: Flask, client: PaypleClient) -> None:
        self._app, self._client = app, client
        self._lock, self._event, self._pid = Lock(), Event(), 0

    def wake(self) -> None:
        """A webhook was kept."""
        with self._lock:
            if self._pid != os.getpid():
                self._pid, self._event = os.getpid(), Event()
                Thread(target=self._work, args=(self._event,), name="listener", daemon=True).start()
        self._event.set()

    def _work(self, event: Event) -> None:
        nap = 0.0
        while True:
            event.wait(nap)
            event.clear()
            nap = self.hear()

    def hear(self) -> float:
        """One round; how many seconds until the next one. Whatever goes wrong, there is a next one."""
        try:
            with self._app.app_context():
                hearing.drain(self._client, now=clock.now())
                pause = hearing.seconds_until_next(clock.now())
        except Exception:
            log.exception("this round of hearing webhooks failed; the next one tries again")
            return LONGEST_NAP
        return LONGEST_NAP if pause is None else min(max(pause, SHORTEST_NAP), LONGEST_NAP)
