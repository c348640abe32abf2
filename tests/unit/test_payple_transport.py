"""Faults on real sockets: each ends in time as NotSent or OutcomeUnknown, and never as a success."""

from __future__ import annotations

import gzip
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

import pytest
import requests

from shop.payple import GatewayError, NotSent, OutcomeUnknown, Timeouts
from shop.payple.transport import Transport
from tests.loopback import CERTIFICATE, Behaviour, Loopback, answering, head_of, loopback

PATIENT = Timeouts(connect=5, read=5, total=10)
SHORT = Timeouts(connect=0.3, read=0.3, total=10)  # for what hangs
BRIEF = Timeouts(connect=5, read=5, total=1)  # for what never stops
MESSAGE = {"PCD_PAY_OID": "ORDER_1", "PCD_CUST_KEY": "abcd1234567890"}
YES = {"PCD_PAY_RST": "success"}


def transport(timeouts: Timeouts = PATIENT, max_calls: int = 8) -> Transport:
    return Transport("http://localhost:8000", timeouts, max_calls)


def silence(connection: socket.socket) -> None:
    """Say nothing until the client hangs up."""
    connection.recv(1)


def post(server: Loopback, timeouts: Timeouts = PATIENT) -> dict[str, object]:
    return transport(timeouts).post(server.address + "/php/auth.php", MESSAGE)


def test_a_message_travels_as_the_quick_guide_says() -> None:
    with loopback(answering(YES)) as server:
        assert post(server) == YES
        assert server.requests[0].startswith(b"POST /php/auth.php HTTP/1.1\r\n")
        assert server.bodies() == [MESSAGE]
        headers = server.headers()
    assert headers["content-type"] == "application/json"
    assert headers["cache-control"] == "no-cache"
    assert headers["referer"] == "http://localhost:8000"
    assert headers["accept-encoding"] == "identity"


def test_calls_share_one_connection_and_keep_no_cookie() -> None:
    with loopback(answering(YES, "200 OK", "Set-Cookie: session=1; Path=/")) as server:
        wire = transport()
        for _ in range(3):
            wire.post(server.address, MESSAGE)
        assert (len(server.requests), server.connections) == (3, 1)
        assert "cookie" not in server.headers()


def test_a_json_answer_that_calls_itself_html_is_read() -> None:
    body = b'{"PCD_PAY_RST":"success"}'
    with loopback(lambda c: c.sendall(head_of(len(body)).replace(b"application/json", b"text/html") + body)) as server:
        assert post(server) == YES


# Nothing left this machine.


def test_a_refused_connection_is_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        address = f"http://127.0.0.1:{unused.getsockname()[1]}"
    with pytest.raises(NotSent):
        transport().post(address, MESSAGE)


def test_a_host_without_an_address_is_not_sent() -> None:
    with pytest.raises(NotSent):
        transport().post("http://nowhere.invalid:8001", MESSAGE)


@pytest.fixture
def full_house() -> Iterator[str]:
    """A server whose queue of waiting connections is full: further ones hang while connecting."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            guest = stack.enter_context(socket.socket())
            guest.setblocking(False)
            with suppress(BlockingIOError):
                guest.connect(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_connection_that_hangs_is_not_sent(full_house: str) -> None:
    with pytest.raises(NotSent):
        transport(SHORT).post(full_house, MESSAGE)


def test_a_call_beyond_those_that_wait_is_not_sent_at_once() -> None:
    """Its thread is needed for pages: with a connect timeout of minutes, this ends."""
    wire = transport(Timeouts(connect=600, read=5, total=600), max_calls=2)
    for _ in range(3):
        wire._places.acquire()
    with loopback(answering(YES)) as server:
        with pytest.raises(NotSent, match="too many"):
            wire.post(server.address, MESSAGE)
        assert server.connections == 0


def test_a_call_that_waits_in_vain_is_not_sent() -> None:
    wire = transport(Timeouts(connect=0.2, read=5, total=5), max_calls=1)
    wire._slots.acquire()
    with loopback(answering(YES)) as server:
        with pytest.raises(NotSent, match="too many"):
            wire.post(server.address, MESSAGE)
        assert server.connections == 0


def test_a_call_that_waits_gets_the_next_free_slot() -> None:
    wire = transport(Timeouts(connect=30, read=5, total=30), max_calls=1)
    wire._slots.acquire()
    with loopback(answering(YES)) as server, ThreadPoolExecutor(1) as callers:
        call = callers.submit(wire.post, server.address, MESSAGE)
        while not call.running():
            pass
        wire._slots.release()
        assert call.result(30) == YES


def test_a_slot_that_is_free_again_serves_the_next_call() -> None:
    wire = transport(max_calls=1)
    with loopback(answering(YES)) as server:
        for _call in range(3):
            assert wire.post(server.address, MESSAGE)["PCD_PAY_RST"] == "success"


# Something may have happened.

PARTIAL = head_of(100) + b'{"PCD_PAY_RST":"succ'


def reset(connection: socket.socket) -> None:
    """Break off with a reset instead of a polite end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    connection.close()


def reset_mid_body(connection: socket.socket) -> None:
    connection.sendall(PARTIAL)
    reset(connection)


def close_early(connection: socket.socket) -> None:
    connection.sendall(PARTIAL)
    connection.shutdown(socket.SHUT_RDWR)


def bomb() -> bytes:
    return gzip.compress(b'{"a":"' + b"0" * 50_000_000 + b'"}')


OVERSIZE = b'{"PCD_PAY_RST":"success","x":"' + b"0" * 300_000 + b'"}'

FAULTS: dict[str, Behaviour] = {
    "closed without a word": lambda c: c.shutdown(socket.SHUT_RDWR),
    "reset without a word": reset,
    "reset in the body": reset_mid_body,
    "closed in the body": close_early,
    "not http": lambda c: c.sendall(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),
    "html": answering(b"<html><h1>It works</h1></html>"),
    "empty": answering(b""),
    "500 html": answering(b"<html>500</html>", "500 Internal Server Error"),
    "502 empty": answering(b"", "502 Bad Gateway"),
    "500 with a yes": answering(YES, "500 Internal Server Error"),
    "201 with a yes": answering(YES, "201 Created"),
    "204": lambda c: c.sendall(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "truncated json": answering(b'{"PCD_PAY_RST":"success"'),
    "array": answering(b'[{"PCD_PAY_RST":"success"}]'),
    "null": answering(b"null"),
    "number": answering(b"1000"),
    "repeated field": answering(b'{"PCD_PAY_RST":"success","PCD_PAY_RST":"error"}'),
    "euc-kr": answering('{"PCD_PAY_RST":"success","PCD_PAY_MSG":"결제완료"}'.encode("euc-kr")),
    "deep": answering(b'{"a":' * 50_000),
    "oversize": answering(OVERSIZE),
    "oversize without a length": lambda c: c.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + OVERSIZE),
    "gzip": answering(gzip.compress(b'{"PCD_PAY_RST":"success"}'), "200 OK", "Content-Encoding: gzip"),
    "gzip bomb": answering(bomb(), "200 OK", "Content-Encoding: gzip"),
    "endless headers": lambda c: c.sendall(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 2_000),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_or_senseless_answer_leaves_the_outcome_unknown(fault: str) -> None:
    with loopback(FAULTS[fault]) as server:
        with pytest.raises(OutcomeUnknown) as lost:
            post(server)
        assert len(server.requests) == 1  # no second try of its own
    assert "abcd1234567890" not in str(lost.value)


def test_a_bad_answer_does_not_spoil_the_next_call() -> None:
    with loopback(FAULTS["oversize"], reset_mid_body, answering(YES)) as server:
        wire = transport()
        for _ in range(2):
            with pytest.raises(OutcomeUnknown):
                wire.post(server.address, MESSAGE)
        assert wire.post(server.address, MESSAGE) == YES


@pytest.mark.parametrize("status", ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent"])
def test_a_redirect_is_not_followed_and_the_other_place_sees_no_key(status: str) -> None:
    with loopback(answering(YES)) as canary, loopback() as server:
        server.behaviours.append(answering(b"", status, f"Location: {canary.address}/php/auth.php"))
        with pytest.raises(OutcomeUnknown):
            post(server)
        assert canary.connections == 0


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with loopback(answering(YES)) as canary, loopback(answering(YES)) as server:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, canary.address)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        assert post(server) == YES
        assert canary.connections == 0


def test_a_certificate_that_is_not_trusted_is_refused_and_sees_no_key() -> None:
    with loopback(answering(YES), tls=True) as server:
        with pytest.raises(OutcomeUnknown):
            post(server)
        assert server.requests == []


def test_a_tls_handshake_that_hangs_ends_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(OutcomeUnknown):
        transport(SHORT).post(f"https://127.0.0.1:{silent.getsockname()[1]}", MESSAGE)


def test_silence_after_the_request_leaves_the_outcome_unknown() -> None:
    with loopback(silence) as server, pytest.raises(OutcomeUnknown):
        post(server, SHORT)


def dripping_body(server: Callable[[], Loopback]) -> Behaviour:
    """Answer the head at once and the body byte by byte."""

    def behaviour(connection: socket.socket) -> None:
        connection.sendall(head_of(10_000))
        server().drip(connection, b"0" * 10_000)

    return behaviour


def test_a_server_that_drips_cannot_stretch_the_total_deadline() -> None:
    with loopback(dripping_body(lambda: server)) as server:
        began = time.monotonic()
        with pytest.raises(OutcomeUnknown, match="in time"):
            post(server, BRIEF)
        assert time.monotonic() - began < 5


def test_a_dripping_server_does_not_use_up_the_slots() -> None:
    dripping = dripping_body(lambda: server)
    with loopback(dripping, dripping, answering(YES)) as server:
        wire = transport(BRIEF, max_calls=1)
        for _ in range(2):
            with pytest.raises(OutcomeUnknown):
                wire.post(server.address, MESSAGE)
        assert wire.post(server.address, MESSAGE) == YES


@pytest.fixture
def vouched_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """For once the loopback server's certificate is one that `requests` trusts."""
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(CERTIFICATE))


@pytest.mark.usefixtures("vouched_for")
def test_over_tls_a_good_answer_is_read_and_a_dripping_one_is_cut() -> None:
    dripping = dripping_body(lambda: server)
    with loopback(answering(YES), dripping, answering(YES), tls=True) as server:
        wire = transport(BRIEF, max_calls=1)
        assert wire.post(server.address, MESSAGE) == YES
        with pytest.raises(OutcomeUnknown):
            wire.post(server.address, MESSAGE)
        assert wire.post(server.address, MESSAGE) == YES


# Threads, and sessions of others.


def test_calls_of_many_threads_do_not_mix() -> None:
    def echo(connection: socket.socket) -> None:
        answering(server.requests[-1].partition(b"\r\n\r\n")[2])(connection)

    with loopback(answering(YES)) as server, ThreadPoolExecutor(6) as callers:
        wire = transport(max_calls=4)
        answers = list(callers.map(lambda _: wire.post(server.address, MESSAGE), range(40)))
        assert answers == [YES] * 40
        assert server.connections <= 4


class Broken(requests.adapters.BaseAdapter):
    """An adapter of someone else's that fails in a chosen way."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def send(self, *args: object, **kwargs: object) -> requests.Response:
        raise self.error

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("error", "ending"),
    [
        (requests.ConnectTimeout(), NotSent),
        (requests.ConnectionError(), OutcomeUnknown),
        (requests.ReadTimeout(), OutcomeUnknown),
        (RuntimeError("a bug in the adapter"), OutcomeUnknown),
    ],
)
def test_every_error_but_a_failed_connection_may_have_been_sent(error: Exception, ending: type[GatewayError]) -> None:
    session = requests.Session()
    session.mount("http://", Broken(error))
    with pytest.raises(ending):
        Transport("http://localhost:8000", PATIENT, 8, session).post("http://127.0.0.1:8001", MESSAGE)
