"""The API requests the simulator answers, by field. Importing this fills the table."""

from . import bots, changing, files, history, login, people, sending, service, updates
from .registry import HANDLERS, Call

__all__ = [
    "HANDLERS",
    "Call",
    "bots",
    "changing",
    "files",
    "history",
    "login",
    "people",
    "sending",
    "service",
    "updates",
]
