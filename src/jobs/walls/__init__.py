"""The walls between Jobs and the processes of its sessions: Unix users, and Landlock.

`launch.py` and `probe.py` run by themselves, as other programs.
"""

from jobs.walls.launch import KEEP_VARIABLE, WALLS_VARIABLE
from jobs.walls.plan import Confined, SessionPaths, UnixUser, Walls, as_agent, share, unconfined
from jobs.walls.trial import Trial, try_walls

__all__ = [
    "KEEP_VARIABLE",
    "WALLS_VARIABLE",
    "Confined",
    "SessionPaths",
    "Trial",
    "UnixUser",
    "Walls",
    "as_agent",
    "share",
    "try_walls",
    "unconfined",
]
