"""Started in a program's place, with its path and arguments: builds the walls around itself and becomes it.

It keeps only the variables named in JOBS_KEEP_ENV, becomes another Unix user, asks the kernel to end it with its
parent, covers what is Jobs' own by mounts that only it sees, and confines itself by Landlock, as JOBS_WALLS says (JSON,
see `plan.py`). What it cannot build as told ends it: a session never runs with less than was meant. It runs alone
(`python -ISB`), imports next to nothing, and needs Linux for its walls.

Numbers: linux/landlock.h, prctl.h, capability.h, sched.h, mount.h; the system calls' are the same on x86-64 and arm64.
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

CLONE_NEWNS, CLONE_NEWUSER = 0x20000, 0x10000000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_SLAVE = 1 << 1, 1 << 2, 1 << 3, 1 << 12, 1 << 14, 1 << 19

READING = EXECUTE | READ_FILE | READ_DIR
OF_A_FILE = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE


def landlock_abi() -> int:
    """The kernel's version of Landlock; 0 where there is none, or it is turned off."""
    if sys.platform != "linux":
        return 0
    import ctypes

    version = ctypes.CDLL(None).syscall(CREATE_RULESET, None, 0, VERSION_FLAG)
    return max(0, int(version))


def can_cover() -> bool:
    """Whether this user may have mounts of its own: tried by another process, since none can be taken back."""
    import subprocess

    order = {WALLS_VARIABLE: json.dumps({"cover": {"hidden": ["/var/tmp"], "kept": []}})}
    command = [sys.executable, "-ISB", __file__, "/bin/true"]
    return (
        sys.platform == "linux" and subprocess.run(command, env=order, capture_output=True, check=False).returncode == 0
    )


def main(program: str, arguments: list[str]) -> None:
    keep = {*FROM_SDK, *os.environ.get(KEEP_VARIABLE, "").split(",")}
    walls = json.loads(os.environ.get(WALLS_VARIABLE, "{}"))
    environment = {name: value for name, value in os.environ.items() if name in keep}
    if sys.platform == "linux":
        try:
            _build(walls)
        except OSError as error:
            sys.exit(f"jobs: the walls around a session could not be built: {error}; ./jobs doctor says more")
    os.execve(program, [program, *arguments], environment)


def _build(walls: dict) -> None:  # type: ignore[type-arg]
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getppid()
    rules = walls.get("landlock", {})
    for right, (wanted, hidden) in rules.pop("but", {}).items():  # while everything can still be looked at
        rules[right] += without(wanted, hidden)
    if user := walls.get("user"):
        _become(libc, user)
    if cover := walls.get("cover"):
        _cover(libc, **cover)
    libc.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)  # after the change of user, which takes it back
    if os.getppid() != parent:
        os._exit(1)
    if walls:
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        _give_up_capabilities(libc)
    if rules:
        _confine(libc, rules)


def without(wanted: list[str], hidden: list[str]) -> list[str]:
    """Paths that cover all of `wanted` but nothing of `hidden`, as far as they exist now.

    Landlock only allows: to leave a folder out, everything beside it is allowed, on each level down to it. So what is
    made later directly in such a folder is not covered. Symbolic links are left out: what they lead to is covered where
    it is. They may be thousands, too many for a variable of the environment.
    """
    secrets = {os.path.realpath(path) for path in hidden}
    above = {folder for secret in secrets for folder in _parents(secret)}
    found: list[str] = []
    stack = [path for path in map(os.path.realpath, wanted) if secrets.isdisjoint(_parents(path))]
    while stack:
        path = stack.pop()
        if path in secrets:
            continue
        if path not in above:
            found.append(path)
            continue
        try:
            stack += [entry.path for entry in os.scandir(path) if not entry.is_symlink()]
        except OSError:
            continue
    return found


def _parents(path: str) -> list[str]:
    """The folders that a path is in, up to the root."""
    found: list[str] = []
    while (parent := os.path.dirname(path)) != path:
        found.append(path := parent)
    return found


def _become(libc, user: dict) -> None:  # type: ignore[no-untyped-def,type-arg]
    """Another user; `_give_up_capabilities` takes away what could undo it."""
    os.setgroups(user["groups"])
    os.setresgid(user["gid"], user["gid"], user["gid"])
    os.setresuid(user["uid"], user["uid"], user["uid"])
    os.umask(user["umask"])


def _cover(libc, hidden: list[str], kept: list[str]) -> None:  # type: ignore[no-untyped-def]
    """Paths, a folder among them, that are not to be there: mounts of this process's own lie over them, with only the
    folders `kept` on top.

    What Landlock leaves: changing a file's mode or times, looking at its size, speaking to a socket that has a name.
    """
    if libc.unshare(CLONE_NEWNS) != 0:  # for which root needs no user namespace
        uid, gid = os.geteuid(), os.getegid()
        _done(libc.unshare(CLONE_NEWUSER | CLONE_NEWNS), "unshare")
        for name, line in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
            with open(f"/proc/self/{name}", "wb") as file:
                file.write(line.encode())
    here = os.getcwd()
    _mount(libc, "none", "/", None, MS_REC | MS_SLAVE)
    opened = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
    still = [(path, os.open(path, opened)) for path in kept if os.path.isdir(path)]
    folders = [path for path in hidden if os.path.isdir(path)]
    for path in folders:
        _mount(libc, "none", path, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0755,size=64k")
    for path in (path for path in hidden if os.path.exists(path) and path not in folders):
        nothing = os.path.join(folders[0], ".nothing")  # not /dev/null, which may be opened
        os.close(os.open(nothing, os.O_CREAT | os.O_CLOEXEC, 0))
        _mount(libc, nothing, path, None, MS_BIND)
    for path, folder in still:
        os.makedirs(path, exist_ok=True)
        _mount(libc, f"/proc/self/fd/{folder}", path, None, MS_BIND | MS_REC)
        os.close(folder)
    os.chdir(here if os.path.isdir(here) else "/")  # by its name: the folder it was in may be one that is covered now


def _mount(libc, what: str, where: str, kind: str | None, flags: int, options: str = "") -> None:  # type: ignore[no-untyped-def]
    import ctypes

    text = (os.fsencode(what), os.fsencode(where), kind and kind.encode())
    _done(libc.mount(*text, ctypes.c_ulong(flags), options.encode()), f"mount over {where}")


def _done(result: int, what: str) -> None:
    import ctypes

    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{os.strerror(number)}: {what}")


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
