"""The real client in front of a gateway that answers whatever a test wants."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest

from shop.payple import Credentials, Exchange, Gateway, PaypleClient, Timeouts
from tests.loopback import Behaviour, Loopback, answering, loopback

TOKENS = {"cst_id": "cst-id-token", "custKey": "cust-key-token", "AuthKey": "auth-key-token"}
LOST = answering(b"<html>502</html>", "502 Bad Gateway")


@dataclass
class Stub:
    server: Loopback
    client: PaypleClient
    seen: list[Exchange]

    def answers(self, *answers: Mapping[str, object] | Behaviour) -> None:
        """What is answered in turn; the last answer again and again."""
        self.server.behaviours[:] = [one if callable(one) else answering(one) for one in answers]

    def granted(self, path: str) -> dict[str, str]:
        """An authentication's answer that leads to this path, or to a whole address."""
        address = path if "://" in path else self.server.address + path
        return {"result": "success", "result_msg": "사용자 인증 완료!!", "return_url": address} | TOKENS

    @property
    def paths(self) -> list[str]:
        return [request.split(b" ", 2)[1].decode() for request in self.server.requests]


@pytest.fixture
def stub() -> Iterator[Stub]:
    seen: list[Exchange] = []
    with loopback() as server:
        client = PaypleClient(
            Gateway.at(server.address),
            Credentials.public_test(),
            referer="http://localhost:8000",
            timeouts=Timeouts(connect=1, read=1, total=2),
            observer=seen.append,
        )
        yield Stub(server, client, seen)
