"""The postman: delivers what the queue holds, one webhook after another, outside of anybody's request."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from threading import Event, Thread
from urllib.parse import urlencode

from shop.simulator import clock, ledger, outgoing, runs, webhooks
from shop.simulator.ledger import Entry
from shop.simulator.outgoing import ACCEPTED, NotAnswered
from shop.simulator.policy import Policy
from shop.simulator.runs import Run
from shop.simulator.storage import Storage
from shop.simulator.webhooks import State, Try, Webhook

Send = Callable[[str, str, Mapping[str, str], bytes], int]
log = logging.getLogger(__name__)
AGENT = {"User-Agent": "Payple simulator"}
LONGEST_NAP = 60.0
# Seconds of the run's clock before the second, third, … attempt; Payple documents none.
PAUSES = (2.0, 10.0, 60.0, 600.0)


class Postman:
    """Works through the queue; `start` gives it a thread of its own, without one `deliver_due` does the round."""

    def __init__(self, storage: Storage, send: Send = outgoing.send) -> None:
        self._storage, self._send, self._wake = storage, send, Event()

    def start(self) -> None:
        """Take up what an earlier life left behind, and go on until the process ends."""
        with self._storage.writing() as db:
            webhooks.resume(db)
        Thread(target=self._work, name="postman", daemon=True).start()

    def wake(self) -> None:
        """Something may be due now."""
        self._wake.set()

    def deliver_due(self) -> int:
        """Deliver everything whose time has come; how many were sent."""
        sent = 0
        while webhook := self._take():
            self._deliver(webhook)
            sent += 1
        return sent

    def _work(self) -> None:
        while True:
            self._wake.clear()
            try:
                self.deliver_due()
            except Exception:
                log.exception("a webhook could not be delivered")  # the next one may be
            self._wake.wait(self._nap())

    def _nap(self) -> float | None:
        with self._storage.reading() as db:
            moment = webhooks.next_moment(db)
        return None if moment is None else min(max(moment - clock.real_now().timestamp(), 0.01), LONGEST_NAP)

    def _take(self) -> Webhook | None:
        now = clock.real_now().timestamp()
        with self._storage.reading() as db:
            if webhooks.next_due(db, now) is None:
                return None
        with self._storage.writing() as db:
            webhook = webhooks.next_due(db, now)
            if webhook:
                webhooks.advance(db, replace(webhook, state=State.SENDING))
        return webhook

    def _deliver(self, webhook: Webhook) -> None:
        run = self._run(webhook)
        tries = self._try(webhook, run)
        with self._storage.writing() as db:
            if not webhooks.advance(db, after(webhook, tries, run)):
                return
            for one in tries:
                note = f"{webhook.event} #{webhook.id}: {one.method} {webhook.url} → {one.answer}"
                outcome = "ok" if one.accepted else "failed"
                ledger.write(db, Entry(run.id, run.now(), "webhook", webhook.oid, outcome, note=note))

    def _try(self, webhook: Webhook, run: Run) -> tuple[Try, ...]:
        """A HEAD, until one was answered well or only once (policy), and the POST."""
        insists = run.policy.webhook_probe == "insist"
        probes: tuple[Try, ...] = ()
        if not webhook.tries or (insists and not any(one.accepted for one in webhook.tries)):
            probes = (self._request("HEAD", webhook, run, {}, b""),)
        if insists and probes and not probes[0].accepted:
            return probes
        content_type, body = written(webhook.body, run.policy)
        return (*probes, self._request("POST", webhook, run, {"Content-Type": content_type}, body))

    def _request(self, method: str, webhook: Webhook, run: Run, headers: Mapping[str, str], body: bytes) -> Try:
        at = run.now().astimezone(clock.KOREA).isoformat(timespec="milliseconds")
        try:
            status = self._send(method, webhook.url, {**AGENT, **headers}, body)
        except NotAnswered as reason:
            return Try(at, method, str(reason), accepted=False)
        return Try(at, method, str(status), accepted=status in ACCEPTED)

    def _run(self, webhook: Webhook) -> Run:
        with self._storage.reading() as db:
            return runs.by_id(db, webhook.run) or runs.PUBLIC_TEST_RUN


def written(body: Mapping[str, str], policy: Policy) -> tuple[str, bytes]:
    """The notice as it travels: its content type and its bytes."""
    if policy.webhook_format == "form":
        return "application/x-www-form-urlencoded; charset=UTF-8", urlencode(body).encode()
    return "application/json; charset=UTF-8", json.dumps(body, ensure_ascii=False).encode()


def after(webhook: Webhook, tries: tuple[Try, ...], run: Run) -> Webhook:
    """The webhook after these tries: delivered, given up, or due again after a longer pause."""
    tried = replace(webhook, tries=(*webhook.tries, *tries))
    if tries[-1].method == "POST" and tries[-1].accepted:
        return replace(tried, state=State.DELIVERED)
    rounds = webhook.rounds + 1
    if rounds > run.policy.webhook_retries:
        return replace(tried, state=State.FAILED, rounds=rounds)
    pause = PAUSES[min(rounds, len(PAUSES)) - 1]
    return replace(tried, state=State.QUEUED, rounds=rounds, due=run.now().timestamp() + pause)
