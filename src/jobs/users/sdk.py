"""The agent SDK, loaded when the first session is wanted: it takes most of a second and some 40 MB."""

import gc
import importlib
import sys

SESSION_MODULE = "jobs.users.session"


def load() -> None:
    """Load the SDK and what is built on it; returns at once when that is done already. Meant for a thread."""
    is_new = SESSION_MODULE not in sys.modules
    importlib.import_module(SESSION_MODULE)
    if is_new:
        settle()


def settle() -> None:
    """Keep what is loaded by now out of the garbage collector's sight.

    Modules live as long as the process, and a full collection that walks through them stops everything for 100 ms.
    """
    gc.freeze()
