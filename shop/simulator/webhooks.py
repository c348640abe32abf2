"""Webhooks: what they say, the queue in the simulator's file, and the thread that delivers them."""

import ipaddress
import json
import logging
import re
import sqlite3
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from threading import Event, Thread
from urllib.parse import urlencode, urlsplit

import requests

from shop.simulator import clock, ledger, messages, runs, store
from shop.simulator.fields import MONTH, Fields
from shop.simulator.payment import Payment
from shop.simulator.policy import Policy
from shop.simulator.runs import Run
from shop.simulator.store import Row, Store

Send = Callable[[str, str, Mapping[str, str], bytes], int]
log = logging.getLogger(__name__)
TIMEOUT = 10.0
ACCEPTED = range(200, 300)
AGENT = {"User-Agent": "Payple simulator"}
LONGEST_WAIT = 1.0  # seconds until the queue is looked at again
# Seconds of the run's clock before the second, third, … attempt; Payple documents none.
PAUSES = (2.0, 10.0, 60.0, 600.0)
ADDRESS = re.compile(
    r"https?://(\[[0-9a-f:]+\]|[a-z0-9.-]+)(:[1-9]\d{0,3}|:[1-6]\d{4})?([/?][!\"$-~]*)?",
    re.IGNORECASE,
)
RESULT_ONLY = ("PCD_AUTH_KEY", "PCD_PAY_REQKEY")
PAYMENT_ONLY = ("PCD_USER_DEFINE1", "PCD_USER_DEFINE2")


class NotAnswered(Exception):
    """No answer within the limit, or none that is HTTP; carries the reason."""


class State(StrEnum):
    HELD = "held"
    QUEUED = "queued"
    DELIVERED = "delivered"
    DROPPED = "dropped"
    FAILED = "failed"


@dataclass(frozen=True)
class Try:
    """One request: `answer` is the HTTP status, or why there was none; `at` is the run's time in Korea."""

    at: str
    method: str
    answer: str
    accepted: bool


@dataclass(frozen=True)
class Webhook(Row):
    """One notice on its way.

    `due` is in seconds of the run's clock, `place` its place among those that wait, `resend_of` what it repeats.
    """

    table = "webhooks"

    run: str
    oid: str
    event: str
    url: str
    body: dict[str, str]
    due: float
    state: State = State.QUEUED
    place: int = 0
    tries: tuple[Try, ...] = ()
    resend_of: int | None = None
    id: int = 0


def announce_payment(db: sqlite3.Connection, run: Run, payment: Payment) -> None:
    if payment.approved_at:
        announce(db, run, "paid", _paid(payment), payment.oid, payment.oid)


def announce_cancel(db: sqlite3.Connection, run: Run, payment: Payment) -> None:
    """Queue a notice of the latest cancel, by the merchant's request or in Payple's partner admin."""
    name = f"{payment.oid} cancel {len(payment.cancellations)}"
    announce(db, run, "cancelled", _cancelled(payment), name, payment.oid)


def announce(db: sqlite3.Connection, run: Run, event: str, body: Fields, name: str, oid: str = "") -> None:
    """Queue a notice and its copies, in the transaction of the event; `name` decides what the bench does to each."""
    if not run.webhook_url:
        return
    due = run.now().timestamp() + run.bench.delay
    for copy in range(1 + run.bench.duplicate):
        state = State.HELD if run.bench.hold else State.QUEUED
        state = State.DROPPED if run.bench.drops(f"{name} {copy}") else state
        place = run.bench.place(f"{name} {copy}")
        store.insert(db, Webhook(run.id, oid, event, run.webhook_url, body, due, state, place))


def resend(db: sqlite3.Connection, run: Run, webhook: Webhook) -> int:
    """Queue the same notice once more, whatever the bench says, to the address that is registered now."""
    url, due = run.webhook_url or webhook.url, run.now().timestamp()
    again = Webhook(run.id, webhook.oid, webhook.event, url, webhook.body, due, resend_of=webhook.id)
    return store.insert(db, again)


def release(db: sqlite3.Connection, run: str) -> None:
    for webhook in store.select(db, Webhook, state=State.HELD, run=run):
        store.update(db, replace(webhook, state=State.QUEUED), number=webhook.id)


def _paid(payment: Payment) -> Fields:
    result = messages.success(payment, Policy())
    body = {
        "PCD_CST_ID": payment.run,
        **{name: value for name, value in result.items() if name not in RESULT_ONLY},
        "PCD_PAY_MSG": messages.PAID[payment.method],
        "PCD_PAY_URL": "",
        "PCD_PAY_COFURL": "",
        **{name: payment.asked.get(name, "") for name in MONTH},
    }
    if not payment.link:
        return body
    # Only a webhook reports a link's payment, with the parameter of its registration.
    code = "BILL0000" if payment.method == "transfer" else "0000"
    return body | {"PCD_PAY_CODE": code, "PCD_LINK_ADD_PARAM": payment.asked.get("PCD_LINK_PARAMETER", "")}


def _cancelled(payment: Payment) -> Fields:
    latest = payment.cancellations[-1]
    return {name: value for name, value in _paid(payment).items() if name not in PAYMENT_ONLY} | {
        "PCD_PAY_CODE": "PAYC0000",
        "PCD_PAY_MSG": "승인취소성공" if payment.method == "card" else "환불성공",
        "PCD_PAYCANCEL_FLAG": "Y",
        "PCD_REFUND_TOTAL": str(latest.amount),
        "PCD_REFUND_TIME": clock.stamp(latest.at),
    }


def checked_address(url: object, allowed_hosts: tuple[str, ...]) -> str:
    """Take an http(s) address on this machine, or on a host that the simulator was started with; blank stays blank.

    Raises ValueError with a sentence: whoever reaches the control panel could otherwise make this machine send
    requests to any host that it can see.
    """
    if url == "":
        return ""
    match = ADDRESS.fullmatch(url) if isinstance(url, str) else None
    host = urlsplit(match[0]).hostname if match else None
    if not host:
        raise ValueError("an address is http:// or https:// with a host, without user, password and fragment")
    if not (is_loopback(host) or host in allowed_hosts):
        raise ValueError(
            f"{host} is not this machine. The control panel asks nobody who they are, so it sends requests to loopback"
            " addresses only; start the simulator with --webhook-host HOST to allow another"
        )
    return str(url)


def send(method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> int:
    """Send one request and answer its status; redirects are not followed, the body of the answer is not read.

    Raises NotAnswered with the reason.
    """
    with requests.Session() as session:
        session.trust_env = False
        try:
            options = {"headers": dict(headers), "timeout": TIMEOUT, "allow_redirects": False, "stream": True}
            with session.request(method, url, data=body or None, **options) as answer:  # type: ignore[arg-type]
                return answer.status_code
        except requests.RequestException as error:
            raise NotAnswered(str(error)) from error


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class WebhookSender:
    """Works through the queue: `start` does it in a thread of its own, `deliver_due` once."""

    def __init__(self, kept: Store, send: Send = send) -> None:
        self._store, self.send, self._wake = kept, send, Event()

    def start(self) -> None:
        """Send until the process ends; what was being sent when the last process ended is sent again."""
        Thread(target=self._work, name="webhooks", daemon=True).start()

    def wake(self) -> None:
        self._wake.set()

    def deliver_due(self) -> int:
        sent = 0
        while webhook := self._next_due():
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
            self._wake.wait(LONGEST_WAIT)

    def _next_due(self) -> Webhook | None:
        query = (
            "SELECT webhooks.number, webhooks.body FROM webhooks JOIN runs ON runs.id = webhooks.run"
            " WHERE state = 'queued' AND due <= ? + clock_offset ORDER BY place, webhooks.number LIMIT 1"
        )
        with self._store.reading() as db:
            row = db.execute(query, (time.time(),)).fetchone()
        return store.read(Webhook, row) if row else None

    def _deliver(self, webhook: Webhook) -> None:
        with self._store.reading() as db:
            run = runs.by_id_or_default(db, webhook.run)
        tries = self._try(webhook, run)
        with self._store.writing() as db:
            if not store.update(db, _after(webhook, tries, run), number=webhook.id):
                return  # its run has been reset meanwhile
            for one in tries:
                note = f"{webhook.event} #{webhook.id}: {one.method} {webhook.url} → {one.answer}"
                outcome = "ok" if one.accepted else "failed"
                ledger.write(db, run, "webhook", oid=webhook.oid, outcome=outcome, note=note)

    def _try(self, webhook: Webhook, run: Run) -> tuple[Try, ...]:
        """Send the POST, before the first one a HEAD whose answer is only written down."""
        heads = () if webhook.tries else (self._request("HEAD", webhook, run, {}, b""),)
        content_type, body = _body(webhook, run.policy)
        return (*heads, self._request("POST", webhook, run, {"Content-Type": content_type}, body))

    def _request(self, method: str, webhook: Webhook, run: Run, headers: Mapping[str, str], body: bytes) -> Try:
        at = ledger.korea_time(run)
        try:
            status = self.send(method, webhook.url, {**AGENT, **headers}, body)
        except NotAnswered as reason:
            return Try(at, method, str(reason), accepted=False)
        return Try(at, method, str(status), accepted=status in ACCEPTED)


def _body(webhook: Webhook, policy: Policy) -> tuple[str, bytes]:
    if policy.webhook_format == "form":
        return "application/x-www-form-urlencoded; charset=UTF-8", urlencode(webhook.body).encode()
    return "application/json; charset=UTF-8", json.dumps(webhook.body, ensure_ascii=False).encode()


def _after(webhook: Webhook, tries: tuple[Try, ...], run: Run) -> Webhook:
    tried = replace(webhook, tries=(*webhook.tries, *tries))
    if tries[-1].accepted:
        return replace(tried, state=State.DELIVERED)
    posts = [one.method for one in tried.tries].count("POST")
    if posts > run.policy.webhook_retries:
        return replace(tried, state=State.FAILED)
    return replace(tried, due=run.now().timestamp() + PAUSES[min(posts, len(PAUSES)) - 1])
