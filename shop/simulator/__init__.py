"""A stand-in for Payple for any merchant: the same wire, books of its own, and a control plane under /_sim."""

from shop.simulator.app import create_simulator
from shop.simulator.web import SimulatorSettings

__all__ = ["SimulatorSettings", "create_simulator"]
