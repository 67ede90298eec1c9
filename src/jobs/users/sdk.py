"""The agent SDK, loaded when the first session is wanted: it takes most of a second and some 40 MB."""

import importlib
import sys

from jobs import garbage

SESSION_MODULE = "jobs.users.session"


def load() -> None:
    """Load the SDK and what is built on it; returns at once when that is done already. Meant for a thread."""
    if is_new := SESSION_MODULE not in sys.modules:
        garbage.loading()
    importlib.import_module(SESSION_MODULE)  # waits for another thread that is at it
    if is_new:
        garbage.settle()
