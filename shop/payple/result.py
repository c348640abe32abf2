"""What the payer's browser or a webhook says about a payment (quick guide 3-5).

It is not signed and proves nothing. It names an attempt to inquire about and carries the keys for a confirm.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from . import codes
from .errors import MalformedResult
from .gateway import Credentials
from .masking import one_line
from .messages import ChargeMode, PayType, whole_won

_FIELD_LIMIT = 100
_VALUE_LIMIT = 4096  # the longest documented value has 2,048 characters
_UNSTORABLE = frozenset("\0").union(map(chr, range(0xD800, 0xE000)))

Form = Mapping[str, Any] | Iterable[tuple[str, Any]]


@dataclass(frozen=True)
class UnverifiedResult:
    """A result post, every field optional: a closed window may send nearly nothing."""

    result: str = ""  # success, error, close, or blank
    code: str = ""
    message: str = ""
    attempt_no: str = ""
    amount: int | None = None  # won
    pay_type: PayType | None = None
    charge_mode: ChargeMode | None = None
    auth_key: str = field(default="", repr=False)
    request_key: str = field(default="", repr=False)
    confirm_url: str = ""  # as received: only for Gateway.select_confirm
    billing_key: str = field(default="", repr=False)
    user_define1: str = field(default="", repr=False)
    user_define2: str = field(default="", repr=False)
    reports_deregistration: bool = False  # a webhook: the billing key charges no more

    @property
    def reports_success(self) -> bool:
        """Whether it says that the payment succeeded. Only the gateway's own answer proves it."""
        return self.result == "success" and codes.is_success(self.code)

    @classmethod
    def from_form(cls, form: Form) -> UnverifiedResult:
        """Read a posted form: a framework's form object, or all its pairs. Raises MalformedResult.

        Reads the form objects of Flask, Django, FastAPI, aiohttp and Bottle with their repeated names. Ignores unknown
        fields.
        """
        fields = _checked_fields(form)
        result = fields.get("PCD_PAY_RST", "")
        pay_type, charge_mode = fields.get("PCD_PAY_TYPE", ""), fields.get("PCD_PAY_WORK", "")
        return cls(
            result=result if result in ("success", "error", "close") else "",
            code=one_line(fields.get("PCD_PAY_CODE", ""), limit=20),
            message=one_line(fields.get("PCD_PAY_MSG", ""), limit=300),
            attempt_no=fields.get("PCD_PAY_OID", ""),
            amount=whole_won(fields.get("PCD_PAY_TOTAL", "")),
            pay_type=PayType(pay_type) if pay_type in set(PayType) else None,
            charge_mode=ChargeMode(charge_mode) if charge_mode in set(ChargeMode) else None,
            auth_key=fields.get("PCD_AUTH_KEY", ""),
            request_key=fields.get("PCD_PAY_REQKEY", ""),
            confirm_url=fields.get("PCD_PAY_COFURL", ""),
            billing_key=fields.get("PCD_PAYER_ID", ""),
            user_define1=fields.get("PCD_USER_DEFINE1", ""),
            user_define2=fields.get("PCD_USER_DEFINE2", ""),
            reports_deregistration=charge_mode == "PUSERDEL",
        )

    def confirm_fields(self, credentials: Credentials) -> dict[str, str]:
        """The request of a confirm. It carries no amount: compare the answer's."""
        return {
            "PCD_CST_ID": credentials.cst_id,
            "PCD_CUST_KEY": credentials.cust_key,
            "PCD_AUTH_KEY": self.auth_key,
            "PCD_PAY_REQKEY": self.request_key,
            "PCD_PAYER_ID": self.billing_key,
        }


def _pairs(form: Any) -> Iterable[tuple[str, Any]]:
    """Return all names and values. items() of Django, Flask, Starlette and Bottle leaves repeated names out."""
    kind = type(form)  # the attributes of a form in Bottle are its fields
    if hasattr(kind, "lists"):  # Flask, Django
        return [(name, value) for name, values in form.lists() for value in values]
    read = next((name for name in ("multi_items", "allitems", "items") if hasattr(kind, name)), None)
    pairs: Iterable[tuple[str, Any]] = getattr(form, read)() if read else form
    return pairs


def _checked_fields(form: Form) -> dict[str, str]:
    """Return the posted fields. Raises MalformedResult if they cannot be a result."""
    fields: dict[str, str] = {}
    for name, value in _pairs(form):
        if name in fields or len(fields) == _FIELD_LIMIT:
            raise MalformedResult("a field is repeated, or there are too many")
        if not isinstance(value, str) or len(value) > _VALUE_LIMIT or not _UNSTORABLE.isdisjoint(value):
            raise MalformedResult("a field is no text, too long or cannot be stored")
        fields[name] = value
    return fields


def read_webhook(body: bytes) -> UnverifiedResult:
    """Read JSON or a form, whatever the content type says. Raises MalformedResult.

    A webhook is not signed either: inquire.
    """
    try:
        text = body.decode("utf-8-sig").strip()
        pairs = json.loads(text).items() if text.startswith("{") else parse_qsl(text, keep_blank_values=True)
    except (ValueError, RecursionError) as error:
        raise MalformedResult("neither readable JSON nor a readable form") from error
    fields = [(name, "" if value is None else str(value)) for name, value in pairs]
    if not any(name.startswith("PCD_") for name, _ in fields):
        raise MalformedResult("not a webhook")
    return UnverifiedResult.from_form(fields)
