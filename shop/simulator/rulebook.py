"""The rules a merchant can break: the code that Payple answers, one sentence for the person who looks, and its source."""

# ruff: noqa: E501 - a table is read row by row

from __future__ import annotations

from dataclasses import dataclass

from shop.simulator import codes

AUTH_DOCS = "quick guide 3-2"
WINDOW_DOCS = "quick guide 3-3"
CONFIRM_DOCS = "quick guide, CERT"
INQUIRY_DOCS = "결제결과 조회 API"
CODE_DOCS = "응답코드"
OURS = "undocumented: our choice"


@dataclass(frozen=True)
class Rule:
    """`transfer_code` is the code for transfers where Payple has two."""

    id: str
    code: str
    ko: str
    en: str
    source: str
    transfer_code: str = ""

    def code_for(self, method: str) -> str:
        """The code in the family of this payment method."""
        return self.transfer_code if self.transfer_code and method == "transfer" else self.code

    def message_for(self, method: str) -> str:
        """Payple's message for that code."""
        return codes.message(self.code_for(method))


_ROWS = (
    # partner authentication
    Rule("cst_id_missing", "AUTH0001", "파트너 인증 요청에 cst_id가 없습니다.", "The authentication carries no cst_id.", AUTH_DOCS),
    Rule("cust_key_wrong", "AUTH0002", "custKey가 이 cst_id의 키와 다릅니다.", "The custKey does not belong to this cst_id.", AUTH_DOCS),
    Rule("partner_unknown", "AUTH0003", "이 시뮬레이터가 모르는 cst_id 또는 clientKey입니다.", "The simulator knows no partner with this cst_id or clientKey.", AUTH_DOCS),
    Rule("domain_unregistered", "AUTH0004", "Referer의 도메인이 파트너에 등록되어 있지 않습니다.", "The Referer's domain is not registered for the partner.", AUTH_DOCS),
    Rule("purpose_unknown", "SPCD9998", "이 시뮬레이터가 아직 제공하지 않는 용도의 파트너 인증입니다.", "The purpose flags ask for something this simulator does not offer yet.", AUTH_DOCS),
    # tokens
    Rule("token_unknown", "CBIL0002", "발급한 적이 없는 인증 토큰이거나 세 토큰이 한 번의 인증에서 나온 것이 아닙니다.", "These tokens were never issued, or not together by one authentication.", AUTH_DOCS, "SPAY0001"),
    Rule("token_expired", "CBIL0002", "파트너 인증 후 30분이 지났습니다.", "More than 30 minutes have passed since the partner authentication.", WINDOW_DOCS, "SPAY0001"),
    Rule("token_used", "CBIL0002", "한 번의 파트너 인증은 한 번의 요청에만 쓸 수 있습니다.", "One partner authentication serves one request, and this one has been used.", WINDOW_DOCS, "SPAY0001"),
    Rule("token_purpose", "SPCD9998", "다른 용도로 받은 인증 토큰입니다.", "The token was issued for another purpose.", OURS),
    # window
    Rule("referer_missing", "AUTH0007", "결제창 요청에 HTTP Referer가 없습니다. 페이지의 Referrer-Policy를 확인하세요.", "The window request carries no HTTP Referer; look at the page's Referrer-Policy.", AUTH_DOCS),
    Rule("auth_referer_missing", "AUTH0007", "파트너 인증 요청에 Referer가 없었습니다.", "The partner authentication was sent without a Referer.", AUTH_DOCS),
    Rule("referer_differs", "AUTH0007", "파트너 인증의 Referer와 결제창을 띄운 페이지의 호스트가 다릅니다.", "The authentication's Referer and the page that opens the window are on different hosts.", AUTH_DOCS),
    Rule("page_unregistered", "AUTH0007", "결제창을 띄운 페이지의 도메인이 파트너에 등록되어 있지 않습니다.", "The page that opens the window is on a domain that is not registered for the partner.", AUTH_DOCS),
    Rule("method_unknown", "CPCA9997", "PCD_PAY_TYPE은 card 또는 transfer입니다.", "PCD_PAY_TYPE is card or transfer.", WINDOW_DOCS),
    Rule("work_unknown", "CPCA9997", "이 시뮬레이터의 PCD_PAY_WORK는 PAY 또는 CERT입니다.", "PCD_PAY_WORK is PAY or CERT in this simulator.", WINDOW_DOCS),
    Rule("card_version_unknown", "CPCA9997", "이 시뮬레이터의 PCD_CARD_VER는 01입니다.", "PCD_CARD_VER is 01 in this simulator.", WINDOW_DOCS),
    Rule("field_missing", "CPCA0002", "필수 파라미터가 비어 있습니다.", "A required parameter is missing or blank.", WINDOW_DOCS, "CPAY0012"),
    Rule("field_malformed", "CPCA0002", "파라미터 값의 형식이 바르지 않습니다.", "A parameter has a value of the wrong form.", WINDOW_DOCS, "CPAY0012"),
    Rule("field_too_long", "cpc0034", "파라미터가 문서의 최대 길이보다 깁니다.", "A parameter is longer than the documented maximum.", WINDOW_DOCS),
    Rule("amount_below_minimum", "3213", "결제금액은 1,000원 이상이어야 합니다.", "The window takes 1,000 won and more.", CODE_DOCS),
    Rule("oid_duplicate", "CPCA0201", "같은 PCD_PAY_OID의 결제가 이미 완료되었습니다.", "A payment with this PCD_PAY_OID has already been completed.", WINDOW_DOCS, "CPAY0202"),
    Rule("window_too_slow", "CPCA0001", "결제창을 연 뒤 3분이 지났습니다.", "The payer took longer than three minutes in the window.", CODE_DOCS),
    # confirm
    Rule("confirm_partner_unknown", "AUTH0003", "승인 요청의 PCD_CST_ID는 발급받은 원래 값이어야 합니다.", "The confirm wants the raw PCD_CST_ID, and this is none that we know.", CONFIRM_DOCS),
    Rule("confirm_cust_key_wrong", "AUTH0002", "승인 요청의 PCD_CUST_KEY는 발급받은 원래 값이어야 합니다.", "The confirm wants the raw PCD_CUST_KEY of this partner.", CONFIRM_DOCS),
    Rule("request_key_unknown", "CBIL0003", "이 PCD_PAY_REQKEY로 대기 중인 결제가 없습니다.", "No payment waits under this PCD_PAY_REQKEY.", CODE_DOCS, "BILL0003"),
    Rule("request_key_used", "CBIL0003", "이 PCD_PAY_REQKEY는 이미 처리되었습니다.", "This PCD_PAY_REQKEY has already been answered; one key is confirmed once.", OURS, "BILL0003"),
    Rule("result_key_wrong", "CBIL0001", "PCD_AUTH_KEY 또는 PCD_PAYER_ID가 결제창 결과의 값과 다릅니다.", "PCD_AUTH_KEY or PCD_PAYER_ID is not the one from the window's result.", CONFIRM_DOCS, "BILL0001"),
    Rule("confirm_url_wrong", "AUTH0008", "받은 PCD_PAY_COFURL이 아닌 주소로 승인을 요청했습니다.", "The confirm went to another address than the received PCD_PAY_COFURL.", CODE_DOCS),
    Rule("confirm_too_late", "PCCFD001", "인증 후 승인 가능 시간이 지났습니다.", "The time between authentication and confirm is over.", CODE_DOCS),
    # inquiry
    Rule("payment_unknown", "CBIL0003", "이 주문번호, 결제수단, 결제일자로 완료된 결제가 없습니다.", "No completed payment with this number, method and date.", INQUIRY_DOCS, "BILL0003"),
    Rule("inquiry_lags", "CBIL0003", "결제는 완료되었지만 조회에 아직 나타나지 않습니다 (inquiry_lag_seconds).", "The payment is complete but the inquiry does not show it yet (inquiry_lag_seconds).", OURS, "BILL0003"),
)  # fmt: skip
RULES = {rule.id: rule for rule in _ROWS}


def explain(rule_id: str) -> dict[str, str] | None:
    """The sentence and the source for the ledger and the console; None where no rule was broken."""
    rule = RULES.get(rule_id)
    return {"ko": rule.ko, "en": rule.en, "source": rule.source} if rule else None
