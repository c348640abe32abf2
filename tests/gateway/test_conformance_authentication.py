"""Partner authentication: fixed keys in, tokens for one request out."""

import pytest

from tests.gateway.merchant import CANCEL, INQUIRY, Fields, Merchant

TOKENS = ("cst_id", "custKey", "AuthKey")
CARD, TRANSFER = {"PCD_PAY_TYPE": "card"}, {"PCD_PAY_TYPE": "transfer"}
SIMPLE, MONTHLY = {"PCD_SIMPLE_FLAG": "Y"}, {"PCD_REGULER_FLAG": "Y"}
PURPOSES = [
    (CANCEL, "/php/account/api/cPayCAct.php"),
    (INQUIRY, "/php/PayChkAct.php"),
    ({"PCD_PAY_WORK": "TSREG"}, "/php/taxsave/api/tsAct.php?ACT_=TSREG"),
    ({"PCD_PAY_WORK": "TSCANCEL"}, "/php/taxsave/api/tsAct.php?ACT_=TSCANCEL"),
    ({"PCD_PAY_WORK": "PUSERINFO"}, "/php/cPayUser/api/cPayUserAct.php?ACT_=PUSERINFO"),
    ({"PCD_PAY_WORK": "PUSERDEL"}, "/php/cPayUser/api/cPayUserAct.php?ACT_=PUSERDEL"),
    ({"PCD_PAY_WORK": "LINKREG"}, "/php/link/api/LinkRegAct.php?ACT_=LINKREG"),
    (CARD | SIMPLE, "/php/SimplePayCardAct.php?ACT_=PAYM"),
    (TRANSFER | SIMPLE, "/php/SimplePayAct.php?ACT_=PAYM"),
    (SIMPLE, "/php/SimplePayAct.php?ACT_=PAYM"),
    (CARD | MONTHLY, "/php/RePayCardAct.php?ACT_=PAYM"),
    (TRANSFER | MONTHLY, "/php/RePayAct.php?ACT_=PAYM"),
    (MONTHLY, "/php/RePayAct.php?ACT_=PAYM"),
]
WINDOW = "/index.php?ACT_=PAYM&CPAYVER=202102051731"
WITH_MORE_MEMBERS = [
    ({"PCD_PAYCANCEL_FLAG": "N"}, WINDOW),
    (CARD | {"PCD_PAY_WORK": "CERT"}, WINDOW),
    (INQUIRY | TRANSFER | {"PCD_PAYCANCEL_FLAG": "N"}, "/php/PayChkAct.php"),
    (CARD | SIMPLE | MONTHLY, "/php/RePayCardAct.php?ACT_=PAYM"),
]


# Quick guide 3-2.
def test_right_keys_give_tokens_and_the_address_of_the_window(merchant: Merchant) -> None:
    """The nine documented fields, new each time; an AuthKey is longer than the documented 255 characters."""
    answer, again = merchant.authenticate(), merchant.authenticate()

    assert list(answer) == [
        *("server_name", "result", "result_msg", "cst_id", "custKey", "AuthKey"),
        *("PCD_PAY_HOST", "PCD_PAY_URL", "return_url"),
    ]
    assert (answer["result"], answer["result_msg"]) == ("success", "사용자 인증 완료!!")
    assert [len(answer[name]) for name in TOKENS] == [32, 32, 376]
    assert not {answer[name] for name in TOKENS} & set(again.values())
    assert answer["return_url"] == answer["PCD_PAY_HOST"] + answer["PCD_PAY_URL"]
    assert answer["PCD_PAY_URL"].startswith("/index.php?ACT_=PAYM")


@pytest.mark.parametrize(
    ("asked", "code", "rule"),
    [
        ({"cst_id": ""}, "AUTH0001", "cst_id_missing"),
        ({"cst_id": "nobody"}, "AUTH0003", "partner_unknown"),
        ({"custKey": "abcd1234567891"}, "AUTH0002", "cust_key_wrong"),
        ({"PCD_PAY_WORK": "AUTHREG", "PCD_PAY_TYPE": "card"}, "AUTH0005", "purpose_unknown"),
        (CANCEL | INQUIRY, "AUTH0005", "purpose_unknown"),
        (SIMPLE | {"PCD_PAY_TYPE": "coin"}, "AUTH0005", "purpose_unknown"),
    ],
)
def test_wrong_keys_and_purposes_get_no_token(merchant: Merchant, asked: Fields, code: str, rule: str) -> None:
    answer = merchant.authenticate(**asked)

    assert (answer["result"], code in answer["result_msg"]) == ("error", True)
    assert {answer.get(name, "") for name in (*TOKENS, "return_url")} == {""}
    merchant.broke(rule)


def test_the_referer_is_on_a_registered_domain_or_below_one(merchant: Merchant) -> None:
    """AUTH0004, as on the live server. The test server takes any Referer and none: a wrong one shows at the window."""
    for referer in ("https://anything.example", None):
        assert merchant.authenticate(referer=referer)["result"] == "success"
    merchant.order("POST", "/partners", {"domains": ["shop.example"]})

    assert merchant.authenticate(referer="https://pay.shop.example:8443/x")["result"] == "success"
    for referer in ("https://notshop.example", None):
        assert "AUTH0004" in merchant.authenticate(referer=referer)["result_msg"]
        merchant.broke("domain_unregistered")


# Official samples.
@pytest.mark.parametrize(("flags", "path"), PURPOSES + WITH_MORE_MEMBERS)
def test_each_purpose_has_its_address(merchant: Merchant, flags: Fields, path: str) -> None:
    """A flag without a type means transfer. Members without a meaning change nothing."""
    answer = merchant.authenticate(**flags)

    assert (answer["result"], answer["return_url"]) == ("success", merchant.origin + path)


def test_the_keys_may_come_as_a_form(merchant: Merchant) -> None:
    sent = {"cst_id": merchant.cst_id, "custKey": merchant.cust_key}

    assert merchant.session.post(f"{merchant.origin}/php/auth.php", data=sent).json()["result"] == "success"


# Undocumented: our choice.
@pytest.mark.parametrize(("flags", "own"), PURPOSES)
def test_a_token_for_one_purpose_is_refused_at_every_other(merchant: Merchant, flags: Fields, own: str) -> None:
    same = {own, own.replace("SimplePay", "RePay"), own.replace("RePay", "SimplePay")}
    for path in {path for _, path in PURPOSES} - same:
        answer = merchant.post(path, merchant.tokens(merchant.authenticate(**flags)))

        assert "error" in (answer.get("PCD_PAY_RST"), answer.get("PCD_LINK_RST"))
        merchant.broke("token_purpose")


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b"\xff\xfe", b'{"cst_id": ["test"]}', b'{"cst_id": "\\ud800"}', b"[" * 5_000]
)
def test_an_unreadable_body_is_refused_in_json(merchant: Merchant, body: bytes) -> None:
    sent = {"data": body, "headers": {"Content-Type": "application/json"}}
    response = merchant.session.post(f"{merchant.origin}/php/auth.php", **sent)  # type: ignore[arg-type]

    assert (response.status_code, response.json()["result"]) == (200, "error")
