"""Payment links of an unpaid order or a free amount: make one, or record that nothing was paid by it."""

from flask import g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from shop.extensions import client
from shop.rules.money import Tax, Won
from shop.services import links, orders
from shop.views.admin.forms import FreeLinkForm, LinkForm
from shop.views.admin.login import bp, require_password
from shop.views.admin.orders import back_to_order, render_order, require_row


@bp.get("/links/new")
def new_link() -> ResponseReturnValue:
    """A form for a link of a free amount."""
    return render_template("admin/new_link.html", form=FreeLinkForm(MultiDict()))


@bp.post("/links/new")
def create_free_link() -> ResponseReturnValue:
    """Place an order of a free amount and make its link."""
    form = FreeLinkForm()
    if not form.is_valid():
        return render_template("admin/new_link.html", form=form), 422
    amount, tax, goods = Won(int(form.amount.data or 0)), Tax(form.tax.data), form.goods.data or ""
    order_no = orders.place_free(goods, amount, tax, form.payer, form.expires_at, by=g.staff.name)
    links.create(orders.get_order(order_no), goods, form.expires_at, by=g.staff.name, client=client())
    return back_to_order(order_no)


@bp.post("/orders/<order_no>/links")
def create_link(order_no: str) -> ResponseReturnValue:
    """Make a link under which the order can be paid."""
    order, form = orders.get_order(order_no), LinkForm()
    if not form.is_valid():
        return render_order(order, link_form=form), 422
    links.create(order, form.goods.data or "", form.expires_at, by=g.staff.name, client=client())
    return back_to_order(order_no)


@bp.post("/orders/<order_no>/links/<row:link_id>/close")
def close_link(order_no: str, link_id: int) -> ResponseReturnValue:
    """Record that nothing was paid by a link."""
    require_row(orders.get_order(order_no).links, link_id)
    require_password()
    links.close(link_id, by=g.staff.name)
    return redirect(url_for("admin.show_desk"), code=303)
