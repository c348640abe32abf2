"""The money-safety run: real servers over HTTP, broken on purpose, held against the gateway's own ledger."""
