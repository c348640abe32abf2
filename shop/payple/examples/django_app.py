"""A shop in one file with Django. Its default headers break the payment window: open_window() sets others.

SITE=http://localhost:8000 STAFF_PASSWORD=secret python -m payple.examples.django_app runserver
"""

import os
import secrets
import sys
import threading

from django.conf import settings
from django.core.management import execute_from_command_line
from django.core.wsgi import get_wsgi_application
from django.http import Http404, HttpResponse, HttpResponseBadRequest, HttpResponseForbidden, HttpResponseRedirect
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from payple import (
    ChargeMode,
    Credentials,
    Gateway,
    GatewayError,
    MalformedResult,
    PaypleClient,
    PayType,
    UnverifiedResult,
    WindowRequest,
    flow,
    new_attempt_no,
    page,
    read_webhook,
    window_fields,
)
from payple.examples import pages
from payple.examples.sqlite_store import SqliteStore

SITE, PASSWORD = os.environ.get("SITE", "http://localhost:8000"), os.environ["STAFF_PASSWORD"]
GATEWAY = Gateway.at(os.environ.get("GATEWAY", "http://127.0.0.1:8001"))  # Gateway.test(): Payple's test server
client = PaypleClient(GATEWAY, Credentials.public_test(), referer=SITE)
store = SqliteStore(os.environ.get("DATABASE", "shop.sqlite"))
payments = flow.Flow(client, store)
threading.Thread(target=payments.sweep_forever, daemon=True).start()

SECURITY = "django.middleware.security.SecurityMiddleware"
settings.configure(ROOT_URLCONF=__name__, SECRET_KEY=PASSWORD * 9, ALLOWED_HOSTS=["localhost"], MIDDLEWARE=[SECURITY])
SeeOther = type("SeeOther", (HttpResponseRedirect,), {"status_code": 303})


def home(request):
    return HttpResponse(pages.document("테스트 상품", pages.ORDER_FORM.format("/orders")))


def attempts_of(order_no):
    return store.attempts_of(order_no) or not_found()


def not_found():
    raise Http404


@require_POST
def pay(request, order_no=""):
    if order_no and not payments.may_open_window(attempts_of(order_no)):
        return SeeOther(f"/orders/{order_no}")
    return open_window(request, order_no or new_attempt_no())


def open_window(request, order_no):
    result_url = f"{SITE}/result" if "direct" in request.POST else "/result"
    wish = WindowRequest(new_attempt_no(), 1000, "테스트 상품", PayType.CARD, ChargeMode.ON_CONFIRM, result_url)
    store.open_attempt(flow.Attempt.of(wish, flow.utc_now()), order_no)
    try:
        fields, nonce = window_fields(wish, client.authenticate()), secrets.token_urlsafe()
    except GatewayError:
        return HttpResponse(pages.document("결제를 시작하지 못했어요.", ""), status=503)
    snippet = page.snippet(fields, GATEWAY, again_url=f"/orders/{order_no}", nonce=nonce)
    return HttpResponse(pages.document("결제", snippet), headers=page.headers(GATEWAY, nonce))


@csrf_exempt  # the browser brings it from Payple's window
@require_POST
def result(request):
    try:
        attempt = payments.handle_result(UnverifiedResult.from_form(request.POST))
    except MalformedResult:
        return HttpResponseBadRequest()
    return SeeOther(f"/orders/{store.order_no_of(attempt.attempt_no)}" if attempt else "/")


@csrf_exempt
@require_POST
def webhook(request):
    try:
        payments.settle(read_webhook(request.body).attempt_no, at_once=True)
    except MalformedResult:
        return HttpResponseBadRequest()
    return HttpResponse()


def show(request, order_no):
    attempt = flow.current_attempt([payments.settle(attempt.attempt_no) for attempt in attempts_of(order_no)])
    again = pages.ORDER_FORM.format(f"/orders/{order_no}/pay") if attempt.may_pay_again else ""
    return HttpResponse(pages.document("주문", pages.receipt(attempt, store.refunds_of(attempt.attempt_no)) + again))


def staff(request, order_no):
    if not pages.is_staff(request.headers.get("Authorization"), PASSWORD):
        return HttpResponse(status=401, headers={"WWW-Authenticate": "Basic"})
    if request.method == "POST" and request.headers.get("Origin") != SITE:  # a form of another site
        return HttpResponseForbidden()
    attempt = flow.current_attempt(attempts_of(order_no))
    message = pages.handle_staff_form(payments, attempt, request.POST) if request.method == "POST" else ""
    return HttpResponse(
        pages.staff_page(store.balance(attempt.attempt_no), store.refunds_of(attempt.attempt_no), message)
    )


urlpatterns = [
    path("", home),
    path("orders", pay),
    path("orders/<str:order_no>/pay", pay),
    path("result", result),
    path("webhook", webhook),
    path("orders/<str:order_no>", show),
    path("staff/orders/<str:order_no>", staff),
]
application = get_wsgi_application()
if __name__ == "__main__":
    execute_from_command_line(sys.argv)
