"""The partner's keys, and the authentication that every call needs first."""

from __future__ import annotations

from dataclasses import dataclass, field

from . import codes
from .endpoints import Gateway, Purpose
from .errors import NotSent
from .messages import Answer


@dataclass(frozen=True)
class Credentials:
    """What Payple gave the partner. Only `client_key` may ever reach a browser."""

    cst_id: str
    cust_key: str = field(repr=False)
    client_key: str = field(repr=False)
    refund_key: str = field(repr=False)

    @classmethod
    def public_test(cls) -> Credentials:
        """The test account that Payple publishes and everybody shares."""
        return cls(
            cst_id="test",
            cust_key="abcd1234567890",
            client_key="test_DF55F29DA654A8CBC0F0A9DD4B556486",
            refund_key="a41ce010ede9fcbfb3be86b24858806596a9db68b79d138b147c3e563e1829a0",
        )

    def to_wire(self, purpose: Purpose) -> dict[str, str]:
        """The request of an authentication (quick guide 3-2)."""
        return {"cst_id": self.cst_id, "custKey": self.cust_key, **purpose.value}


@dataclass(frozen=True)
class Authentication:
    """Tokens for one request of its purpose within 30 minutes. Only inquiries may share one."""

    cst_id: str = field(repr=False)
    cust_key: str = field(repr=False)
    auth_key: str = field(repr=False)
    return_url: str  # on the gateway's own list of addresses

    @classmethod
    def from_wire(cls, answer: Answer, gateway: Gateway) -> Authentication:
        """Read the answer. Raises NotSent, with the code that the answer names."""
        cst_id, cust_key, auth_key = (answer.text(name) for name in ("cst_id", "custKey", "AuthKey"))
        if answer.text("result") != "success" or not (cst_id and cust_key and auth_key):
            message = answer.message("result_msg")  # it has no field for the code
            raise NotSent(message or "the authentication is incomplete", codes.code_in(message))
        return cls(cst_id, cust_key, auth_key, gateway.return_url(answer.text("return_url")))

    def to_wire(self) -> dict[str, str]:
        """The tokens, as the one request carries them."""
        return {"PCD_CST_ID": self.cst_id, "PCD_CUST_KEY": self.cust_key, "PCD_AUTH_KEY": self.auth_key}
