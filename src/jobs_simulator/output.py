"""What the demo shows on standard output."""

import os
import signal
import sys
import threading

left = threading.Event()
"""Nobody reads any more."""


def show(text: str) -> None:
    """Print it at once. Nobody reading any more (`| head`, a closed window) is as Ctrl-C: the demo is left quietly."""
    try:
        print(text, flush=True)
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
        left.set()
        signal.raise_signal(signal.SIGINT)
