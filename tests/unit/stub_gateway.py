"""A gateway of canned answers, and the real client in front of it."""

from __future__ import annotations

from shop.payple import Credentials, Exchange, Gateway, PaypleClient, Timeouts
from tests.loopback import Behaviour, Loopback, answering

KEYS = Credentials.public_test()
TOKENS = {"PCD_CST_ID": "cst-id-token", "PCD_CUST_KEY": "cust-key-token", "PCD_AUTH_KEY": "auth-key-token"}
LOST: Behaviour = answering(b"<html>502</html>", "502 Bad Gateway")


def granted(server: Loopback, path: str = "/php/PayChkAct.php") -> Behaviour:
    """A partner authentication's answer that leads to this server."""
    return answering(
        {
            "result": "success",
            "result_msg": "사용자 인증 완료!!",
            "cst_id": TOKENS["PCD_CST_ID"],
            "custKey": TOKENS["PCD_CUST_KEY"],
            "AuthKey": TOKENS["PCD_AUTH_KEY"],
            "return_url": server.address + path,
        }
    )


def refused(code: str, message: str = "거절") -> Behaviour:
    return answering({"PCD_PAY_RST": "error", "PCD_PAY_CODE": code, "PCD_PAY_MSG": message})


def client(server: Loopback, seen: list[Exchange] | None = None) -> PaypleClient:
    return PaypleClient(
        Gateway.at(server.address),
        KEYS,
        referer="http://localhost:8000",
        timeouts=Timeouts(connect=1, read=1, total=2),
        observer=None if seen is None else seen.append,
    )


def path_of(request: bytes) -> str:
    return request.split(b" ", 2)[1].decode()
