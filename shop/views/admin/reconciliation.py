"""Reconciliation: choose days, watch the comparison, see what differs and repair it. Nothing is compared in here."""

from datetime import timedelta

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from shop import clock
from shop.errors import NotFound
from shop.services import conservation, differences, order_search, reconciling
from shop.views.admin import order_page, staff_session
from shop.views.admin.area import bp
from shop.views.admin.forms import ConfirmForm, PeriodForm
from shop.views.notices import of_form
from shop.views.paging import row_number
from shop.views.shop import client


@bp.get("/reconciliation")
def show_reconciliation() -> ResponseReturnValue:
    """The newest comparison, or the one that is asked for."""
    chosen = request.args.get("run", type=row_number)
    runs = reconciling.latest()
    run = reconciling.load(chosen) if chosen else next(iter(runs), None)
    return _page(_new_form(), run.id if run else None)


@bp.post("/reconciliation")
def start_reconciliation() -> ResponseReturnValue:
    """Ask for a comparison; the sweep works it off."""
    form = PeriodForm()
    if not form.is_valid():
        return _page(form, None), 422
    run_id = reconciling.start(form.period, by=g.staff.name, now=clock.now())
    return redirect(url_for("admin.show_reconciliation", run=run_id), code=303)


@bp.post("/orders/<order_no>/differences/<row:difference_id>/repair")
def repair_difference(order_no: str, difference_id: int) -> ResponseReturnValue:
    """Ask the gateway again about this one attempt and follow its answer where the shop may."""
    return _act(order_no, difference_id, repairs=True)


@bp.post("/orders/<order_no>/differences/<row:difference_id>/acknowledgement")
def acknowledge_difference(order_no: str, difference_id: int) -> ResponseReturnValue:
    """Somebody has settled it elsewhere; who it was is written down."""
    return _act(order_no, difference_id, repairs=False)


def _act(order_no: str, difference_id: int, *, repairs: bool) -> ResponseReturnValue:
    order, form = order_search.get_order(order_no), ConfirmForm()
    if not form.is_valid():
        return order_page.render(order, notice=of_form(form)), 422
    if differences.order_of(difference_id) != order.id:
        raise NotFound
    staff_session.insist_on_password(form.password.data)
    if repairs:
        done = differences.repair(difference_id, by=g.staff.name, client=client(), now=clock.now())
    else:
        done = differences.acknowledge(difference_id, by=g.staff.name, now=clock.now())
    return redirect(url_for("admin.show_reconciliation", run=done.reconciliation_id), code=303)


def _new_form() -> PeriodForm:
    """Yesterday, until somebody chooses: its payments are all in."""
    yesterday = clock.korea_date(clock.now()) - timedelta(days=1)
    return PeriodForm(MultiDict(), first=yesterday, last=yesterday)


def _page(form: PeriodForm, run_id: int | None) -> str:
    run = reconciling.load(run_id) if run_id else None
    return render_template(
        "admin/reconciliation.html",
        form=form,
        run=run,
        runs=reconciling.latest(),
        days=conservation.of_days(run.first_day, run.last_day) if run else (),
        needs_password=not staff_session.is_confirmed(),
    )
