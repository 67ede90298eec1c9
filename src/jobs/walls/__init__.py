"""The walls between Jobs and the processes of its sessions: Unix users, and Landlock.

`launch.py` and `probe.py` run by themselves, as other programs.
"""

from jobs.walls.launch import KEEP_VARIABLE, WALLS_VARIABLE
from jobs.walls.plan import SessionPaths, UnixUser, Walls, share
from jobs.walls.trial import Trial, try_walls

__all__ = ["KEEP_VARIABLE", "WALLS_VARIABLE", "SessionPaths", "Trial", "UnixUser", "Walls", "share", "try_walls"]
