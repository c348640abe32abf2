"""Turns errors into answers: a page that says what happened and what to do, or the same as JSON."""

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from typing import Any

from flask import Flask, g, jsonify, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from shop.errors import CannotCancel, CannotPay, CartProblem, NotFound, OutOfStock, TooManyUnpaid
from shop.extensions import limiter, settings
from shop.payple import GatewayError, MalformedResult
from shop.services import catalogue, health
from shop.views.template_filters import in_language
from shop.views.way_back import way_back

log = logging.getLogger(__name__)
RETRY_SECONDS = 30
PROGRAMS = ("payments.start_attempt", "callbacks.webhook", "health.healthz")
"""Endpoints that no person reads: their errors are JSON."""


@dataclass(frozen=True)
class Problem:
    """What a page says about an error, without details of the shop or of other people.

    ``link_to`` is the address where it can be put right, ``link_label`` what its button says.
    ``retry_after``: seconds.
    """

    status: int
    title: str
    sentence: str
    advice: str = ""
    code: str = ""
    link_to: str = ""
    link_label: str = ""
    retry_after: int = 0


def init_app(app: Flask) -> None:
    problems: dict[type[Exception], Callable[[Any], Problem]] = {
        NotFound: _nothing_here,
        OutOfStock: _of_stock,
        CartProblem: _of_cart,
        CannotPay: _of_order,
        TooManyUnpaid: _of_unpaid,
        GatewayError: _of_gateway,
        MalformedResult: _bad_request,
        CSRFError: _stale_form,
        HTTPException: _of_http,
        Exception: _unexpected,
        **dict.fromkeys(health.AWAY, _database_away),
    }
    for kind, describe in problems.items():
        app.register_error_handler(kind, partial(_answer_error, describe))
    app.before_request(_refuse_repeated_fields)


def stale_form() -> ResponseReturnValue:
    """Refuse a form whose token is old, or lost with its cookie."""
    return _answer(_stale_form())


def foreign_host() -> ResponseReturnValue:
    """Refuse what was sent under a host that is not the shop's."""
    sentence = _("가게의 주소가 아닌 곳으로 보낸 요청이에요. 아무것도 바뀌지 않았어요.")
    advice = _("가게의 주소에서 페이지를 다시 열어 주세요.")
    return _answer(Problem(421, _("이 주소로는 보낼 수 없어요"), sentence, advice, "foreign_host"))


def _answer_error(describe: Callable[[Any], Problem], error: Exception) -> ResponseReturnValue:
    return _answer(describe(error))


def _answer(problem: Problem) -> ResponseReturnValue:
    if request.endpoint in PROGRAMS:
        error = {"message": problem.sentence, "code": problem.code, "advice": problem.advice}
        answer = jsonify(error=error)
    else:
        if (request.method == "POST" or problem.status == HTTPStatus.METHOD_NOT_ALLOWED) and not problem.link_to:
            problem = replace(problem, link_to=way_back(), link_label=_("이전 화면으로 돌아가기"))
        answer = make_response(render_template("errors/error.html", **vars(problem)))
    if problem.retry_after:
        answer.headers["Retry-After"] = str(problem.retry_after)
    answer.status_code = problem.status
    return answer


def _refuse_repeated_fields() -> ResponseReturnValue | None:
    """Refuse a form that repeats a name: two readers could take different values.

    The view of the webhook reads its body itself.
    """
    if request.endpoint == "callbacks.webhook":
        return None
    repeated = request.method == "POST" and any(len(values) > 1 for _name, values in request.form.lists())
    return _answer(_bad_request()) if repeated else None


def _stale_form(_error: object = None) -> Problem:
    sentence = _("페이지를 연 지 오래되었거나 다른 곳에서 온 요청이에요. 아무것도 바뀌지 않았어요.")
    advice = _("페이지를 다시 열어서 처음부터 해 주세요.")
    return Problem(400, _("페이지가 오래되었어요"), sentence, advice, "stale_page")


def _of_stock(error: OutOfStock) -> Problem:
    product = catalogue.products_by_slug([error.slug]).get(error.slug)
    sentence = _("담은 수량만큼 남아 있지 않은 상품이 있어요.")
    if product:
        sentence = _("담은 수량만큼 남아 있지 않아요: %(name)s", name=in_language(product, "name"))
    advice = _("장바구니에서 수량을 줄이거나 삭제해 주세요.")
    return _in_cart(Problem(409, _("재고가 부족해요"), sentence, advice, "out_of_stock"))


def _in_cart(problem: Problem) -> Problem:
    """The cart is where this can be put right."""
    return replace(problem, link_to=url_for("cart.show"), link_label=_("장바구니 보기"))


def _of_cart(error: CartProblem) -> Problem:
    sentences = {
        CartProblem.Reason.EMPTY: _("장바구니가 비어 있어서 주문할 수 없어요."),
        CartProblem.Reason.TOO_LARGE: _("한 번에 결제할 수 있는 금액을 넘었어요. 나누어 주문해 주세요."),
        CartProblem.Reason.TOO_MANY: _(
            "한 상품은 한 번에 %(count)s개까지 주문할 수 있어요.", count=settings().most_per_product
        ),
        CartProblem.Reason.BELOW_MINIMUM: _("1,000원부터 결제할 수 있어요."),
        CartProblem.Reason.NOT_ALONE: _("정기 구독은 한 개만, 다른 상품과 따로 주문해 주세요."),
        CartProblem.Reason.SUBSCRIBED: _("이미 구독하고 있어요. 최근 주문 내역에서 볼 수 있어요."),
    }
    problem = Problem(409, _("주문할 수 없어요"), sentences[error.reason], code=error.reason.value)
    return problem if error.reason is CartProblem.Reason.EMPTY else _in_cart(problem)


def _of_order(error: CannotPay) -> Problem:
    sentences = {
        CannotPay.Reason.PAID: _("이미 결제한 주문이에요."),
        CannotPay.Reason.CHECKING: _("앞선 결제의 결과를 확인하고 있어요. 끝날 때까지 다시 결제할 수 없어요."),
        CannotPay.Reason.EXPIRED: _("취소했거나 결제 기한이 지난 주문이에요. 다시 주문해 주세요."),
        CannotPay.Reason.ATTENTION: _("앞선 결제를 직원이 확인하고 있어요."),
        CannotPay.Reason.TOO_MANY: _("이 주문으로는 더 시도할 수 없어요. 다시 주문해 주세요."),
        CannotPay.Reason.SUBSCRIBED: _("이미 다른 주문으로 구독했어요. 최근 주문 내역에서 볼 수 있어요."),
    }
    title, advice = _("결제할 수 없어요"), _("페이지를 새로고침하면 지금 상태를 볼 수 있어요.")
    if isinstance(error, CannotCancel):
        sentences[CannotPay.Reason.CHECKING] = _("앞선 결제의 결과를 아직 확인하지 못했어요.")
        title, advice = _("주문을 취소할 수 없어요"), _("잠시 뒤에 주문 페이지를 다시 확인해 주세요.")
    return Problem(409, title, sentences[error.reason], advice, error.reason.value)


def _of_unpaid(error: TooManyUnpaid) -> Problem:
    seconds = int(error.wait.total_seconds()) + 1
    minutes = -(-seconds // 60)
    sentence = _("결제하지 않은 주문의 상품이 너무 많아요. 수량을 줄이거나 그 주문을 먼저 결제하거나 취소해 주세요.")
    closing = _("결제하지 않으면 %(minutes)s분쯤 뒤에 가장 오래된 주문부터 자동으로 취소돼요.", minutes=minutes)
    problem = Problem(429, _("주문할 수 없어요"), sentence, closing, "too_many_unpaid", retry_after=seconds)
    return replace(problem, link_to=url_for("orders.history"), link_label=_("최근 주문 내역"))


def _too_many_tries() -> Problem:
    reached = limiter.current_limit
    seconds = max(1, math.ceil(reached.window.reset_time - time.time())) if reached else RETRY_SECONDS
    sentence = _("짧은 시간에 너무 여러 번 시도했어요. 아무것도 바꾸지 않았어요.")
    advice = _("%(minutes)s분쯤 뒤에 다시 해 주세요.", minutes=-(-seconds // 60))
    return Problem(429, _("잠시 후 다시 시도해 주세요"), sentence, advice, "too_many_tries", retry_after=seconds)


def _of_gateway(error: GatewayError) -> Problem:
    """Only starting an attempt lets a gateway error through, and then nothing can have been paid."""
    log.warning("no payment window could be opened: %s %s", type(error).__name__, error.code)
    sentence = _("결제사에 연결하지 못해서 결제창을 열 수 없어요. 돈은 빠져나가지 않았어요.")
    advice = _("잠시 뒤에 다시 눌러 주세요.")
    return Problem(502, _("결제창을 열지 못했어요"), sentence, advice, error.code or "gateway_unreachable")


def _of_http(error: HTTPException) -> Problem:
    match error.code:
        case 404:
            return _nothing_here()
        case 405:
            sentence = _("주소를 직접 열지 말고 페이지의 버튼을 눌러 주세요.")
            return Problem(405, _("이 주소는 직접 열 수 없어요"), sentence)
        case 413:
            return Problem(413, _("보낸 내용이 너무 커요"), _("보낸 내용이 받을 수 있는 크기를 넘었어요."))
        case 429:
            return _too_many_tries()
    return _bad_request()


def _nothing_here(_error: object = None) -> Problem:
    sentence, advice = _("찾으시는 페이지나 주문이 없어요."), _("주문은 주문번호와 휴대전화 번호로 찾을 수 있어요.")
    return Problem(404, _("페이지를 찾을 수 없어요"), sentence, advice, "not_found")


def _bad_request(_error: object = None) -> Problem:
    sentence = _("보낸 내용에 문제가 있어서 아무것도 바꾸지 않았어요.")
    return Problem(400, _("요청을 처리할 수 없어요"), sentence, code="bad_request")


def _database_away(error: Exception) -> Problem:
    log.error("the database is away at %s", request.endpoint, exc_info=error)
    g.staff = None  # else the head of the staff pages asks the database again
    sentence = _("가게를 잠시 이용할 수 없어요. 주문과 결제 기록은 그대로 남아 있어요.")
    advice = _("1분쯤 뒤에 다시 열어 주세요. 결제를 마쳤다면 다시 결제하지 말고 주문 페이지를 확인해 주세요.")
    return Problem(503, _("잠시 이용할 수 없어요"), sentence, advice, "away", retry_after=RETRY_SECONDS)


def _unexpected(error: Exception) -> Problem:
    log.error("unexpected error at %s", request.endpoint, exc_info=error)
    g.staff = None  # else the head of the staff pages asks in the failed transaction
    return Problem(
        500, _("문제가 생겼어요"), _("가게 쪽에 문제가 생겼어요. 잠시 뒤에 다시 해 주세요."), code="internal"
    )
