"""A client for Payple's domestic payments. Copy this folder into any Python 3.11 program that has `requests`.

Read `errors.py` first: it draws what a call may end in. Then `client.py`: authenticate, confirm, inquire,
refund, issue_cash_receipt, cancel_cash_receipt.

```python
# copy-client-example: against the simulator; for Payple's own test server write Gateway.test()
from payple import UnverifiedResult, Credentials, Gateway, PayType, NotSent, OutcomeUnknown, PaypleClient, Refused
from payple import WindowRequest, ChargeMode, codes, window_fields

GATEWAY = Gateway.at("http://127.0.0.1:8001")
client = PaypleClient(GATEWAY, Credentials.public_test(), referer="http://localhost:8000")
wish = WindowRequest("ORDER_17027809", 1000, "테스트 상품", PayType.CARD, ChargeMode.ON_CONFIRM, result_url="/result")
print(window_fields(wish, client.authenticate()))    # the page gives these to PaypleCpayAuthCheck


def settle(posted):                             # the name-value pairs that the browser brought to /result
    result = UnverifiedResult.from_form(posted)             # MalformedResult: answer 400
    if result.attempt_no != wish.attempt_no or not result.reports_success:
        return "not paid: the payer may try again, with a new number"
    try:                                        # store "confirming" first: the next line takes the money
        return judge(client.confirm(result))
    except NotSent:
        return "nothing happened: let the payer try again"
    except Refused as no:
        return f"declined: {codes.lookup(no.code).ko}"
    except OutcomeUnknown:
        return "unknown: keep it open, never confirm again, look_again() later"


def look_again(payment_date):                     # a day in Korea; around midnight try two. GatewayError: ask later
    found = client.inquire(wish.attempt_no, payment_date, wish.pay_type)
    return judge(found) if found else "nothing found yet"


def judge(found):                               # the gateway's own word, held against the order
    ours = (found.attempt_no, found.amount, found.pay_type) == (wish.attempt_no, wish.amount, wish.pay_type)
    return "paid" if ours else "not ours: a person has to look"
```
"""

from __future__ import annotations

from . import codes
from .cash_receipt import CashReceiptCancel, CashReceiptCancelled, CashReceiptIssued, CashReceiptRequest
from .client import Inquiries, PaypleClient, Timer
from .codes import explain
from .credentials import Authentication, Credentials
from .endpoints import Gateway, Purpose, WindowScript
from .errors import GatewayError, MalformedResult, NotSent, OutcomeUnknown, Refused, UnknownEndpoint
from .messages import KOREA, ChargeMode, PayType, ReceiptPurpose
from .payment import CardPayment, PaymentFound, TransferPayment
from .refund import ReceiptAnswer, RefundDone, RefundRequest
from .result import UnverifiedResult
from .transport import Exchange, Observer, Timeouts
from .webhook import read_webhook
from .window import WindowRequest, new_attempt_no, window_fields

__all__ = [
    "KOREA",
    "Authentication",
    "CardPayment",
    "CashReceiptCancel",
    "CashReceiptCancelled",
    "CashReceiptIssued",
    "CashReceiptRequest",
    "ChargeMode",
    "Credentials",
    "Exchange",
    "Gateway",
    "GatewayError",
    "Inquiries",
    "MalformedResult",
    "NotSent",
    "Observer",
    "OutcomeUnknown",
    "PayType",
    "PaymentFound",
    "PaypleClient",
    "Purpose",
    "ReceiptAnswer",
    "ReceiptPurpose",
    "RefundDone",
    "RefundRequest",
    "Refused",
    "Timeouts",
    "Timer",
    "TransferPayment",
    "UnknownEndpoint",
    "UnverifiedResult",
    "WindowRequest",
    "WindowScript",
    "codes",
    "explain",
    "new_attempt_no",
    "read_webhook",
    "window_fields",
]
