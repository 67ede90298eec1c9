"""Starts the SDK's CLI with a clean environment, behind its walls, and so that it dies with Jobs.

The SDK merges a session's variables over the whole environment of this process, and leaves the CLI running when this
process is killed. So a session is given a launcher instead of the CLI itself: a line of shell that
runs `walls/launch.py`.
"""

import shlex
import sys
from importlib.util import find_spec
from pathlib import Path

from jobs import walls

SOURCE = """#!/bin/sh
exec {python} -ISB {launch} {cli} "$@"
"""


def bundled_cli() -> Path:
    """The CLI that the SDK's wheel ships."""
    spec = find_spec("claude_agent_sdk")  # does not import it
    if spec is None or spec.origin is None:
        raise RuntimeError("claude-agent-sdk is not installed")
    return Path(spec.origin).parent / "_bundled" / "claude"


def cli_version() -> str:
    """Its version, as the SDK's wheel names it."""
    source = (bundled_cli().parents[1] / "_cli_version.py").read_text(encoding="utf-8")
    return next((line.split('"')[1] for line in source.splitlines() if line.startswith("__cli_version__")), "?")


def write_launcher(path: Path) -> Path:
    """Write the launcher to `path` (0700) and return it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    words = {"python": sys.executable, "launch": Path(walls.__file__).parent / "launch.py", "cli": bundled_cli()}
    path.write_text(SOURCE.format(**{name: shlex.quote(str(word)) for name, word in words.items()}), encoding="utf-8")
    path.chmod(0o700)
    return path
