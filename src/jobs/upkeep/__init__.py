"""Bounds on everything that grows: old rows are archived, old files go."""

from jobs.upkeep.archive import Archive
from jobs.upkeep.run import Upkeep

__all__ = ["Archive", "Upkeep"]
