"""What the simulator does: one act, one transaction, and its ledger line in it before the answer leaves."""
