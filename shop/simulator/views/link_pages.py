"""The page of a payment link: what is to be paid, and the window."""

from __future__ import annotations

import sqlite3

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shop.simulator import links, messages, runs
from shop.simulator.acts.link import open_link
from shop.simulator.links import Link
from shop.simulator.runs import PUBLIC_TEST_RUN, Run
from shop.simulator.views.language import language
from shop.simulator.views.requests import storage

bp = Blueprint("link_pages", __name__)


@bp.get("/php/link/")
def show() -> ResponseReturnValue:
    """The order, and a button for each way to pay it; 410 once its time is over."""
    with storage().reading() as db:
        link, run = _found(db)
    is_over = link.is_over(run.now())
    goods = messages.goods_text(link.asked["PCD_PAY_GOODS"])
    total = int(link.asked["PCD_PAY_TOTAL"])
    page = render_template("link.html", link=link, is_over=is_over, goods=goods, total=total)
    return page, 410 if is_over else 200


@bp.post("/php/link/")
def open_() -> ResponseReturnValue:
    """The payer has chosen; the window takes the place of the page."""
    method = request.form.get("method", "")
    with storage().writing() as db:
        link, run = _found(db)
        if method not in link.methods or link.is_over(run.now()):
            return redirect(url_for("link_pages.show", SID=link.key, lang=language()), code=303)
        payment = open_link(db, run, link, method)
    return redirect(url_for("window.show", token=payment.token, lang=language()), code=303)


def _found(db: sqlite3.Connection) -> tuple[Link, Run]:
    link = links.by_key(db, request.args.get("SID", "")) or abort(404)
    return link, runs.by_id(db, link.run) or PUBLIC_TEST_RUN
