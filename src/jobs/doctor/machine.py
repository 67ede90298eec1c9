"""Checks of the machine and of what lies on it: nobody is asked anything over the network."""

import platform
import shutil
import stat
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import apsw

from jobs import __version__
from jobs.backup import unreadable
from jobs.config import Settings, SettingsError, project_root
from jobs.db import Database, DatabaseError, open_as_is, schema_version
from jobs.doctor.finding import Finding, Level, fail, ok, warn
from jobs.mcp_manager.config import ConfigError, McpConfig
from jobs.mcp_manager.manager import usable_environment
from jobs.memory.embedding import EmbedderFailed, embedder_of, why_not
from jobs.memory.engine import places_of
from jobs.texts import Saying
from jobs.times import from_text, now
from jobs.users.cli_launcher import cli_version
from jobs.walls import Trial, Walls, try_walls

GB, MB = 1e9, 1e6
LOW_DISK, NO_DISK = 1 * GB, 0.1 * GB
STUCK = timedelta(minutes=15)
"""A message that has waited for so long while Jobs runs is worth a look."""
OLD_BACKUP = timedelta(days=2)


def settings_are_there(settings: Settings) -> Iterator[Finding]:
    sayings: list[Saying] = []
    for required in (settings.require_telegram, settings.require_model):
        try:
            required()
        except SettingsError as error:
            sayings += error.sayings
    for saying in sayings:
        yield fail("settings", "doctor_settings_wrong", line=saying)
    if not sayings:
        yield ok("settings", "doctor_settings", root=project_root())


def database(settings: Settings) -> Iterator[Finding]:
    path = settings.data_dir / "db.sqlite"
    if not path.is_file():
        yield warn("database", "doctor_database_none", path=path)
        return
    try:
        path.open("r+b").close()
    except OSError as error:
        yield fail("database", "doctor_database_closed", path=path, reason=error.strerror)
        return
    try:
        version, newest = schema_version(path)
        if version < newest:
            yield warn("database", "doctor_database_old", version=version, newest=newest)
            return
        db = open_as_is(path)
    except DatabaseError as error:
        yield Finding("database", Level.FAIL, error.saying.key, dict(error.saying.values))
        return
    try:
        verdict = [str(next(iter(row.values()))) for row in db.execute("PRAGMA integrity_check(3)")]
        orphans = db.execute("PRAGMA foreign_key_check")
        size = path.stat().st_size / MB
        if verdict != ["ok"] or orphans:
            reason = "; ".join(verdict) if verdict != ["ok"] else f"{len(orphans)} rows refer to nothing"
            yield fail("database", "doctor_database_bad", reason=f"{path}: {reason}")
        else:
            yield ok("database", "doctor_database", size=f"{size:.1f}", version=version)
    except apsw.Error as error:
        yield fail("database", "doctor_database_bad", reason=error)
    finally:
        db.close()


def waiting_rows(db: Database, *, is_running: bool) -> Iterator[Finding]:
    """What has waited for long. What was given up is listed by its own check."""
    oldest = db.value(
        """SELECT min(inbox.created_at) FROM inbox WHERE state IN ('waiting', 'taken') AND NOT EXISTS
           (SELECT 1 FROM standings WHERE person_id = lane AND standing IN ('asked', 'ignored', 'muted'))"""
    )
    # Not what waits by design: somebody's first message, or while all is frozen.
    unsent = db.value("SELECT min(created_at) FROM outbox WHERE state = 'queued' AND attempts > 0")
    late = {"doctor_rows_old": oldest, "doctor_rows_unsent": unsent}
    stuck = {key: now() - from_text(at) for key, at in late.items() if at and now() - from_text(at) > STUCK}
    if is_running and stuck:
        for key, age in stuck.items():
            yield warn("rows", key, minutes=round(age.total_seconds() / 60))
    else:
        count = db.value("SELECT count(*) FROM inbox WHERE state IN ('waiting', 'taken')")
        yield ok(
            "rows", "doctor_rows", inbox=count, outbox=db.value("SELECT count(*) FROM outbox WHERE state = 'queued'")
        )


def disk(settings: Settings) -> Iterator[Finding]:
    seen: set[int] = set()
    for path in (settings.data_dir, settings.workspace_dir):
        if not path.is_dir():
            yield warn("disk", "doctor_folder_none", partial(path.mkdir, parents=True, mode=0o700), path=path)
            continue
        if (device := path.stat().st_dev) in seen:
            continue
        seen.add(device)
        free = shutil.disk_usage(path).free
        values: dict[str, Any] = {"path": path, "free": f"{free / GB:.1f}"}
        if free < NO_DISK:
            yield fail("disk", "doctor_disk_full", **values)
        elif free < LOW_DISK:
            yield warn("disk", "doctor_disk_low", **values)
        else:
            yield ok("disk", "doctor_disk", **values)


def private_files(settings: Settings) -> Iterator[Finding]:
    """Nobody else on the machine may read what is secret."""
    data = settings.data_dir
    in_data = [data / name for name in ("db.sqlite", "mcp_servers.json", "hooks.json")]
    secrets = [project_root() / ".env", settings.telethon_session, *in_data]
    is_open = [path for path in secrets if path.is_file() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)]
    if data.is_dir() and data.stat().st_mode & stat.S_IROTH:
        is_open.append(data)
    for path in is_open:
        # A folder may stay open to pass through: sessions that are other Unix users have their own folders in it.
        mode, change = (0o711 & path.stat().st_mode, "go-rw") if path.is_dir() else (0o600, "go=")
        yield warn("files", "doctor_file_open", partial(path.chmod, mode), path=path, change=change)
    if not is_open:
        yield ok("files", "doctor_files")


def versions(_: Settings) -> Iterator[Finding]:
    yield ok(
        "versions",
        "doctor_versions",
        jobs=__version__,
        python=platform.python_version(),
        cli=cli_version(),
        sqlite=apsw.sqlite_lib_version(),
    )


def memory(settings: Settings, *, asks: bool = True) -> Iterator[Finding]:
    """Whether meaning is searched for, or words only: the model is tried, a service's where it may be asked."""
    places = places_of(settings)
    embedder = embedder_of(places.service)
    if embedder is None:
        yield warn("memory", why_not() or "memory_no_package")
        return
    try:
        if asks or places.service is None:
            embedder.query("memory")
    except EmbedderFailed as error:
        yield warn("memory", "memory_no_service" if places.service else "memory_not_running", reason=error)
        return
    yield ok("memory", "doctor_memory")


def mcp_servers(settings: Settings) -> Iterator[Finding]:
    """The file, and what of each server can be seen without starting it; how it is, Jobs itself knows."""
    path = settings.data_dir / "mcp_servers.json"
    config = McpConfig(path)
    servers = config.servers()
    if config.problem:
        yield fail("mcp", "doctor_mcp_bad", path=path, reason=config.problem)
        return
    environment = usable_environment(settings.own_variables)
    for name, server in servers.items():
        try:
            if not server.disabled and server.kind == "stdio":
                server.resolved(environment).program()
            elif not server.disabled:
                server.resolved(environment)
        except ConfigError as error:
            yield warn("mcp", "doctor_mcp_server", name=name, reason=error)
    yield ok("mcp", "doctor_mcp" if servers else "doctor_mcp_none", names=", ".join(sorted(servers)))


def walls(settings: Settings) -> Iterator[Finding]:
    """Each line is tried from behind the walls, as a session's process would."""
    if not (settings.data_dir.is_dir() and settings.workspace_dir.is_dir()):
        return  # nothing to protect yet; said with the disk
    plan = Walls.of(settings)
    kinds = [*([f"Landlock {plan.landlock}"] if plan.landlock else []), *(["own mounts"] if plan.covers else [])]
    for sentence in plan.missing:
        yield warn("walls", "doctor_wall_missing", why=sentence)
    with tempfile.TemporaryDirectory(dir=settings.data_dir, prefix="check-", ignore_cleanup_errors=True) as name:
        empty = Path(name) / "empty"
        empty.mkdir()
        empty.chmod(0o755)
        for is_owner, user in ((True, plan.agent), (False, plan.external)):
            paths = plan.paths(Path(name), str(int(is_owner)), empty, is_owner=is_owner)
            try:
                trials = try_walls(plan, paths, is_owner=is_owner)
            except (OSError, RuntimeError, ValueError) as error:
                yield fail("walls", f"doctor_wall_untried_{_role(is_owner)}", reason=error)
                continue
            yield _stands(trials, is_owner, [*([f"user {user.name}"] if user else []), *kinds])


def _stands(trials: list[Trial], is_owner: bool, kinds: list[str]) -> Finding:
    broken = [trial for trial in trials if not trial.held]
    role = _role(is_owner)
    if let_through := [trial.name for trial in broken if not trial.should_work]:
        level = fail if kinds else warn
        return level("walls", f"doctor_wall_open_{role}", tries=", ".join(let_through))
    if broken:
        return fail("walls", f"doctor_wall_tight_{role}", tries=", ".join(trial.name for trial in broken))
    return ok("walls", f"doctor_wall_{role}", kinds=", ".join(kinds), count=len(trials))


def _role(is_owner: bool) -> str:
    return "owner" if is_owner else "external"


def backups(settings: Settings) -> Iterator[Finding]:
    found = sorted((settings.data_dir / "backups").glob("jobs-*.tar.gz"), key=lambda path: path.stat().st_mtime)
    if settings.backups_kept == 0:
        yield warn("backups", "doctor_backups_off")
    elif not found:
        yield warn("backups", "doctor_backups_none")
    else:
        age = timedelta(seconds=now().timestamp() - found[-1].stat().st_mtime)
        level = warn("backups", "doctor_backups_old", days=age.days) if age > OLD_BACKUP else None
        yield level or ok("backups", "doctor_backups", count=len(found), hours=round(age.total_seconds() / 3600))
    if left_out := unreadable(settings):
        name, reason = next(iter(left_out.items()))
        shown = name.encode("utf-8", "replace").decode()
        yield warn("backups", "doctor_backups_left_out", name=shown, reason=reason, count=len(left_out))
