"""Which walls stand, and what each role's processes may reach.

Two kinds, each of which holds alone where it can be had, and a third for what the second leaves:

- **Unix users** (AGENT_USER, EXTERNAL_USER): the kernel's own, for which Jobs needs the right to switch users.
- **Landlock**: a list of what may be read and written, for a process and all it starts. Needs nothing but a kernel that
  has it. It also keeps a process from looking into, tracing or signalling any that is not behind the same wall.
- **A cover**, where there is no other user: mounts of the process's own, in which Jobs' files and the doors to programs
  outside are not there. Landlock stops neither chmod nor a word to a socket that has a name. Needs user namespaces.
"""

import grp
import json
import os
import pwd
import stat
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jobs.config import Settings, project_root
from jobs.texts import Saying
from jobs.walls.launch import KEEP_VARIABLE, WALLS_VARIABLE, can_cover, landlock_abi

NEEDED = {"SETUID": 7, "SETGID": 6, "KILL": 5, "DAC_OVERRIDE": 1}
"""Capabilities (linux/capability.h) to start sessions as other users, to end them, and to read what they leave."""

UMASK_OF_AGENT, UMASK_OF_EXTERNAL = 0o007, 0o077
DEVICES = Path("/dev")
TEMPORARY = (Path("/tmp"), Path("/var/tmp"), DEVICES / "shm")
EXTERNAL_READS = (
    *("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/proc", "/sys/fs/cgroup", "/sys/devices/system/cpu"),
    *("/etc/ld.so.cache", "/etc/ssl", "/etc/ca-certificates", "/etc/localtime", "/etc/resolv.conf", "/etc/hosts"),
    *("/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf", "/etc/os-release"),
)
"""What the CLI needs to run at all."""

EXTERNAL_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty")
"""Not all of /dev: with the disks lies /dev/shm there, a folder that every process may write."""

DOORS = (
    *("/run/user/{uid}", "/run/dbus", "/run/systemd/private", "/run/screen", "/tmp/tmux-{uid}"),
    *("/run/docker.sock", "/run/podman", "/run/containerd", "/run/libvirt"),
)
"""Sockets by which a program of the same user is started outside of the walls."""

Confined = Callable[[str, Sequence[str], Mapping[str, str]], tuple[str, list[str], dict[str, str]]]
"""(program, arguments, environment) → the same, as they are to be run."""


@dataclass(frozen=True)
class UnixUser:
    name: str
    uid: int
    gid: int
    groups: tuple[int, ...]

    @classmethod
    def named(cls, name: str) -> "UnixUser | None":
        """None when there is no such user on this machine."""
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            return None
        groups = tuple(group.gr_gid for group in grp.getgrall() if name in group.gr_mem)
        return cls(name, entry.pw_uid, entry.pw_gid, groups)


@dataclass(frozen=True)
class SessionPaths:
    """The folders of one person's session: its own under `DATA_DIR/claude/<id>`, and the shared empty one."""

    config: Path
    temporary: Path
    home: Path
    """The home of the owner's agent, where there is a wall around it."""
    empty: Path
    """An external session's home and working directory. The CLI tells the model its path, so it says nothing."""

    @property
    def own(self) -> list[str]:
        return [str(self.config), str(self.temporary), str(self.home)]


@dataclass(frozen=True)
class Walls:
    """What stands. `missing` says in one sentence each what does not, and why."""

    settings: Settings
    agent: UnixUser | None
    external: UnixUser | None
    landlock: int
    """The kernel's ABI version; 0: none."""
    covers: bool
    """Whether Landlock has its cover. Users of their own need none: nothing of Jobs' is theirs to touch."""
    missing: tuple[Saying, ...]

    @classmethod
    def of(cls, settings: Settings) -> "Walls":
        missing: list[Saying] = []
        agent, external = None, None
        lacking = [name for name, number in NEEDED.items() if not _has(number)]
        if settings.agent_user and settings.external_user:
            agent, external = UnixUser.named(settings.agent_user), UnixUser.named(settings.external_user)
            unknown = [name for name, user in zip(_names(settings), (agent, external), strict=True) if user is None]
            if unknown:
                missing.append(Saying("wall_no_user", {"names": ", ".join(unknown)}))
            elif lacking:
                missing.append(Saying("wall_no_switch", {"names": ", ".join(lacking)}))
            if unknown or lacking:
                agent = external = None
        else:
            missing.append(Saying("wall_one_user", {}))
        abi = landlock_abi()
        if not abi:
            missing.append(Saying("wall_no_landlock", {}))
        covers = bool(abi) and agent is None and _can_cover()
        if abi and agent is None and not covers:
            missing.append(Saying("wall_no_cover", {}))
        return cls(settings, agent, external, abi, covers, tuple(missing))

    @property
    def has_users(self) -> bool:
        return self.agent is not None

    @property
    def confines_owner(self) -> bool:
        """Whether there is any wall around the owner's agent."""
        return self.has_users or self.landlock > 0

    def lay_out(self) -> None:
        """Give the folders the rights that the users need, and everything else none. Before any session is opened."""
        data = self.settings.data_dir
        for path in (data, *data.iterdir()):
            with suppress(FileNotFoundError):  # of another command, which has just ended
                _tighten(path, passable=self.has_users)
        if self.has_users:
            os.umask(UMASK_OF_AGENT)  # what Jobs writes into the workspace is for the agent's group too

    def paths(self, data_dir: Path, name: str, empty: Path, *, is_owner: bool) -> SessionPaths:
        """The folders of the session of that name, made if they are not there, in the hands of its user."""
        root = data_dir / "claude" / name
        paths = SessionPaths(root / "config", root / "tmp", root / "home", empty)
        user = self._user(is_owner)
        for path in (root, *map(Path, paths.own)):
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
        if user:
            if root.stat().st_gid != user.gid:  # new, restored, or from before there were users
                share(root, user.gid)
            for path in (root.parent, data_dir, self.settings.data_dir):
                path.chmod(path.stat().st_mode | 0o011)  # to be passed through, not to be listed
        return paths

    def order(self, paths: SessionPaths, *, is_owner: bool, program: Path, broker_port: int) -> str:
        """What `launch.py` is told, as JSON."""
        walls: dict[str, object] = {}
        if user := self._user(is_owner):
            umask = UMASK_OF_AGENT if is_owner else UMASK_OF_EXTERNAL
            walls["user"] = {"uid": user.uid, "gid": user.gid, "groups": list(user.groups), "umask": umask}
        if self.landlock:
            walls["landlock"] = (
                self._owner_rules(paths) if is_owner else self._external_rules(paths, program, broker_port)
            )
            if self.covers:
                walls["cover"] = {
                    "hidden": self._hidden(),
                    "kept": paths.own if is_owner else [*paths.own, str(paths.empty)],
                }
        return json.dumps(walls)

    def behind(
        self, paths: SessionPaths, program: str, arguments: Sequence[str], environment: Mapping[str, str]
    ) -> tuple[str, list[str], dict[str, str]]:
        """How a program is started that may do what the owner's agent may: its command, arguments and environment."""
        order = self.order(paths, is_owner=True, program=Path(program), broker_port=0)
        home = {"HOME": str(paths.home if self.confines_owner else Path.home())}
        variables = {**home, **environment}
        launcher = Path(__file__).with_name("launch.py")
        return (
            sys.executable,
            ["-ISB", str(launcher), program, *arguments],
            {**variables, KEEP_VARIABLE: ",".join(variables), WALLS_VARIABLE: order},
        )

    def _user(self, is_owner: bool) -> UnixUser | None:
        return self.agent if is_owner else self.external

    def _jobs_own(self) -> list[Path]:
        settings = self.settings
        own = [settings.data_dir, project_root() / ".env", settings.telethon_session]
        return [*own, settings.tg_server_key] if settings.tg_server_key else own

    def _hidden(self) -> list[str]:
        """What a cover hides: Jobs' own, and the doors, but for those that AGENT_FOLDERS names."""
        allowed = {os.path.realpath(path) for path in self.settings.agent_folders}
        doors = [Path(door.format(uid=os.geteuid())) for door in DOORS]
        closed = [door for door in doors if allowed.isdisjoint(map(os.path.realpath, (door, *door.parents)))]
        found = sorted({os.path.realpath(path) for path in (*self._jobs_own(), *closed) if path.exists()})
        return [path for path in found if not any(str(above) in found for above in Path(path).parents)]

    def _owner_rules(self, paths: SessionPaths) -> dict[str, object]:
        """May read all but what is Jobs' own; may write the workspace, AGENT_FOLDERS and what is temporary."""
        settings = self.settings
        hidden = self._jobs_own()
        kept = [*hidden, Path(__file__).parents[2], Path(sys.prefix)]  # Jobs' own program is not to be changed
        wanted = [settings.workspace_dir, *settings.agent_folders, DEVICES, *TEMPORARY]

        def real(paths: list[Path]) -> list[str]:  # by this process' working directory, not the launcher's
            return [os.path.realpath(path) for path in paths]

        return {
            "read": [],
            "write": paths.own,
            "but": {"read": [["/"], real(hidden)], "write": [real(wanted), real(kept)]},
        }

    def _external_rules(self, paths: SessionPaths, program: Path, broker_port: int) -> dict[str, object]:
        """May read what the CLI needs and write its own folders; may connect to the broker only."""
        return {
            "read": [*EXTERNAL_READS, str(program.parent), str(paths.empty), *_interpreter()],
            "write": [*EXTERNAL_DEVICES, *paths.own],
            "connect": [broker_port],
        }


@cache
def _can_cover() -> bool:
    return can_cover()


def as_agent(settings: Settings, name: str) -> Confined:
    """How a program is run that may do what the owner's agent may, and no more. `name`: of its own folders."""

    def confined(
        program: str, arguments: Sequence[str], environment: Mapping[str, str]
    ) -> tuple[str, list[str], dict[str, str]]:
        walls, data = Walls.of(settings), settings.data_dir
        return walls.behind(walls.paths(data, name, data / "run", is_owner=True), program, arguments, environment)

    return confined


def unconfined(
    program: str, arguments: Sequence[str], environment: Mapping[str, str]
) -> tuple[str, list[str], dict[str, str]]:
    """Run as it is, with all that Jobs may do."""
    return program, list(arguments), dict(environment)


def share(folder: Path, gid: int) -> None:
    """Hand a folder and all below it to a group of Jobs' own groups, to read and to write."""
    for where, _, names in os.walk(folder):
        for path in (Path(where), *(Path(where) / name for name in names)):
            if path.is_symlink():
                continue
            if path.stat().st_gid != gid:
                os.chown(path, -1, gid)
                path.chmod(path.stat().st_mode | (0o070 if path.is_dir() else 0o060))


def _interpreter() -> list[str]:
    """Where this Python lies: the probe runs in it, behind the same walls as the CLI."""
    return [sys.base_prefix, sys.prefix, str(Path(__file__).parent)]


def _names(settings: Settings) -> tuple[str, str]:
    return settings.agent_user or "", settings.external_user or ""


def _has(capability: int) -> bool:
    """Whether this process has a capability in effect."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return False
    effective = next((int(line.split()[1], 16) for line in lines if line.startswith("CapEff:")), 0)
    return bool(effective >> capability & 1)


def _tighten(path: Path, *, passable: bool) -> None:
    """Nothing of it for anyone else; a folder that a session's user passes through stays `passable`."""
    mode = path.stat().st_mode
    others = 0o066 if passable and stat.S_ISDIR(mode) else 0o077
    if mode & others:
        path.chmod(mode & ~others)
