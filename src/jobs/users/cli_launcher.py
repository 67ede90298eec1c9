"""Starts the SDK's CLI with a clean environment, and so that it dies with Jobs.

The SDK merges a session's variables over the whole environment of this process, and leaves the CLI running when this
process is killed. So a session is given a launcher instead of the CLI itself: it keeps only the variables named in
`JOBS_KEEP_ENV` and, on Linux, asks the kernel to kill the CLI when its parent ends. It runs isolated (`-I`, `-S`) and
imports next to nothing, since each cold session waits for it.
"""

import shlex
import sys
from importlib.util import find_spec
from pathlib import Path

KEEP_VARIABLE = "JOBS_KEEP_ENV"

FROM_SDK = (
    "CLAUDE_CODE_ENTRYPOINT",
    "CLAUDE_AGENT_SDK_VERSION",
    "CLAUDE_CODE_SDK_READS_SESSION_STATE",
    "PWD",
)
"""Names that the SDK sets itself and the CLI wants."""

SOURCE = """#!/bin/sh
'''exec' {python} -ISB "$0" "$@"
' '''
import os
import sys

parent = os.getppid()
keep = {{*{from_sdk!r}, *os.environ.get({keep!r}, '').split(",")}}
environment = {{name: value for name, value in os.environ.items() if name in keep}}
if sys.platform == "linux":
    import ctypes

    ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)  # PR_SET_PDEATHSIG, SIGKILL
    if os.getppid() != parent:
        os._exit(1)
os.execve({cli!r}, [{cli!r}, *sys.argv[1:]], environment)
"""
"""A script for sh and for Python at once: a first line of its own cannot hold a long path to the interpreter."""


def bundled_cli() -> Path:
    """The CLI that the SDK's wheel ships."""
    spec = find_spec("claude_agent_sdk")  # does not import it
    if spec is None or spec.origin is None:
        raise RuntimeError("claude-agent-sdk is not installed")
    return Path(spec.origin).parent / "_bundled" / "claude"


def write_launcher(path: Path) -> Path:
    """Write the launcher to `path` (0700) and return it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    source = SOURCE.format(
        python=shlex.quote(sys.executable),
        from_sdk=FROM_SDK,
        keep=KEEP_VARIABLE,
        cli=str(bundled_cli()),
    )
    path.write_text(source, encoding="utf-8")
    path.chmod(0o700)
    return path
