"""A shop in one file with Flask.

SITE=http://localhost:5000 STAFF_PASSWORD=secret flask --app payple.examples.flask_app run
"""

import os
import secrets
import threading

from flask import Flask, abort, redirect, request
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

SITE, PASSWORD = os.environ.get("SITE", "http://localhost:5000"), os.environ["STAFF_PASSWORD"]
GATEWAY = Gateway.at(os.environ.get("GATEWAY", "http://127.0.0.1:8001"))  # Gateway.test(): Payple's test server
client = PaypleClient(GATEWAY, Credentials.public_test(), referer=SITE)
store = SqliteStore(os.environ.get("DATABASE", "shop.sqlite"))
payments = flow.Flow(client, store)
threading.Thread(target=payments.sweep_forever, daemon=True).start()

app = Flask(__name__)
app.register_error_handler(MalformedResult, lambda _: ("", 400))
app.register_error_handler(GatewayError, lambda _: (pages.document("결제를 시작하지 못했어요.", ""), 503))


@app.get("/")
def home():
    return pages.document("테스트 상품", pages.ORDER_FORM.format("/orders"))


@app.post("/orders")
def place():
    return open_window(order_no=new_attempt_no())


@app.post("/orders/<order_no>/pay")
def pay_again(order_no):
    may_open = payments.may_open_window(store.attempts_of(order_no) or abort(404))
    return open_window(order_no) if may_open else redirect(f"/orders/{order_no}", 303)


def open_window(order_no):
    result_url = f"{SITE}/result" if "direct" in request.form else "/result"
    wish = WindowRequest(new_attempt_no(), 1000, "테스트 상품", PayType.CARD, ChargeMode.ON_CONFIRM, result_url)
    store.open_attempt(flow.Attempt.of(wish, flow.utc_now()), order_no)
    fields, nonce = window_fields(wish, client.authenticate()), secrets.token_urlsafe()
    snippet = page.snippet(fields, GATEWAY, again_url=f"/orders/{order_no}", nonce=nonce)
    return pages.document("결제", snippet), page.headers(GATEWAY, nonce)


@app.post("/result")
def result():
    attempt = payments.handle_result(UnverifiedResult.from_form(request.form))
    return redirect(f"/orders/{store.order_no_of(attempt.attempt_no)}" if attempt else "/", 303)


@app.post("/webhook")
def webhook():
    payments.settle(read_webhook(request.get_data()).attempt_no, at_once=True)
    return ""


@app.get("/orders/<order_no>")
def show(order_no):
    attempts = [payments.settle(attempt.attempt_no) for attempt in store.attempts_of(order_no)] or abort(404)
    attempt = flow.current_attempt(attempts)
    again = pages.ORDER_FORM.format(f"/orders/{order_no}/pay") if attempt.may_pay_again else ""
    return pages.document("주문", pages.receipt(attempt, store.refunds_of(attempt.attempt_no)) + again)


@app.route("/staff/orders/<order_no>", methods=["GET", "POST"])
def staff(order_no):
    if not pages.is_staff(request.headers.get("Authorization"), PASSWORD):
        return "", 401, {"WWW-Authenticate": "Basic"}
    if request.method == "POST" and request.headers.get("Origin") != SITE:  # a form of another site
        abort(403)
    attempt = flow.current_attempt(store.attempts_of(order_no) or abort(404))
    message = pages.handle_staff_form(payments, attempt, request.form) if request.method == "POST" else ""
    return pages.staff_page(store.balance(attempt.attempt_no), store.refunds_of(attempt.attempt_no), message)
