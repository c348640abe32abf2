"""Korean or English: chosen by `?lang=`, else by the browser, else Korean."""

from __future__ import annotations

from flask import request


def language() -> str:
    """`ko` or `en`."""
    wished = request.args.get("lang")
    return wished if wished in ("ko", "en") else request.accept_languages.best_match(("ko", "en"), "ko")


def say(ko: str, en: str) -> str:
    """The text in the reader's language."""
    return en if language() == "en" else ko


OPS = {
    "auth": ("파트너 인증", "Partner authentication"),
    "window": ("결제창 호출", "Window opened"),
    "submit": ("결제자가 결제하기를 누름", "The payer pressed pay"),
    "receipt": ("현금영수증", "Cash receipt"),
    "close": ("결제자가 창을 닫음", "The payer closed the window"),
    "result": ("결과 전달", "Result delivered"),
    "confirm": ("승인 요청", "Confirm"),
    "inquiry": ("결제결과 조회", "Inquiry"),
    "cancel": ("취소", "Cancel"),
    "repay": ("빌링키 결제", "Paid again by billing key"),
    "key_lookup": ("빌링키 조회", "Billing key lookup"),
    "key_deletion": ("빌링키 해지", "Billing key deletion"),
    "link": ("링크 등록", "Payment link"),
    "receipt_issue": ("현금영수증 발행 요청", "Cash receipt issue"),
    "receipt_cancel": ("현금영수증 취소 요청", "Cash receipt cancel"),
    "webhook": ("웹훅", "Webhook"),
    "barrier": ("정지 지점", "Barrier"),
    "fault": ("장애 발생", "Fault"),
}
EFFECTS = {
    "opened": ("창 열림", "opened"),
    "authenticated": ("인증됨, 아직 결제되지 않음", "authenticated, nothing charged"),
    "registered": ("결제수단 등록됨", "card or account registered"),
    "charged": ("결제됨", "charged"),
    "declined": ("거절됨", "declined"),
    "closed": ("닫힘", "closed"),
    "expired": ("시간 초과", "expired"),
    "receipt_issued": ("현금영수증 발행", "cash receipt issued"),
    "cancelled": ("환불됨", "refunded"),
    "receipt_reduced": ("현금영수증 금액 변경", "cash receipt reduced"),
    "deregistered": ("해지됨", "deregistered"),
    "receipt_cancelled": ("현금영수증 취소", "cash receipt cancelled"),
}


def op_name(op: str) -> str:
    """An act of the ledger, for people."""
    return say(*OPS.get(op, (op, op)))


def effect_name(effect: str) -> str:
    """What a ledger line changed, for people."""
    return say(*EFFECTS.get(effect, (effect, effect)))


def won(amount: int) -> str:
    """An amount for people."""
    return say(f"{amount:,}원", f"₩{amount:,}")
