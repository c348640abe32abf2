"""Payple's response codes that this simulator answers with, and Payple's words for them (보기: 응답코드)."""

from __future__ import annotations

MESSAGES = {
    "0000": "",
    "PCCF0000": "카드결제완료",
    # partner authentication
    "AUTH0001": "가맹점 인증에 필요한 cst_id 를 확인해주세요.",
    "AUTH0002": "가맹점 인증에 필요한 custKey 를 확인해주세요.",
    "AUTH0003": "가맹점 계정이 존재하지 않습니다.",
    "AUTH0004": "접속하시는 서버의 도메인 확인이 필요합니다.",
    # Payple publishes no text for these two: the words are ours.
    "AUTH0007": "파트너 인증의 Referer 도메인과 결제창을 호출한 도메인이 다릅니다.",
    "AUTH0008": "승인 요청 URL을 확인해주세요.",
    # card window and confirm
    "CPCA0001": "인증시간(3분)이 초과되었습니다. 다시 시도해주세요.",
    "CPCA0002": "결제 진행 중 오류가 발생하였습니다. 다시 시도해주세요.",
    "CPCA0201": "이미 존재하는 거래입니다. 다시 시도해주세요.",
    "CPCA9997": "결제방식 오류",
    "CBIL0001": "Wrong access attempt",
    "CBIL0002": "인증세션이 만료되었습니다. 다시 시도해주세요.",
    "CBIL0003": "결제내역이 존재하지 않습니다. 다시 시도해주세요.",
    "cpc0034": "결제요청 파라미터의 길이를 확인해주세요.",  # our words
    "PCCFD001": "승인 가능 시간이 초과되었습니다. 다시 시도해주세요.",  # our words
    "SPCD9998": "잘못된 접근입니다.!!",
    # transfer
    "ARSA0006": "계좌정보 또는 생년월일을 올바르게 입력해주세요.",
    "BILL0001": "Wrong access attempt",
    "BILL0003": "계좌이체(요청)결제 내역 없음!!",
    "CPAY0005": "건당 한도 초과",
    "CPAY0012": "결제정보를 다시 입력해주세요.",
    "CPAY0018": "출금이체 결과 미수신!!",
    "CPAY0022": "출금이체 실패!!",
    "CPAY0202": "이미 존재하는 거래입니다. 다시 시도해주세요.",
    "CPAY9998": "은행 점검시간입니다.",
    "SPAY0001": "인증실패 : MEM INFO ERROR",
    # card issuers and acquirers
    "3100": "유효기간이 만료되었습니다.",
    "3110": "카드번호 오류입니다.",
    "3112": "한도가 초과하였습니다.",
    "3122": "도난/분실 위/변조 카드입니다.",
    "3133": "잔액이 부족합니다.",
    "3213": "금액 오류입니다.(1000원 미만 거래 불가)",
    "3267": "카드사 시스템 점검시간입니다.",
}


def message(code: str) -> str:
    """Payple's words for a code; blank for a code it has none for."""
    return MESSAGES.get(code, "")
