"""The control plane under /_sim: who the partners are. Runs get keys of their own; partners register addresses."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, abort, jsonify, request
from flask.typing import ResponseReturnValue

from shop.simulator import bench, ledger, runs
from shop.simulator.ledger import Entry
from shop.simulator.outgoing import checked_address
from shop.simulator.runs import Run
from shop.simulator.views.requests import current_run, read_order, settings, storage
from shop.simulator.views.steering import explain

bp = Blueprint("partners", __name__, url_prefix="/_sim")
bp.register_error_handler(ValueError, explain)


@bp.post("/runs")
def start_run() -> ResponseReturnValue:
    """A partner of its own: own keys, ledger, clock, faults, policy and webhook address."""
    with storage().writing() as db:
        run = runs.new_run(db)
        runs.save(db, run)
    keys = {"custKey": run.cust_key, "clientKey": run.client_key, "refundKey": run.refund_key}
    return jsonify(run=run.id, cst_id=run.id, **keys), 201


@bp.get("/partners")
def show_partner() -> ResponseReturnValue:
    """What the partner has registered."""
    return jsonify(_registered(current_run()))


@bp.post("/partners")
def register() -> ResponseReturnValue:
    """`{cst_id?, webhook_url?, domains?}`; what is left out stays as it is.

    `domains` binds Referers as on the live server, an empty list accepts every host as in test; a blank `webhook_url`
    means no webhooks.
    """
    order = read_order()
    if not order.keys() & {"webhook_url", "domains"} or order.keys() - {"cst_id", "webhook_url", "domains"}:
        raise ValueError("a partner registers {cst_id?, webhook_url?, domains?}")
    run = _partner(order.get("cst_id"))
    domains = _domains(order.get("domains", list(run.domains)))
    with storage().writing() as db:
        if "webhook_url" in order:
            bench.register(db, run.id, checked_address(order["webhook_url"], settings().webhook_hosts))
        runs.save(db, replace(run, domains=domains))
        ledger.write(db, Entry(run.id, run.now(), "partner", note=str(order)))
    return jsonify(_registered(replace(run, domains=domains)))


def _partner(cst_id: object) -> Run:
    if cst_id is None or "run" in request.args:
        return current_run()
    with storage().reading() as db:
        return runs.by_id(db, str(cst_id)) or abort(404)


def _domains(domains: object) -> tuple[str, ...]:
    if not isinstance(domains, list) or not all(isinstance(domain, str) and domain for domain in domains):
        raise ValueError("domains is a list of host names")
    return tuple(domain.lower() for domain in domains)


def _registered(run: Run) -> dict[str, object]:
    with storage().reading() as db:
        return {"cst_id": run.id, "domains": run.domains, "webhook_url": bench.address(db, run.id)}
