"""Runs: they get keys of their own, register domains and a webhook address, are kept aside, put back and forgotten."""

from dataclasses import replace

from flask import abort, jsonify, request
from flask.typing import ResponseReturnValue

from shop.simulator import ledger, runs, store
from shop.simulator.control import barriers
from shop.simulator.runs import Run
from shop.simulator.web import control_blueprint, current_run, database, read_order, settings
from shop.simulator.webhooks import checked_address

bp = control_blueprint("runs")


@bp.post("/runs")
def start_run() -> ResponseReturnValue:
    with database().writing() as db:
        run = runs.start(db)
    keys = {"custKey": run.cust_key, "clientKey": run.client_key, "refundKey": run.refund_key}
    return jsonify(run=run.id, cst_id=run.id, **keys), 201


@bp.get("/partners")
def show_partner() -> ResponseReturnValue:
    return jsonify(_registered(current_run()))


@bp.post("/partners")
def register() -> ResponseReturnValue:
    """`{cst_id?, webhook_url?, domains?}`; what is left out stays as it is.

    `domains` binds Referers as on the live server, an empty list accepts every host as in test; a blank `webhook_url`
    means no webhooks.
    """
    order = read_order({"cst_id": (object,), "webhook_url": (object,), "domains": (list,)})
    if not order.keys() & {"webhook_url", "domains"}:
        raise ValueError("a partner registers webhook_url or domains")
    with database().writing() as db:
        run = current_run(db)
        if order.get("cst_id") is not None and "run" not in request.args:
            run = runs.by_id(db, str(order["cst_id"])) or abort(404)
        if "webhook_url" in order:
            run = replace(run, webhook_url=checked_address(order["webhook_url"], settings().webhook_hosts))
        if "domains" in order:
            if not all(isinstance(domain, str) and domain for domain in order["domains"]):
                raise ValueError("domains is a list of host names")
            run = replace(run, domains=tuple(domain.lower() for domain in order["domains"]))
        runs.save(db, run)
        ledger.write(db, run, "partner", note=str(order))
    return jsonify(_registered(run))


@bp.post("/snapshot")
def keep() -> ResponseReturnValue:
    """`{name}` keeps what has happened so far, but no keys and no clock. An earlier snapshot is replaced."""
    name = read_order({"name": (str,)}, needed=("name",))["name"]
    with database().writing() as db:
        store.keep_run(db, current_run(db).id, name)
    return jsonify(name=name), 201


@bp.post("/snapshot/restore")
def restore() -> ResponseReturnValue:
    """`{name}` puts the snapshot back, in place of what has happened since."""
    name = read_order({"name": (str,)}, needed=("name",))["name"]
    with database().writing() as db:
        if not store.restore_run(db, current_run(db).id, name):
            raise ValueError(f"there is no snapshot {name}")
    return jsonify(name=name)


@bp.delete("")
def forget() -> ResponseReturnValue:
    with database().writing() as db:
        run = current_run(db)
        runs.forget(db, run, settings().webhook_url)
    barriers.release_all(run)
    return "", 204


def _registered(run: Run) -> dict[str, object]:
    return {"cst_id": run.id, "domains": run.domains, "webhook_url": run.webhook_url}
