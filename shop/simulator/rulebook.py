"""The rules a merchant can break: the code that Payple answers, one sentence for the person who looks, and its source."""

# ruff: noqa: E501 - a table is read row by row

from dataclasses import dataclass

AUTH_DOCS = "quick guide 3-2"
WINDOW_DOCS = "quick guide 3-3"
CONFIRM_DOCS = "quick guide, CERT"
INQUIRY_DOCS = "결제결과 조회 API"
CANCEL_DOCS = "quick guide 4-3"
RECEIPT_DOCS = "현금영수증 API"
REPAY_DOCS = "quick guide, 빌링키 결제"
LINK_DOCS = "링크결제 API"
CODE_DOCS = "응답코드"
FAQ_DOCS = "FAQ"
OURS = "undocumented: our choice"


@dataclass(frozen=True)
class Rule:
    """`transfer_code` is the code for transfers where Payple has two, `monthly_code` that of monthly card payments."""

    id: str
    code: str
    ko: str
    en: str
    source: str
    transfer_code: str = ""
    monthly_code: str = ""

    def code_for(self, method: str) -> str:
        return self.transfer_code if self.transfer_code and method == "transfer" else self.code


_ROWS = (
    # partner authentication
    Rule("cst_id_missing", "AUTH0001", "파트너 인증 요청에 cst_id가 없습니다.", "The authentication carries no cst_id.", AUTH_DOCS),
    Rule("cust_key_wrong", "AUTH0002", "custKey가 이 cst_id의 키와 다릅니다.", "The custKey does not belong to this cst_id.", AUTH_DOCS),
    Rule("partner_unknown", "AUTH0003", "이 시뮬레이터에 없는 cst_id 또는 clientKey입니다.", "No partner of this simulator has this cst_id or clientKey.", AUTH_DOCS),
    Rule("domain_unregistered", "AUTH0004", "Referer의 도메인이 파트너에 등록되어 있지 않습니다.", "The Referer's domain is not registered for the partner.", AUTH_DOCS),
    Rule("purpose_unknown", "AUTH0005", "문서에 있는 용도 플래그의 조합이 아닙니다.", "The purpose flags are no combination that the documents name.", AUTH_DOCS),
    Rule("servers_only", "", "페이플은 서버에만 응답합니다. CORS가 없으므로 브라우저가 아니라 가맹점 서버에서 요청하세요.", "Payple answers servers only: there is no CORS. Send this request from your server, not from the browser.", FAQ_DOCS),
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
    Rule("work_unknown", "CPCA9997", "결제창의 PCD_PAY_WORK는 PAY, CERT, AUTH 중 하나입니다.", "PCD_PAY_WORK of a window is PAY, CERT or AUTH.", WINDOW_DOCS),
    Rule("card_version_unknown", "CPCA9997", "PCD_CARD_VER는 01(간편결제) 또는 02(앱카드)입니다.", "PCD_CARD_VER is 01 (billing card) or 02 (app card).", WINDOW_DOCS),
    Rule("app_card_unregistrable", "CPCA9997", "앱카드(PCD_CARD_VER 02)는 빌링키가 없어 AUTH로 등록할 수 없습니다.", "An app card (PCD_CARD_VER 02) has no billing key, so AUTH cannot register it.", WINDOW_DOCS),
    Rule("window_key_unknown", "CPCA0002", "등록되어 있지 않거나 다른 결제수단의 PCD_PAYER_ID입니다.", "This PCD_PAYER_ID is not registered, or for another method.", CODE_DOCS, "CPAY0002"),
    Rule("field_missing", "CPCA0002", "필수 파라미터가 비어 있습니다.", "A required parameter is missing or blank.", WINDOW_DOCS, "CPAY0012"),
    Rule("field_malformed", "CPCA0002", "파라미터 값의 형식이 바르지 않습니다.", "A parameter has a value of the wrong form.", WINDOW_DOCS, "CPAY0012"),
    Rule("field_too_long", "cpc0034", "파라미터가 문서의 최대 길이보다 깁니다.", "A parameter is longer than the documented maximum.", WINDOW_DOCS),
    Rule("amount_below_minimum", "3213", "결제금액은 1,000원 이상이어야 합니다.", "The window takes 1,000 won and more.", CODE_DOCS),
    Rule("oid_duplicate", "CPCA0201", "같은 PCD_PAY_OID의 결제가 이미 완료되었습니다.", "A payment with this PCD_PAY_OID has already been completed.", WINDOW_DOCS, "CPAY0202"),
    Rule("window_too_slow", "CPCA0001", "결제창을 연 뒤 3분이 지났습니다.", "The payer took longer than three minutes in the window.", CODE_DOCS),
    # confirm
    Rule("confirm_partner_unknown", "AUTH0003", "승인 요청의 PCD_CST_ID는 발급받은 원래 값이어야 합니다.", "The confirm wants the raw PCD_CST_ID, and no partner has this one.", CONFIRM_DOCS),
    Rule("confirm_cust_key_wrong", "AUTH0002", "승인 요청의 PCD_CUST_KEY는 발급받은 원래 값이어야 합니다.", "The confirm wants the raw PCD_CUST_KEY of this partner.", CONFIRM_DOCS),
    Rule("request_key_unknown", "CBIL0003", "이 PCD_PAY_REQKEY로 대기 중인 결제가 없습니다.", "No payment waits under this PCD_PAY_REQKEY.", CODE_DOCS, "BILL0003"),
    Rule("request_key_used", "CBIL0003", "이 PCD_PAY_REQKEY는 이미 처리되었습니다.", "This PCD_PAY_REQKEY has already been answered; one key is confirmed once.", OURS, "BILL0003"),
    Rule("result_key_wrong", "CBIL0001", "PCD_AUTH_KEY 또는 PCD_PAYER_ID가 결제창 결과의 값과 다릅니다.", "PCD_AUTH_KEY or PCD_PAYER_ID is not the one from the window's result.", CONFIRM_DOCS, "BILL0001"),
    Rule("confirm_url_wrong", "AUTH0008", "받은 PCD_PAY_COFURL이 아닌 주소로 승인을 요청했습니다.", "The confirm went to another address than the received PCD_PAY_COFURL.", CODE_DOCS),
    Rule("confirm_too_late", "PCCFD001", "인증 후 승인 가능 시간이 지났습니다.", "The time between authentication and confirm is over.", CODE_DOCS),
    # inquiry
    Rule("payment_unknown", "CBIL0003", "이 주문번호, 결제수단, 결제일자로 완료된 결제가 없습니다.", "No completed payment with this number, method and date.", INQUIRY_DOCS, "BILL0003"),
    Rule("inquiry_lags", "CBIL0003", "결제는 완료되었지만 조회에 아직 나타나지 않습니다 (inquiry_lag_seconds).", "The payment is complete but the inquiry does not show it yet (inquiry_lag_seconds).", OURS, "BILL0003"),
    # cancel
    Rule("refund_key_wrong", "PAYC0002", "PCD_REFUND_KEY가 이 파트너의 환불 키와 다릅니다.", "PCD_REFUND_KEY is not this partner's refund key.", CANCEL_DOCS),
    Rule("cancel_field_missing", "1101", "취소에는 PCD_PAYCANCEL_FLAG=Y, PCD_PAY_OID, PCD_PAY_DATE, PCD_REFUND_TOTAL이 필요합니다.", "A cancel needs PCD_PAYCANCEL_FLAG=Y, PCD_PAY_OID, PCD_PAY_DATE and PCD_REFUND_TOTAL.", CANCEL_DOCS),
    Rule("cancel_amount_malformed", "1126", "PCD_REFUND_TOTAL은 1원 이상의 정수입니다.", "PCD_REFUND_TOTAL is a whole number of won, at least 1.", CANCEL_DOCS),
    Rule("cancel_payment_unknown", "PAYC0007", "이 주문번호와 결제일자로 완료된 결제가 없습니다.", "No completed payment with this number and date.", CODE_DOCS),
    Rule("already_cancelled", "PAYC0007", "이미 전액 취소된 결제입니다.", "This payment has already been cancelled in full.", CODE_DOCS),
    Rule("cancel_above_remainder", "PAYC0011", "남은 금액보다 많이 취소하려 했습니다.", "The cancel is for more than what is left of the payment.", CODE_DOCS),
    Rule("cancel_tax_missing", "1101", "복합과세 부분취소에는 PCD_REFUND_TAXTOTAL이 필요합니다 (mixed_refund_tax).", "A partial refund of a mixed order needs PCD_REFUND_TAXTOTAL (mixed_refund_tax).", CANCEL_DOCS),
    Rule("cancel_tax_wrong", "1126", "취소할 부가세가 정수가 아니거나, 취소 금액 또는 남은 부가세보다 많습니다.", "The VAT to cancel is no whole number, or above the cancelled amount or the VAT that is left.", CODE_DOCS),
    # cash receipt
    Rule("receipt_field_missing", "1101", "현금영수증에는 PCD_PAYER_ID와 PCD_PAY_OID가 필요합니다.", "A cash receipt needs PCD_PAYER_ID and PCD_PAY_OID.", RECEIPT_DOCS),
    Rule("receipt_payment_unknown", "1117", "이 주문번호로 완료된 결제가 없습니다.", "No completed payment with this number.", RECEIPT_DOCS),
    Rule("receipt_for_card", "1117", "현금영수증은 계좌이체 결제에만 있습니다.", "Cash receipts exist for transfers only.", RECEIPT_DOCS),
    Rule("receipt_payer_differs", "1112", "PCD_PAYER_ID가 이 결제의 값과 다릅니다.", "PCD_PAYER_ID is not the one of this payment.", RECEIPT_DOCS),
    Rule("receipt_twice", "1103", "이 결제의 현금영수증이 이미 발행되어 있습니다.", "This payment already has a cash receipt; there are never two.", RECEIPT_DOCS),
    Rule("receipt_above_paid", "1105", "현금영수증 금액이 결제금액에서 환불금액을 뺀 금액보다 많거나 1원보다 적습니다.", "The receipt is for more than was paid and not refunded, or for less than 1 won.", RECEIPT_DOCS),
    Rule("receipt_identity_wrong", "1101", "PCD_TAXSAVE_TRADEUSE는 personal 또는 company이고, PCD_TAXSAVE_IDENTINUM은 그에 맞는 번호여야 합니다.", "PCD_TAXSAVE_TRADEUSE is personal or company, and PCD_TAXSAVE_IDENTINUM a number that fits it.", RECEIPT_DOCS),
    Rule("receipt_none", "1117", "이 결제에는 발행된 현금영수증이 없습니다.", "This payment has no cash receipt to cancel.", RECEIPT_DOCS),
    Rule("receipt_cancelled", "1115", "이 결제의 현금영수증은 이미 취소되었습니다.", "The cash receipt of this payment has already been cancelled.", RECEIPT_DOCS),
    Rule("receipt_amount_differs", "1126", "PCD_TAXSAVE_AMOUNT가 발행된 금액과 다릅니다.", "PCD_TAXSAVE_AMOUNT is not the amount of the receipt.", RECEIPT_DOCS),
    Rule("receipt_cancel_blocked", "-10002122", "환불 때 취소에 실패한 현금영수증은 다음 날부터 취소할 수 있습니다 (receipt_on_refund).", "A receipt whose cancellation failed with the refund can be cancelled from the next day on (receipt_on_refund).", RECEIPT_DOCS),
    # re-payment by billing key
    Rule("repay_flag_missing", "SPCD9998", "PCD_PAY_TYPE 또는 PCD_SIMPLE_FLAG(월 결제는 PCD_REGULER_FLAG)가 이 주소의 것과 다릅니다.", "PCD_PAY_TYPE or PCD_SIMPLE_FLAG (monthly: PCD_REGULER_FLAG) is not the one of this address.", REPAY_DOCS, "SPAY0019", "RPCD9998"),
    Rule("key_missing", "SPCD0001", "PCD_PAYER_ID가 비어 있습니다.", "PCD_PAYER_ID is missing.", CODE_DOCS, "SPAY0005", "RPCD0001"),
    Rule("key_unknown", "SPCD0011", "등록되어 있지 않거나 해지된 PCD_PAYER_ID입니다.", "This PCD_PAYER_ID is not registered, or has been deregistered.", CODE_DOCS, "SPAY0005", "RPCD0011"),
    Rule("key_of_other_method", "SPCD0012", "다른 결제수단의 PCD_PAYER_ID입니다.", "This PCD_PAYER_ID belongs to another payment method.", CODE_DOCS, "SPAY0005", "RPCD0012"),
    Rule("repay_goods_missing", "SPCD0003", "PCD_PAY_GOODS가 비어 있습니다.", "PCD_PAY_GOODS is missing.", CODE_DOCS, "SPAY0019", "RPCD0003"),
    Rule("repay_amount_low", "SPCD0002", "카드 재결제는 100원 이상이어야 합니다.", "Paying again by card takes 100 won and more.", CODE_DOCS, "SPAY0019", "RPCD0002"),
    Rule("repay_malformed", "SPCD9998", "금액, 부가세 또는 번호의 형식이 바르지 않습니다.", "An amount, a tax or a number has the wrong form.", REPAY_DOCS, "SPAY0019", "RPCD9998"),
    Rule("repay_duplicate", "SPCD0014", "같은 PCD_PAY_OID의 결제가 이미 완료되었습니다.", "A payment with this PCD_PAY_OID has already been completed.", CODE_DOCS, "CPAY0202", "RPCD0015"),
    Rule("repay_year_wrong", "RPCD0004", "PCD_PAY_YEAR는 YYYY입니다.", "PCD_PAY_YEAR is YYYY.", CODE_DOCS, "SPAY0019", "RPCD0004"),
    Rule("repay_month_wrong", "RPCD0005", "PCD_PAY_MONTH는 1부터 12까지의 월입니다.", "PCD_PAY_MONTH is a month from 1 to 12.", CODE_DOCS, "SPAY0019", "RPCD0005"),
    Rule("repay_twice_a_month", "RPCD0015", "이 빌링키로 그 달의 월 결제가 이미 완료되었습니다.", "A monthly payment with this billing key has been completed for that month.", CODE_DOCS, "CPAY0202", "RPCD0015"),
    # payment link
    Rule("link_malformed", "CPCA0002", "링크결제에는 PCD_PAY_TYPE(card, transfer, transfer|card), PCD_CARD_VER(01, 02, 01+02), PCD_PAY_GOODS, 1,000원 이상의 PCD_PAY_TOTAL이 필요합니다.", "A link needs PCD_PAY_TYPE (card, transfer, transfer|card), PCD_CARD_VER (01, 02, 01+02), PCD_PAY_GOODS, and PCD_PAY_TOTAL of 1,000 won and more.", LINK_DOCS),
    Rule("link_expiry_wrong", "CPCA0002", "PCD_LINK_EXPIREDATE는 앞으로 올 시각의 yyyyMMddHH입니다.", "PCD_LINK_EXPIREDATE is yyyyMMddHH of an hour to come.", LINK_DOCS),
    Rule("link_url_wrong", "CPCA0002", "PCD_LINK_URL은 http 또는 https 주소입니다.", "PCD_LINK_URL is an http or https address.", LINK_DOCS),
)  # fmt: skip
RULES = {rule.id: rule for rule in _ROWS}


def explain(rule_id: str) -> dict[str, str] | None:
    """The sentence and the source for the ledger and the console; None where no rule was broken."""
    rule = RULES.get(rule_id)
    return {"ko": rule.ko, "en": rule.en, "source": rule.source} if rule else None
