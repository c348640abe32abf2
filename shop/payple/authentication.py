"""Partner authentication: the keys for one request (quick guide 3-2)."""

from __future__ import annotations

from dataclasses import dataclass, field

from . import codes
from .answers import Answer
from .endpoints import Gateway
from .errors import OutcomeUnknown, Refused
from .vocabulary import Purpose


@dataclass(frozen=True)
class Authentication:
    """Tokens for exactly one request within 30 minutes: ask again for the next. Only `inquiries.py` uses them twice."""

    purpose: Purpose
    cst_id: str = field(repr=False)
    cust_key: str = field(repr=False)
    auth_key: str = field(repr=False)
    return_url: str  # already on the gateway's own list of addresses

    @classmethod
    def from_wire(cls, answer: Answer, purpose: Purpose, gateway: Gateway) -> Authentication:
        """Read the answer. Raises Refused with its AUTH code, UnknownEndpoint, OutcomeUnknown."""
        _insist_on_success(answer)
        cst_id, cust_key, auth_key = (answer.text(name) for name in ("cst_id", "custKey", "AuthKey"))
        if not (cst_id and cust_key and auth_key):
            raise OutcomeUnknown("the authentication came back incomplete")
        return cls(purpose, cst_id, cust_key, auth_key, gateway.admit(purpose, answer.text("return_url")))

    def to_wire(self) -> dict[str, str]:
        """The tokens, as the one request carries them."""
        return {"PCD_CST_ID": self.cst_id, "PCD_CUST_KEY": self.cust_key, "PCD_AUTH_KEY": self.auth_key}


def _insist_on_success(answer: Answer) -> None:
    result, message = answer.text("result"), answer.message("result_msg")
    if result == "error":
        raise Refused(codes.code_in(message), message)  # authentication has no field for the code
    if result != "success":
        raise OutcomeUnknown("the authentication was neither granted nor refused")
