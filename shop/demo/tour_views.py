"""The bar of the tour at the bottom of every page."""

from flask import Blueprint, Flask, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shop.demo import tour
from shop.errors import NotFound

bp = Blueprint("tour", __name__, url_prefix="/demo/tour")


def init_app(app: Flask) -> None:
    """Add the routes, and the bar to the pages of a browser that is on the tour."""
    app.register_blueprint(bp)
    app.after_request(add_bar)


@bp.post("/")
def go() -> ResponseReturnValue:
    """Go to a step, or end the tour."""
    number = request.form.get("step", "")
    if number == "end":
        tour.end()
        return redirect(url_for("demo.index"), code=303)
    if not number.isdecimal() or int(number) >= len(tour.STEPS):
        raise NotFound
    return redirect(tour.go_to(int(number)), code=303)


def add_bar(response: Response) -> Response:
    """Add the bar after a page is rendered, so that no kept page has it."""
    if response.mimetype == "text/html" and not response.direct_passthrough and tour.position() is not None:
        bar = render_template("demo/_tour.html", number=tour.position(), steps=tour.STEPS, order_no=tour.order_no())
        response.set_data(response.get_data(as_text=True).replace("</body>", bar + "</body>"))
    return response
