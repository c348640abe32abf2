"""A shop in one file with FastAPI. The client blocks, so the routes are plain functions: FastAPI runs them in threads.

SITE=http://localhost:8000 STAFF_PASSWORD=secret uvicorn payple.examples.fastapi_app:app
"""

import os
import secrets
import threading
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
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
from starlette.datastructures import FormData

SITE, PASSWORD = os.environ.get("SITE", "http://localhost:8000"), os.environ["STAFF_PASSWORD"]
GATEWAY = Gateway.at(os.environ.get("GATEWAY", "http://127.0.0.1:8001"))  # Gateway.test(): Payple's test server
client = PaypleClient(GATEWAY, Credentials.public_test(), referer=SITE)
store = SqliteStore(os.environ.get("DATABASE", "shop.sqlite"))
payments = flow.Flow(client, store)
threading.Thread(target=payments.sweep_forever, daemon=True).start()

app = FastAPI(default_response_class=HTMLResponse)
app.add_exception_handler(MalformedResult, lambda *_: Response(status_code=400))
app.add_exception_handler(GatewayError, lambda *_: HTMLResponse(pages.document("결제를 시작하지 못했어요.", ""), 503))


async def read_form(request: Request) -> FormData:
    return await request.form()


async def read_body(request: Request) -> bytes:
    return await request.body()


Form = Annotated[FormData, Depends(read_form)]


def attempts_of(order_no: str) -> list[flow.Attempt]:
    return store.attempts_of(order_no) or not_found()


def not_found():
    raise HTTPException(404)


@app.get("/")
def home():
    return pages.document("테스트 상품", pages.ORDER_FORM.format("/orders"))


@app.post("/orders")
def place(form: Form):
    return open_window(new_attempt_no(), form)


@app.post("/orders/{order_no}/pay")
def pay_again(order_no: str, form: Form):
    may_open = payments.may_open_window(attempts_of(order_no))
    return open_window(order_no, form) if may_open else RedirectResponse(f"/orders/{order_no}", 303)


def open_window(order_no: str, form: FormData) -> HTMLResponse:
    result_url = f"{SITE}/result" if "direct" in form else "/result"
    wish = WindowRequest(new_attempt_no(), 1000, "테스트 상품", PayType.CARD, ChargeMode.ON_CONFIRM, result_url)
    store.open_attempt(flow.Attempt.of(wish, flow.utc_now()), order_no)
    fields, nonce = window_fields(wish, client.authenticate()), secrets.token_urlsafe()
    snippet = page.snippet(fields, GATEWAY, again_url=f"/orders/{order_no}", nonce=nonce)
    return HTMLResponse(pages.document("결제", snippet), headers=page.headers(GATEWAY, nonce))


@app.post("/result")
def result(form: Form):
    attempt = payments.handle_result(UnverifiedResult.from_form(form))
    return RedirectResponse(f"/orders/{store.order_no_of(attempt.attempt_no)}" if attempt else "/", 303)


@app.post("/webhook")
def webhook(body: Annotated[bytes, Depends(read_body)]):
    payments.settle(read_webhook(body).attempt_no, at_once=True)
    return ""


@app.get("/orders/{order_no}")
def show(order_no: str):
    attempt = flow.current_attempt([payments.settle(attempt.attempt_no) for attempt in attempts_of(order_no)])
    again = pages.ORDER_FORM.format(f"/orders/{order_no}/pay") if attempt.may_pay_again else ""
    return pages.document("주문", pages.receipt(attempt, store.refunds_of(attempt.attempt_no)) + again)


@app.api_route("/staff/orders/{order_no}", methods=["GET", "POST"])
def staff(order_no: str, request: Request, form: Form):
    if not pages.is_staff(request.headers.get("Authorization"), PASSWORD):
        return Response(status_code=401, headers={"WWW-Authenticate": "Basic"})
    if request.method == "POST" and request.headers.get("Origin") != SITE:  # a form of another site
        raise HTTPException(403)
    attempt = flow.current_attempt(attempts_of(order_no))
    message = pages.handle_staff_form(payments, attempt, form) if request.method == "POST" else ""
    return pages.staff_page(store.balance(attempt.attempt_no), store.refunds_of(attempt.attempt_no), message)
