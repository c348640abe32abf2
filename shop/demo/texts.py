"""The words of the demo's pages."""

from dataclasses import dataclass
from datetime import timedelta

from flask_babel import gettext as _

from shop.demo.personas import Persona
from shop.demo.wishes import DemoState
from shop.payple.code_table import Fault, Outcome
from shop.views.messages import Kind, Notice

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class CardText:
    """``shows`` says what the audience sees."""

    name: str
    title: str
    shows: str


@dataclass(frozen=True)
class StateText:
    state: DemoState
    title: str
    meaning: str


def cards() -> list[CardText]:
    """The seven cards in their order."""
    return [
        CardText(
            "popup-card",
            _("팝업으로 카드 결제"),
            _("주문 페이지 위에 결제창이 열려요. 결제하기를 누르고 결제창에서 승인하면 영수증이 나와요."),
        ),
        CardText(
            "direct-transfer",
            _("다이렉트로 계좌이체와 현금영수증"),
            _("페이지 전체가 결제창으로 바뀌어요. 이체와 함께 현금영수증이 발행돼요."),
        ),
        CardText(
            "lost-answer",
            _("승인 응답이 사라져도 스스로 회복"),
            _("돈은 나갔는데 응답이 오지 않아요. 가게가 다시 물어봐서 몇 초 뒤에 결제를 확인해요."),
        ),
        CardText(
            "changed-amount",
            _("금액을 바꾼 공격을 거절하고 자동 취소"),
            _("공격자가 금액을 1,000원으로 바꿔 결제했어요. 가게가 알아채고 바로 돌려줬어요."),
        ),
        CardText(
            "partial-refund",
            _("부분 환불과 현금영수증"),
            _("상품 하나만 환불해요. 금액과 부가세, 현금영수증이 어떻게 바뀌는지 보내기 전에 보여 줘요."),
        ),
        CardText(
            "two-windows",
            _("두 창에서 결제, 한 번은 자동 환불"),
            _("한 주문을 두 창에서 결제했어요. 한 번만 받고 다른 한 번은 저절로 환불돼요."),
        ),
        CardText(
            "subscription",
            _("정기결제"),
            _("첫 달을 결제한 정기 구독이에요. 이 페이지에서 +1개월을 누르면 다음 달이 저절로 결제돼요."),
        ),
    ]


def personas() -> list[tuple[Persona, str]]:
    return [(Persona.BUYER, _("구매자")), (Persona.STAFF, _("직원")), (Persona.ATTACKER, _("공격자"))]


def states() -> list[StateText]:
    """Every state that an order can be wished in."""
    return [
        StateText(DemoState.AWAITING_PAYMENT, _("결제 대기"), _("주문만 했고 결제창은 열지 않았어요.")),
        StateText(DemoState.CHECKING, _("결제 확인 중"), _("승인 응답도 조회 응답도 오지 않아요.")),
        StateText(DemoState.PAID, _("결제 완료"), _("승인까지 끝났어요.")),
        StateText(DemoState.PARTIALLY_REFUNDED, _("부분 환불 완료"), _("절반을 환불했어요.")),
        StateText(DemoState.REFUNDED, _("전액 환불"), _("모두 환불했어요.")),
        StateText(DemoState.EXPIRED, _("결제 기한 만료"), _("기한 안에 결제하지 않았어요.")),
        StateText(DemoState.ATTENTION, _("직원 확인 중"), _("결제사의 응답에 모르는 주문번호가 적혀 있어요.")),
        StateText(
            DemoState.RECEIPT_DUE, _("현금영수증 취소 대기"), _("환불은 됐지만 현금영수증은 다음 날 취소해야 해요.")
        ),
        StateText(DemoState.REFUND_UNKNOWN, _("환불 결과 미확인"), _("부분 환불의 응답이 오지 않았어요.")),
        StateText(DemoState.SUBSCRIPTION, _("정기결제"), _("매달 책 한 권을 구독하고 첫 달을 결제했어요.")),
    ]


def faults() -> dict[Fault, str]:
    """Who can correct it."""
    return {
        Fault.PAYER: _("구매자"),
        Fault.ISSUER: _("카드사·은행"),
        Fault.SHOP: _("가게"),
        Fault.GATEWAY: _("결제사"),
        Fault.KEYS: _("결제창 결과의 키"),
    }


def outcomes() -> dict[Outcome, str]:
    """What the code says about money."""
    return {
        Outcome.SUCCESS: _("처리됨"),
        Outcome.DECLINED: _("나가지 않음"),
        Outcome.UNKNOWN: _("나갔을 수 있음"),
    }


def of_outcome(done: str) -> Notice | None:
    """What a button has done."""
    sentences = {
        "reset": _("가게와 시뮬레이터를 처음 상태로 되돌렸어요."),
        "hour": _("가게와 시뮬레이터에서 한 시간이 지났어요."),
        "day": _("가게와 시뮬레이터에서 하루가 지났어요."),
        "month": _("가게와 시뮬레이터에서 한 달이 지났어요."),
    }
    return Notice(Kind.GOOD, sentences[done]) if done in sentences else None


def refused() -> Notice:
    return Notice(Kind.WARN, _("지금은 이 주문을 만들 수 없어요."), _("처음으로를 누르면 재고가 다시 채워져요."))


def no_staff() -> Notice:
    sentence = _("처음 만든 직원 계정의 비밀번호가 바뀌어서 로그인하지 못했어요.")
    return Notice(Kind.WARN, sentence, _("직원 화면에서 직접 로그인해 주세요."))


def simulator_away() -> Notice:
    return Notice(Kind.BAD, _("시뮬레이터가 응답하지 않아요."), _("make run을 실행한 터미널을 확인해 주세요."))


def offset(ahead: timedelta) -> str:
    """How far the clock was moved, in words; blank where it was not."""
    hours = ahead // HOUR
    if not hours:
        return ""
    days, rest = divmod(hours, 24)
    parts = [_("%(count)s일", count=days)] if days else []
    parts += [_("%(count)s시간", count=rest)] if rest else []
    return _("실제 시각 + %(span)s", span=" ".join(parts))
