"""The webhook on the wire: JSON or a form, whatever happened, and nothing that a strange body could do."""

import json
from urllib.parse import urlencode

import pytest

from shop.payple import ChargeMode, MalformedResult, PayType, read_webhook

PAID = {
    "PCD_CST_ID": "test",
    "PCD_PAY_RST": "success",
    "PCD_PAY_CODE": "0000",
    "PCD_PAY_OID": "ORDER_1",
    "PCD_PAY_TYPE": "card",
    "PCD_PAY_WORK": "CERT",
    "PCD_PAY_TOTAL": "1000",
    "PCD_PAY_URL": "",
}
CANCELLED = PAID | {"PCD_PAY_CODE": "PAYC0000", "PCD_PAYCANCEL_FLAG": "Y", "PCD_REFUND_TOTAL": "300"}
DEREGISTERED = {"PCD_CST_ID": "test", "PCD_PAY_WORK": "PUSERDEL", "PCD_PAY_RST": "success", "PCD_PAYER_ID": "key"}


def as_json(message: object) -> bytes:
    return json.dumps(message, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    "body",
    [
        as_json(PAID),
        urlencode(PAID).encode(),
        b"\xef\xbb\xbf" + as_json(PAID),
        as_json(PAID | {"PCD_PAY_TOTAL": 1000, "PCD_PAY_URL": None}),
    ],
)
def test_a_payment_is_read_from_json_and_from_a_form(body: bytes) -> None:
    result = read_webhook(body)

    assert (result.attempt_no, result.amount, result.reports_success) == ("ORDER_1", 1000, True)
    assert (result.pay_type, result.charge_mode) == (PayType.CARD, ChargeMode.ON_CONFIRM)
    assert (result.auth_key, result.request_key, result.confirm_url) == ("", "", "")


@pytest.mark.parametrize("fields", [CANCELLED, DEREGISTERED, PAID | {"PCD_PAY_RST": "error"}])
def test_any_other_event_is_read(fields: dict[str, str]) -> None:
    assert read_webhook(as_json(fields)).attempt_no == fields.get("PCD_PAY_OID", "")


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"   ", b"[]", b'["PCD_PAY_OID"]', b"{", b"{}", b"null", b"1", b"<a/>", b"hello"),
        *(b"[" * 40_000, b'{"PCD_PAY_OID":' * 5_000),
        b"PCD_PAY_OID=a&PCD_PAY_OID=b",
        *(b'{"PCD_PAY_OID": ' + value + b"}" for value in (b"9" * 5_000, b'"\\u0000"', b'"\\ud800"', b'"\xff"')),
        b"PCD_PAY_OID=%00",
        '{"PCD_PAY_MSG": "결제"}'.encode("euc-kr"),
        as_json(PAID | {"PCD_PAY_MSG": "x" * 5_000}),
        *(as_json({f"PCD_{number}": "" for number in range(101)}), b"&".join(b"PCD_%d=" % n for n in range(101))),
        b"--x\r\nContent-Disposition: form-data; name=PCD_PAY_OID\r\n\r\na\r\n--x--",
    ],
    ids=lambda body: repr(body[:60]),
)
def test_what_cannot_be_a_webhook_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedResult):
        read_webhook(body)
