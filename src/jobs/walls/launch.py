"""Started in a program's place, with its path and arguments: builds the walls around itself and becomes it.

It keeps only the variables named in JOBS_KEEP_ENV, becomes another Unix user, asks the kernel to end it with its
parent, and confines itself by Landlock, as JOBS_WALLS says (JSON, see `plan.py`). What it cannot build as told ends it:
a session never runs with less than was meant. It runs alone (`python -ISB`), imports next to nothing, and needs Linux
for its walls.

Numbers: linux/landlock.h, linux/prctl.h, linux/capability.h; the system calls' are the same on x86-64 and arm64.
"""

import json
import os
import sys

KEEP_VARIABLE = "JOBS_KEEP_ENV"
WALLS_VARIABLE = "JOBS_WALLS"

FROM_SDK = (
    "CLAUDE_CODE_ENTRYPOINT",
    "CLAUDE_AGENT_SDK_VERSION",
    "CLAUDE_CODE_SDK_READS_SESSION_STATE",
    "PWD",
)
"""Names that the SDK sets itself and the CLI wants."""

PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 1, 38, 47, 4
SIGKILL = 9
CAPABILITY_VERSION_3 = 0x20080522

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
VERSION_FLAG = 1
PATH_BENEATH, NET_PORT = 1, 2
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
REFER, TRUNCATE = 1 << 13, 1 << 14
FIRST_RIGHTS = (1 << 13) - 1
"""Everything that ABI 1 knows, from executing to making symbolic links."""
CONNECT_TCP = 1 << 1
SCOPE_ABSTRACT_SOCKETS, SCOPE_SIGNALS = 1 << 0, 1 << 1

READING = EXECUTE | READ_FILE | READ_DIR
OF_A_FILE = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE


def landlock_abi() -> int:
    """The kernel's version of Landlock; 0 where there is none, or it is turned off."""
    if sys.platform != "linux":
        return 0
    import ctypes

    version = ctypes.CDLL(None).syscall(CREATE_RULESET, None, 0, VERSION_FLAG)
    return max(0, int(version))


def main(program: str, arguments: list[str]) -> None:
    keep = {*FROM_SDK, *os.environ.get(KEEP_VARIABLE, "").split(",")}
    walls = json.loads(os.environ.get(WALLS_VARIABLE, "{}"))
    environment = {name: value for name, value in os.environ.items() if name in keep}
    if sys.platform == "linux":
        _build(walls)
    os.execve(program, [program, *arguments], environment)


def _build(walls: dict) -> None:  # type: ignore[type-arg]
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getppid()
    if user := walls.get("user"):
        _become(libc, user)
    libc.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)  # after the change of user, which takes it back
    if os.getppid() != parent:
        os._exit(1)
    if walls:
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        _give_up_capabilities(libc)
    if rules := walls.get("landlock"):
        _confine(libc, rules)


def _become(libc, user: dict) -> None:  # type: ignore[no-untyped-def,type-arg]
    """Another user; `_give_up_capabilities` takes away what could undo it."""
    os.setgroups(user["groups"])
    os.setresgid(user["gid"], user["gid"], user["gid"])
    os.setresuid(user["uid"], user["uid"], user["uid"])
    os.umask(user["umask"])


def _give_up_capabilities(libc) -> None:  # type: ignore[no-untyped-def]
    """All of them, root's too; together with no_new_privs no program that is started gets any back.

    A capability can go round Landlock: with CAP_PERFMON the memory of any process may be read.
    """
    import ctypes

    libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    if libc.capset(header, nothing) != 0:
        raise OSError(ctypes.get_errno(), "capset")


def _confine(libc, rules: dict) -> None:  # type: ignore[no-untyped-def,type-arg]
    """`read` and `write` are paths with all below them, `connect` TCP ports (absent: any). Nothing else is left."""
    import ctypes

    abi = landlock_abi()
    handled = FIRST_RIGHTS | (REFER if abi >= 2 else 0) | (TRUNCATE if abi >= 3 else 0)
    ports: list[int] | None = rules.get("connect") if abi >= 4 else None
    net = 0 if ports is None else CONNECT_TCP
    scoped = SCOPE_ABSTRACT_SOCKETS | SCOPE_SIGNALS if abi >= 6 else 0
    attributes = (ctypes.c_uint64 * 3)(handled, net, scoped)
    size = 8 if abi < 4 else 16 if abi < 6 else 24
    ruleset = _call(libc, CREATE_RULESET, ctypes.byref(attributes), size, 0)
    for paths, rights in ((rules["read"], READING), (rules["write"], handled)):
        for path in paths:
            _allow_path(libc, ruleset, path, rights & handled)
    for port in ports or []:
        rule = (ctypes.c_uint64 * 2)(CONNECT_TCP, port)
        _call(libc, ADD_RULE, ruleset, NET_PORT, ctypes.byref(rule), 0)
    _call(libc, RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)


def _allow_path(libc, ruleset: int, path: str, rights: int) -> None:  # type: ignore[no-untyped-def]
    import ctypes

    class PathBeneath(ctypes.Structure):
        _pack_ = 1
        _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))

    try:
        parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # it is not there, so there is nothing to allow
    try:
        is_folder = os.path.isdir(path)
        rule = PathBeneath(rights if is_folder else rights & OF_A_FILE, parent)
        _call(libc, ADD_RULE, ruleset, PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(parent)


def _call(libc, number: int, *arguments) -> int:  # type: ignore[no-untyped-def]
    import ctypes

    result = libc.syscall(number, *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), f"system call {number}")
    return int(result)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
