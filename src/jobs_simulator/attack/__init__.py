"""`./jobs doctor --attack`: tries the wall of this installation with what an attacker would write."""

from jobs_simulator.attack.pack import attack

__all__ = ["attack"]
