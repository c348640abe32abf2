"""Payment links of an unpaid order: make one, or record that nothing was paid by it."""

from flask import g, redirect, url_for
from flask.typing import ResponseReturnValue

from shop.extensions import client
from shop.services import links, orders
from shop.views.admin.forms import LinkForm
from shop.views.admin.login import bp, require_password
from shop.views.admin.orders import back_to_order, render_order


@bp.post("/orders/<order_no>/links")
def create_link(order_no: str) -> ResponseReturnValue:
    """Make a link under which the order can be paid."""
    order, form = orders.get_order(order_no), LinkForm()
    if not form.is_valid():
        return render_order(order, link_form=form), 422
    links.create(order, form.goods.data or "", form.expires_at, by=g.staff.name, client=client())
    return back_to_order(order_no)


@bp.post("/orders/<order_no>/links/<row:link_id>/close")
def close_link(order_no: str, link_id: int) -> ResponseReturnValue:  # noqa: ARG001 - in the address
    """Record that nothing was paid by a link."""
    require_password()
    links.close(link_id, by=g.staff.name)
    return redirect(url_for("admin.show_desk"), code=303)
