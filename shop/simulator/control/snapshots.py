"""A snapshot of a run: what happened in it is kept aside and put back later. Its keys and its clock stay."""

from flask import jsonify
from flask.typing import ResponseReturnValue

from shop.simulator import store
from shop.simulator.web import control_blueprint, current_run, database, read_order

bp = control_blueprint("snapshots", "/snapshot")
USAGE = "a snapshot has a {name}"


@bp.post("")
def keep() -> ResponseReturnValue:
    """Keep what has happened so far. A run has one snapshot: an earlier one is replaced."""
    name = read_order(USAGE, {"name": (str,)}, needed=("name",))["name"]
    with database().writing() as db:
        store.keep_run(db, current_run(db).id, name)
    return jsonify(name=name), 201


@bp.post("/restore")
def restore() -> ResponseReturnValue:
    """Put the snapshot of this name back, in place of what has happened since."""
    name = read_order(USAGE, {"name": (str,)}, needed=("name",))["name"]
    with database().writing() as db:
        run = current_run(db)
        if not store.restore_run(db, run.id, name):
            raise ValueError(f"there is no snapshot {name}")
    return jsonify(name=name)
