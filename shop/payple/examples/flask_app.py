"""A shop with Flask.

SITE=http://localhost:5000 STAFF_PASSWORD=secret flask --app payple.examples.flask_app run
"""

from flask import Flask, redirect, request
from flask.typing import ResponseReturnValue
from payple import new_attempt_no
from payple.examples.shop import HttpError, Shop, home

shop = Shop(site="http://localhost:5000")
app = Flask(__name__)
app.add_url_rule("/", view_func=home)
app.register_error_handler(HttpError, lambda error: (error.html, error.status, error.headers))


@app.post("/orders")
def place() -> ResponseReturnValue:
    return shop.open_window(new_attempt_no(), request.form)


@app.post("/orders/<order_no>/pay")
def pay_again(order_no: str) -> ResponseReturnValue:
    if not shop.may_pay(order_no):
        return redirect(f"/orders/{order_no}", 303)
    return shop.open_window(order_no, request.form)


@app.post("/result")
def result() -> ResponseReturnValue:
    return redirect(shop.take_result(request.form), 303)


@app.post("/webhook")
def webhook() -> ResponseReturnValue:
    shop.take_webhook(request.get_data())
    return ""


@app.get("/orders/<order_no>")
def show(order_no: str) -> ResponseReturnValue:
    return shop.order_page(order_no)


@app.get("/staff")
def review() -> ResponseReturnValue:
    shop.require_staff(request.headers.get, request.method)
    return shop.review_page()


@app.route("/staff/orders/<order_no>", methods=["GET", "POST"])
def staff(order_no: str) -> ResponseReturnValue:
    shop.require_staff(request.headers.get, request.method)
    return shop.staff_page(order_no, request.form)
