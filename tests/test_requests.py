"""Requests as strangers write them, at the real servers: headers about the way, and what cannot be parsed."""

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.tools.servers import Program, running

WAYS = [
    "SCRIPT_NAME: /admin",
    "SCRIPT_NAME: //evil.example",
    "SCRIPT-NAME: //evil.example",
    "PATH_INFO: //evil.example",
    "X-Forwarded-Proto: https\r\nX-Forwarded-Ssl: off",
    "X-Forwarded-Prefix: //evil.example",
    "X-Forwarded-Host: evil.example",
]
UNREADABLE = [
    b"GET\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost localhost\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: many\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    with running(tmp_path_factory.mktemp("requests") / "home") as started:
        yield started


def send(url: str, request: bytes) -> str:
    """The whole answer to a request as it stands, from this machine."""
    with socket.create_connection(("127.0.0.1", urlsplit(url).port or 80), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b"")).decode(errors="replace")


def test_what_a_neighbour_says_about_the_way_changes_nothing(program: Program) -> None:
    for way in WAYS:
        for path in ("/admin/", "/admin", "//evil.example/admin/"):
            answer = send(program.shop_url, f"GET {path} HTTP/1.0\r\nHost: localhost\r\n{way}\r\n\r\n".encode())
            assert (answer.split()[1], "//evil.example" in answer) in (("303", False), ("404", False)), way
        answer = send(program.simulator_url, f"GET /_sim HTTP/1.0\r\nHost: localhost\r\n{way}\r\n\r\n".encode())
        assert answer.split()[1] == "200", way


def test_requests_that_cannot_be_parsed_make_one_line_a_minute(program: Program) -> None:
    answers = [send(program.shop_url, request) for request in UNREADABLE * 4]

    assert {answer.split()[1][0] for answer in answers if answer} == {"4"}
    assert program.log.count("Invalid request from") == 1
