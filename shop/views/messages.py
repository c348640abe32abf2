"""Failure is a page too: one sentence for the buyer, what to do next, and the code for the integrator."""

from dataclasses import dataclass, replace
from enum import StrEnum

from flask_babel import gettext as _
from flask_wtf import FlaskForm

from shop.models import Attempt, Order, Subscription
from shop.payple import ChargeMode, codes
from shop.payple.code_table import Fault
from shop.rules.states import AttemptState, OrderState, RefundState, SubscriptionState
from shop.services import transitions
from shop.views.template_filters import korea_time, language, won


class Kind(StrEnum):
    GOOD = "good"
    INFO = "info"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True)
class Notice:
    """One message above a page. ``asks_shop``: the buyer may want to write to the shop."""

    kind: Kind
    sentence: str
    advice: str = ""
    code: str = ""
    asks_shop: bool = False


def of_form(form: FlaskForm) -> Notice:
    """Everything that is wrong with a form, where there is no room beside its fields."""
    return Notice(Kind.BAD, " ".join(str(error) for errors in form.errors.values() for error in errors))


def nothing_found() -> Notice:
    """A guest's number and phone do not belong together; which of the two is wrong is not told."""
    sentence = _("주문번호와 휴대전화 번호가 맞는 주문을 찾지 못했어요.")
    return Notice(Kind.WARN, sentence, _("두 가지를 다시 확인해 주세요."))


def not_shown_here() -> Notice:
    """The order of another browser, or none: which of the two is not told."""
    sentence = _("주문번호와 휴대전화 번호로 주문을 확인해 주세요.")
    return Notice(Kind.INFO, sentence, _("이미 결제했다면 다시 결제하지 마세요."))


def stale_form() -> Notice:
    """A form whose token is old, shown again with what was typed."""
    sentence = _("페이지를 연 지 오래되어서 아무것도 보내지 않았어요.")
    return Notice(Kind.WARN, sentence, _("입력한 내용을 확인하고 다시 보내 주세요."))


def cart_changed() -> Notice:
    """The cart is not the one that the order form showed."""
    return Notice(Kind.WARN, _("다른 창에서 장바구니가 바뀌었어요."), _("바뀐 내용을 확인하고 다시 주문해 주세요."))


def of_order(order: Order, *, settling: bool = False) -> Notice | None:
    """What the payer should know about the last try, if anything; ``settling``: a reported payment is looked for."""
    unsettled = _open_attempt(order)
    if order.paid_attempt or (order.state is OrderState.EXPIRED and unsettled is None and not settling):
        return _of_money_beside(order)
    if settling:
        return checking()
    if order.state is OrderState.AWAITING_PAYMENT and transitions.has_subscribed_since(order):
        sentence = _("이미 다른 주문으로 구독했어요. 최근 주문 내역에서 볼 수 있어요.")
        return _of_money_beside(order) or Notice(Kind.INFO, sentence)
    attempt = unsettled or order.last_attempt
    return _of_attempt(attempt) if attempt else None


def of_subscription(row: Subscription) -> Notice | None:
    """Why a subscription is not charged as usual, if it is not."""
    if row.state is SubscriptionState.PAUSED and row.saved_method is None:
        sentence = _("매달 결제할 수 있는 결제 수단이 없어서 구독을 잠시 멈췄어요.")
        return Notice(Kind.WARN, sentence, _("결제 수단을 바꾸면 다시 시작해요."))
    if row.state is SubscriptionState.PAUSED:
        sentence = _("결제가 여러 번 거절돼서 구독을 잠시 멈췄어요.")
        return Notice(Kind.WARN, sentence, _("카드나 계좌를 확인하고 다시 시작하거나, 결제 수단을 바꿔 주세요."))
    if row.next_charge_at is None or row.orders[-1].paid_attempt:
        return None
    notice, time = of_order(row.orders[-1]), korea_time(row.next_charge_at)
    again = _("%(time)s에 구독 결제 수단으로 다시 결제할게요. 그 전에 결제 수단을 바꿀 수 있어요.", time=time)
    return replace(notice, advice=again) if notice and notice.kind is Kind.BAD else notice


def _open_attempt(order: Order) -> Attempt | None:
    """The try whose outcome is open. A newer one may have been closed since, which says nothing about the order."""
    unsettled = (AttemptState.CONFIRMING, AttemptState.UNKNOWN, AttemptState.ATTENTION)
    return next((attempt for attempt in order.attempts if attempt.state in unsettled), None)


def _of_money_beside(order: Order) -> Notice | None:
    """The last charge that did not pay an order which takes no further one."""
    shown = (attempt for attempt in reversed(order.attempts) if attempt.payment_date)
    beside = next((attempt for attempt in shown if attempt.state is not AttemptState.PAID), None)
    return _of_attempt(beside) if beside else None


def _of_attempt(attempt: Attempt) -> Notice | None:
    match attempt.state:
        case AttemptState.CONFIRMING | AttemptState.UNKNOWN:
            return checking(attempt.result_code)
        case AttemptState.ATTENTION:
            return _attention(attempt)
        case AttemptState.ORPHANED:
            return _orphaned(attempt)
        case AttemptState.DECLINED:
            declined = of_code(attempt.result_code, _("결제가 승인되지 않았어요."))
            return _nothing_left(attempt) if attempt.payment_date else declined
        case AttemptState.PREPARED if attempt.reported_at:
            return _of_claim(attempt)
    return None


def checking(code: str = "") -> Notice:
    """An answer that does not tell whether money moved."""
    advice = _("돈이 빠져나갔을 수 있으니 다시 결제하지 말고 잠시만 기다려 주세요. 확인되면 이 페이지가 바뀌어요.")
    return Notice(Kind.INFO, _("결제 결과를 결제사에 확인하고 있어요."), advice, _of_failure(code))


def _attention(attempt: Attempt) -> Notice:
    """The gateway's answer does not fit, or none came until the end."""
    known, has_answer = _charge(attempt), attempt.payment_date is not None
    silent = _("%(time)s에 시작한 %(amount)s 결제의 결과를 결제사가 알려 주지 않아 직원이 확인하고 있어요.", **known)
    odd = _("%(time)s에 %(amount)s이 결제됐지만 결제사의 답이 주문과 달라 직원이 확인하고 있어요.", **known)
    advice = _("확인한 뒤 바로잡거나 돌려 드릴게요. 그때까지 다시 결제하지 말아 주세요.")
    return Notice(Kind.WARN, odd if has_answer else silent, advice, _of_failure(attempt.result_code), asks_shop=True)


def _nothing_left(attempt: Attempt) -> Notice:
    """A person has looked at a charge that the gateway showed, and found that none of it is here."""
    sentence = _("직원이 확인한 결과, %(time)s에 결제된 %(amount)s은 이 주문에 남아 있지 않아요.", **_charge(attempt))
    return Notice(Kind.INFO, sentence, _("돈을 돌려받지 못했다면 가게에 알려 주세요."), asks_shop=True)


def _charge(attempt: Attempt) -> dict[str, str]:
    """When and how much, as far as it is known."""
    amount, time = attempt.charged_amount or attempt.amount, attempt.paid_at or attempt.started_at
    return {"amount": won(amount), "time": korea_time(time)}


def _of_failure(code: str) -> str:
    """A code worth showing. One that says success would contradict the sentence it stands under."""
    return "" if codes.is_success(code) else code


def _orphaned(attempt: Attempt) -> Notice:
    """The order does not take this charge: what became of it."""
    sentence = _why_orphaned(attempt)
    if attempt.remaining:
        return Notice(Kind.WARN, sentence, _("받은 돈은 돌려 드릴게요. 따로 하실 일은 없어요."), asks_shop=True)
    done = [row.ended_at for row in attempt.refunds if row.state is RefundState.DONE and row.ended_at]
    if not done:
        return Notice(Kind.GOOD, sentence, _("받은 돈은 다른 방법으로 모두 돌려 드렸어요."), asks_shop=True)
    return Notice(Kind.GOOD, sentence, _("%(time)s에 모두 돌려 드렸어요.", time=korea_time(max(done))))


def _why_orphaned(attempt: Attempt) -> str:
    order, known = attempt.order, _charge(attempt)
    is_right = attempt.charged_amount in (attempt.amount, None)
    if is_right and order.cancelled_at:
        return _("%(time)s에 %(amount)s이 결제됐지만 취소한 주문이라 받지 않았어요.", **known)
    if is_right and transitions.has_subscribed_since(order):
        return _("%(time)s에 %(amount)s이 결제됐지만 이미 다른 주문으로 구독해서 받지 않았어요.", **known)
    if not is_right or order.state is OrderState.AWAITING_PAYMENT:
        return _("%(time)s에 %(amount)s이 결제됐지만 주문 내용과 달라 받지 않았어요.", **known)
    if order.paid_attempt:
        return _("%(time)s에 %(amount)s이 한 번 더 결제됐어요.", **known)
    return _("%(time)s에 %(amount)s이 결제됐지만 결제 기한이 지난 주문이라 받지 않았어요.", **known)


def _of_claim(attempt: Attempt) -> Notice:
    """The window is closed and no money of this attempt is known to have moved: the payer may try again."""
    if attempt.reported_result == "close":
        return Notice(Kind.INFO, _("결제창을 닫았어요."), _("아직 결제되지 않았어요. 언제든 다시 결제할 수 있어요."))
    if attempt.reported_result != "success":
        return of_code(attempt.reported_code, _("결제를 마치지 못했어요."))
    if attempt.charge_mode is ChargeMode.IN_WINDOW:
        advice = _("돈이 빠져나갔다면 다시 결제하지 말고 잠시 뒤에 이 페이지를 새로고침해 주세요.")
        return Notice(Kind.WARN, _("결제사에서 아직 결제를 찾지 못했어요."), advice, "not_found")
    if attempt.reported_mismatch:
        sentence = _("주문 정보와 달라 결제를 진행하지 않았어요.")
        advice = _("돈은 빠져나가지 않았어요. 다시 결제해 주세요.")
        return Notice(Kind.BAD, sentence, advice, f"reported_{attempt.reported_mismatch}")
    return of_code(attempt.result_code, _("결제를 승인하지 못했어요."))


def of_code(code: str, otherwise: str) -> Notice:
    """What a response code of the gateway means for the payer, in our own words."""
    known = codes.TABLE.get(code)
    if known is None:
        return Notice(Kind.BAD, otherwise, _("돈은 빠져나가지 않았어요. 다시 결제해 주세요."), _of_failure(code))
    sentence = known.en if language() == "en" else known.ko
    return Notice(Kind.BAD, sentence, _advice(known), _of_failure(code))


def _advice(known: codes.ResponseCode) -> str:
    if known.fault in (Fault.SHOP, Fault.GATEWAY) and not known.retry:
        return _("같은 일이 되풀이되면 이 코드와 함께 가게에 알려 주세요.")
    if known.retry:
        return _("다시 결제할 수 있어요.")
    return _("다른 카드나 다른 결제수단으로 다시 결제해 주세요.")
