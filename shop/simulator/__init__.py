"""A stand-in for Payple: same wire, own memory, no knowledge of any shop.

It serves every merchant that speaks Payple's protocol. Rules are pure (`rules/`), an act is one transaction (`acts/`),
a view parses and answers (`views/`), and everything that grows row by row is a table: purposes, rulebook, scenarios,
faults, policy.
"""

from shop.simulator.app import create_simulator
from shop.simulator.settings import SimulatorSettings

__all__ = ["SimulatorSettings", "create_simulator"]
