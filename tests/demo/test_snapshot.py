"""A run of the simulator can be kept aside and put back."""

from __future__ import annotations

from tests.demo.conftest import Demo


def test_a_snapshot_puts_a_run_back(demo: Demo) -> None:
    control = demo.simulator.test_client()
    demo.make("paid")
    kept = demo.control("payments"), demo.control("ledger")
    assert control.post("/_sim/snapshot", json={"name": "one"}).status_code == 201

    demo.make("paid")
    control.delete("/_sim")
    assert control.post("/_sim/snapshot/restore", json={"name": "two"}).status_code == 400
    assert control.post("/_sim/snapshot/restore", json={"name": "one"}).status_code == 200

    assert (demo.control("payments"), demo.control("ledger")) == kept
