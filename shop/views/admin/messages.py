"""Notices to the staff after an action: our sentence, then the gateway's message with its code."""

from flask_babel import gettext as _

from shop.errors import ReceiptRefused, RefundRefused
from shop.models import CashReceipt, Refund
from shop.payple import codes
from shop.rules.states import CashReceiptState, RefundState
from shop.views.messages import Kind, Notice
from shop.views.template_filters import language, won


def of_sign_in() -> Notice:
    """One answer for wrong, unknown and disabled."""
    return Notice(Kind.BAD, _("이름이나 비밀번호가 맞지 않습니다."))


def not_sent() -> Notice:
    """Somebody without a session has posted a form."""
    return Notice(Kind.WARN, _("아무것도 보내지 않았습니다."), _("로그인하면 보던 화면으로 돌아갑니다."))


def of_password() -> Notice:
    """The password that had to be entered again was wrong."""
    sentence = _("비밀번호가 맞지 않습니다.")
    return Notice(Kind.BAD, sentence, _("아무것도 보내지 않았습니다. 비밀번호를 다시 입력하세요."))


def of_refused_refund(refused: RefundRefused) -> Notice:
    sentences = {
        RefundRefused.Reason.NOT_PAID: _("결제된 주문이 아니라서 환불할 수 없습니다."),
        RefundRefused.Reason.STALE_BALANCE: _("그사이 환불 가능 금액이 바뀌었습니다."),
        RefundRefused.Reason.TOO_LARGE: _("환불 가능 금액을 넘었습니다."),
        RefundRefused.Reason.IN_FLIGHT: _("앞선 환불이 아직 끝나지 않았습니다."),
        RefundRefused.Reason.WRONG_STATE: _("이미 결과가 정해진 환불입니다."),
        RefundRefused.Reason.OTHER_ORDER: _("양식이 올바르지 않습니다. 다시 시작하세요."),
    }
    advice = _("아무것도 보내지 않았습니다. 지금 환불 가능 금액: %(amount)s", amount=won(refused.refundable))
    without = (RefundRefused.Reason.NOT_PAID, RefundRefused.Reason.WRONG_STATE, RefundRefused.Reason.OTHER_ORDER)
    has_balance = refused.reason not in without
    nothing = _("아무것도 보내지 않았습니다.")
    return Notice(Kind.BAD, sentences[refused.reason], advice if has_balance else nothing, refused.reason.value)


def of_refused_receipt(refused: ReceiptRefused) -> Notice:
    sentences = {
        ReceiptRefused.Reason.NOT_PAID: _("결제된 주문이 아니라서 현금영수증을 다룰 수 없습니다."),
        ReceiptRefused.Reason.NOT_A_TRANSFER: _("현금영수증은 계좌이체에만 발행합니다."),
        ReceiptRefused.Reason.ALREADY_ISSUED: _("이미 유효한 현금영수증이 있습니다."),
        ReceiptRefused.Reason.NOTHING_ACTIVE: _("발행된 현금영수증이 없습니다."),
        ReceiptRefused.Reason.NOTHING_LEFT: _("남은 결제 금액이 없습니다."),
        ReceiptRefused.Reason.IN_FLIGHT: _("환불이 끝난 뒤에 다시 하세요."),
    }
    return Notice(Kind.BAD, sentences[refused.reason], _("아무것도 보내지 않았습니다."), refused.reason.value)


def of_refund(refund: Refund) -> Notice:
    amount = won(refund.amount)
    match refund.state:
        case RefundState.DONE:
            return Notice(Kind.GOOD, _("%(amount)s을 환불했습니다.", amount=amount))
        case RefundState.REFUSED:
            sentence = _("%(amount)s을 환불하지 못했습니다. 돈은 움직이지 않았습니다.", amount=amount)
            return Notice(Kind.BAD, sentence, explained(refund.result_code, refund.result_message), refund.result_code)
        case RefundState.UNKNOWN if not refund.is_full:
            advice = _("다시 보내지 않습니다. 페이플 관리자에서 확인한 뒤 결과를 정하세요.")
            return Notice(Kind.WARN, _("환불 응답을 받지 못했습니다."), advice, refund.result_code)
    return Notice(Kind.INFO, _("환불 결과를 확인하고 있습니다."), _("전체 환불은 자동으로 다시 확인합니다."))


def of_receipt(receipt: CashReceipt) -> Notice:
    explanation = explained(receipt.result_code, receipt.result_message)
    match receipt.state:
        case CashReceiptState.ISSUED:
            return Notice(Kind.GOOD, _("현금영수증을 발행했습니다."))
        case CashReceiptState.CANCELLED:
            return Notice(Kind.GOOD, _("현금영수증 발행을 취소했습니다."))
        case CashReceiptState.FAILED:
            return Notice(Kind.BAD, _("현금영수증을 발행하지 못했습니다."), explanation, receipt.result_code)
    advice = explanation or _("정해진 시각에 자동으로 다시 시도합니다.")
    return Notice(Kind.WARN, _("현금영수증 처리가 끝나지 않았습니다."), advice, receipt.result_code)


def explained(code: str, message: str) -> str:
    """Our sentence for a code of the gateway, and its own message behind it. Without a code there was no answer."""
    if not code:
        return _("페이플에 닿지 못했거나 답을 받지 못했습니다.") if message else ""
    known = None if codes.is_success(code) else codes.TABLE.get(code)
    ours = (known.en if language() == "en" else known.ko) if known else ""
    theirs = _("페이플: %(message)s", message=message) if message else ""
    return " ".join(part for part in (ours, theirs) if part)
