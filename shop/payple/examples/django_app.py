"""A shop with Django. Its default headers break the payment window: the payment page sets others.

pip install django requests
SITE=http://localhost:8000 STAFF_PASSWORD=secret python -m payple.examples.django_app runserver
"""

# mypy: disable-error-code="import-untyped"
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false
import sys
from collections.abc import Callable

from django.conf import settings
from django.core.management import execute_from_command_line
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from payple import new_attempt_no
from payple.examples.shop import HttpError, Shop, home

View = Callable[..., HttpResponse]
shop = Shop(site="http://localhost:8000")
SECURITY = "django.middleware.security.SecurityMiddleware"
settings.configure(ROOT_URLCONF=__name__, SECRET_KEY=shop.password * 9, ALLOWED_HOSTS=["*"], MIDDLEWARE=[SECURITY])


class SeeOther(HttpResponseRedirect):  # type: ignore[misc, unused-ignore]
    status_code = 303


def open_window(request: HttpRequest, order_no: str) -> HttpResponse:
    text, headers = shop.open_window(order_no, request.POST)
    return HttpResponse(text, headers=headers)


def place(request: HttpRequest) -> HttpResponse:
    return open_window(request, new_attempt_no())


def pay_again(request: HttpRequest, order_no: str) -> HttpResponse:
    return open_window(request, order_no) if shop.may_pay(order_no) else SeeOther(f"/orders/{order_no}")


def result(request: HttpRequest) -> HttpResponse:
    return SeeOther(shop.take_result(request.POST))


def webhook(request: HttpRequest) -> HttpResponse:
    shop.take_webhook(request.body)
    return HttpResponse()


def show(_request: HttpRequest, order_no: str) -> HttpResponse:
    return HttpResponse(shop.order_page(order_no))


def review(request: HttpRequest) -> HttpResponse:
    shop.require_staff(request.headers.get, request.method)
    return HttpResponse(shop.review_page())


def staff(request: HttpRequest, order_no: str) -> HttpResponse:
    shop.require_staff(request.headers.get, request.method)
    return HttpResponse(shop.staff_page(order_no, request.POST))


def answered(view: View) -> View:
    """Let a view answer its errors."""

    def answer(request: HttpRequest, **names: str) -> HttpResponse:
        try:
            return view(request, **names)
        except HttpError as error:
            return HttpResponse(error.html, status=error.status, headers=error.headers)

    return answer


urlpatterns = [
    path("", lambda _request: HttpResponse(home())),
    path("orders", require_POST(answered(place))),
    path("orders/<str:order_no>/pay", require_POST(answered(pay_again))),
    path("result", csrf_exempt(require_POST(answered(result)))),  # the browser brings it from Payple's window
    path("webhook", csrf_exempt(require_POST(answered(webhook)))),
    path("orders/<str:order_no>", answered(show)),
    path("staff", answered(review)),
    path("staff/orders/<str:order_no>", answered(staff)),
]
application = get_wsgi_application()
if __name__ == "__main__":
    execute_from_command_line(sys.argv)
