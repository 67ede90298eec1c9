"""Python's garbage collector, kept from looking through what is loaded for good."""

import gc

PYTHONS_OWN = (700, 10, 10)
RARELY = (100_000, 10, 10)
"""New objects before it looks. Modules being loaded make none: looking for it is a sixth of the start."""


def loading() -> None:
    """Much is about to be loaded: look rarely until `settle`, or for as long as a command takes."""
    gc.set_threshold(*RARELY)


def settle() -> None:
    """Keep what is loaded by now out of the collector's sight, and have it look as often as Python does by itself.

    Modules live as long as the process, and a full collection that walks through them stops everything for 100 ms.
    """
    gc.freeze()
    gc.set_threshold(*PYTHONS_OWN)
