"""Faults on real sockets: each ends in time as NotSent or OutcomeUnknown, and never as a success."""

import gzip
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

import pytest

from shop.payple import NotSent, OutcomeUnknown, Timeouts
from shop.payple.transport import Transport
from tests.loopback import CERTIFICATE, Behaviour, Loopback, answering, head_of, loopback

PATIENT = Timeouts(connect=5, read=5, total=10)
SHORT = Timeouts(connect=0.3, read=0.3, total=10)  # for what hangs
BRIEF = Timeouts(connect=5, read=5, total=1)  # for what never stops
MESSAGE = {"PCD_PAY_OID": "ORDER_1", "PCD_CUST_KEY": "abcd1234567890"}
YES = {"PCD_PAY_RST": "success"}


def transport(timeouts: Timeouts = PATIENT, max_calls: int = 8) -> Transport:
    return Transport("http://localhost:8000", timeouts, max_calls)


def post(server: Loopback, timeouts: Timeouts = PATIENT) -> dict[str, object]:
    return transport(timeouts).post(server.address + "/php/auth.php", MESSAGE)


def test_a_message_travels_as_the_quick_guide_says() -> None:
    with loopback(answering(YES)) as server:
        assert post(server) == YES
        assert server.requests[0].startswith(b"POST /php/auth.php HTTP/1.1\r\n")
        assert server.bodies() == [MESSAGE]
        headers = server.headers()
    assert (headers["content-type"], headers["cache-control"]) == ("application/json", "no-cache")
    assert (headers["referer"], headers["accept-encoding"]) == ("http://localhost:8000", "identity")


def test_calls_share_one_connection_and_one_slot_and_keep_no_cookie() -> None:
    with loopback(answering(YES, "200 OK", "Set-Cookie: session=1; Path=/")) as server:
        wire = transport(max_calls=1)
        for _ in range(3):
            wire.post(server.address, MESSAGE)
        assert (len(server.requests), server.connections) == (3, 1)
        assert "cookie" not in server.headers()


def test_a_json_answer_that_calls_itself_html_and_has_a_byte_order_mark_is_read() -> None:
    body = b'\xef\xbb\xbf{"PCD_PAY_RST":"success"}'
    with loopback(lambda c: c.sendall(head_of(len(body)).replace(b"application/json", b"text/html") + body)) as server:
        assert post(server) == YES


# Nothing left this machine.


@pytest.fixture
def refused() -> str:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        return f"http://127.0.0.1:{unused.getsockname()[1]}"


@pytest.fixture
def without_address() -> str:
    return "http://nowhere.invalid:8001"


@pytest.fixture
def hanging() -> Iterator[str]:
    """A server whose queue of waiting connections is full: further ones hang while connecting."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            guest = stack.enter_context(socket.socket())
            guest.setblocking(False)
            with suppress(BlockingIOError):
                guest.connect(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize("host", ["refused", "without_address", "hanging"])
def test_a_connection_that_is_not_made_is_not_sent(host: str, request: pytest.FixtureRequest) -> None:
    with pytest.raises(NotSent):
        transport(SHORT).post(request.getfixturevalue(host), MESSAGE)


def test_a_call_without_a_free_slot_is_not_sent() -> None:
    wire = transport(max_calls=1)
    wire._slots.acquire()
    with loopback(answering(YES)) as server:
        with pytest.raises(NotSent, match="too many"):
            wire.post(server.address, MESSAGE)
        assert server.connections == 0
        wire._slots.release()
        assert wire.post(server.address, MESSAGE) == YES


# Something may have happened.

PARTIAL = head_of(100) + b'{"PCD_PAY_RST":"succ'
OVERSIZE = b'{"PCD_PAY_RST":"success","x":"' + b"0" * 300_000 + b'"}'


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


FAULTS: dict[str, Behaviour] = {
    "closed without a word": lambda c: c.shutdown(socket.SHUT_RDWR),
    "reset without a word": reset,
    "reset in the body": reset_mid_body,
    "closed in the body": close_early,
    "not http": lambda c: c.sendall(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),
    "html": answering(b"<html><h1>It works</h1></html>"),
    "empty": answering(b""),
    "cut": answering(b'{"PCD_PAY_RST":"succ'),
    "a list": answering(b'[{"PCD_PAY_RST":"success"}]'),
    "nested too deep": answering(b"[" * 100_000),
    "another encoding": answering('{"PCD_PAY_MSG":"결제완료"}'.encode("euc-kr")),
    "502 empty": answering(b"", "502 Bad Gateway"),
    "500 with a yes": answering(YES, "500 Internal Server Error"),
    "201 with a yes": answering(YES, "201 Created"),
    "204": lambda c: c.sendall(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "oversize": answering(OVERSIZE),
    "oversize without a length": lambda c: c.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + OVERSIZE),
    "gzip": answering(gzip.compress(b'{"PCD_PAY_RST":"success"}'), "200 OK", "Content-Encoding: gzip"),
    "endless headers": lambda c: c.sendall(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 2_000),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_or_senseless_answer_leaves_the_outcome_unknown(fault: str) -> None:
    with loopback(FAULTS[fault]) as server:
        with pytest.raises(OutcomeUnknown) as lost:
            post(server)
        assert len(server.requests) == 1  # no second try of its own
    assert "abcd1234567890" not in str(lost.value)


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


def test_a_certificate_that_is_not_trusted_sees_no_key() -> None:
    with loopback(answering(YES), tls=True) as server:
        with pytest.raises(OutcomeUnknown):
            post(server)
        assert server.requests == []


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_silence_ends_in_time(scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(OutcomeUnknown):
        transport(SHORT).post(f"{scheme}://127.0.0.1:{silent.getsockname()[1]}", MESSAGE)


def dripping_body(server: Callable[[], Loopback]) -> Behaviour:
    """Answer the head at once and the body byte by byte."""

    def behaviour(connection: socket.socket) -> None:
        connection.sendall(head_of(10_000))
        server().drip(connection, b"0" * 10_000)

    return behaviour


@pytest.fixture
def vouched_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """For once the loopback server's certificate is one that `requests` trusts."""
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(CERTIFICATE))


@pytest.mark.usefixtures("vouched_for")
@pytest.mark.parametrize("tls", [False, True])
def test_a_bad_answer_does_not_spoil_the_next_call_and_a_dripping_one_is_cut(tls: bool) -> None:
    drip = dripping_body(lambda: server)
    with loopback(answering(YES), FAULTS["oversize"], reset_mid_body, drip, answering(YES), tls=tls) as server:
        wire = transport(BRIEF, max_calls=1)
        assert wire.post(server.address, MESSAGE) == YES
        began = time.monotonic()
        for _ in range(3):
            with pytest.raises(OutcomeUnknown):
                wire.post(server.address, MESSAGE)
        assert time.monotonic() - began < 5
        assert wire.post(server.address, MESSAGE) == YES


def test_calls_of_many_threads_share_as_many_connections_as_may_run_at_a_time() -> None:
    with loopback(answering(YES)) as server, ThreadPoolExecutor(6) as callers:
        wire = transport(max_calls=6)
        assert list(callers.map(lambda _: wire.post(server.address, MESSAGE), range(40))) == [YES] * 40
        assert server.connections <= 6
