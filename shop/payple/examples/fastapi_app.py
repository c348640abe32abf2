"""A shop with FastAPI. The client blocks, so the routes are plain functions: FastAPI runs them in threads.

pip install fastapi uvicorn python-multipart requests
SITE=http://localhost:8000 STAFF_PASSWORD=secret uvicorn payple.examples.fastapi_app:app
"""

from typing import Annotated

from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from payple import new_attempt_no
from payple.examples.shop import HttpError, Shop, home
from starlette.datastructures import FormData

shop = Shop(site="http://localhost:8000")
app = FastAPI(default_response_class=HTMLResponse)
app.get("/")(home)


@app.exception_handler(HttpError)
def answer_error(_request: Request, error: HttpError) -> Response:
    return HTMLResponse(error.html, error.status, error.headers)


async def read_form(request: Request) -> FormData:
    return await request.form()


async def read_body(request: Request) -> bytes:
    return await request.body()


def only_staff(request: Request) -> None:
    shop.require_staff(request.headers.get, request.method)


Form = Annotated[FormData, Depends(read_form)]
Body = Annotated[bytes, Depends(read_body)]
STAFF = [Depends(only_staff)]


@app.post("/orders")
def place(form: Form) -> Response:
    return open_window(new_attempt_no(), form)


@app.post("/orders/{order_no}/pay")
def pay_again(order_no: str, form: Form) -> Response:
    return open_window(order_no, form) if shop.may_pay(order_no) else RedirectResponse(f"/orders/{order_no}", 303)


def open_window(order_no: str, form: FormData) -> Response:
    html, headers = shop.open_window(order_no, form)
    return HTMLResponse(html, headers=headers)


@app.post("/result")
def result(form: Form) -> Response:
    return RedirectResponse(shop.take_result(form), 303)


@app.post("/webhook")
def webhook(body: Body) -> None:
    shop.take_webhook(body)


@app.get("/orders/{order_no}")
def show(order_no: str) -> str:
    return shop.order_page(order_no)


@app.get("/staff", dependencies=STAFF)
def review() -> str:
    return shop.review_page()


@app.api_route("/staff/orders/{order_no}", methods=["GET", "POST"], dependencies=STAFF)
def staff(order_no: str, form: Form) -> str:
    return shop.staff_page(order_no, form)
