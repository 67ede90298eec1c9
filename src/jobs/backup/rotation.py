"""The daily backup, and the copy of the database before an upgrade; only so many of each are kept."""

import asyncio
import contextlib
from datetime import timedelta
from pathlib import Path

import apsw
import structlog

from jobs.backup.archive import BackupError, make_backup
from jobs.config import Settings
from jobs.db import DatabaseError, schema_version
from jobs.times import now

log = structlog.get_logger()

DAY = timedelta(hours=24)
FIRST_SECONDS = 120.0
"""After the start, so that it is out of the way of what waited for it."""
LOOK_SECONDS = 3600.0
UPGRADES_KEPT = 3


class Rotation:
    """Makes DATA_DIR/backups/jobs-<time>.tar.gz once a day: the database, sessions and memory, without secrets.

    Files that people sent and the rest of the workspace are not in it; `./jobs backup` takes them too.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder = settings.data_dir / "backups"

    async def run(self) -> None:
        """For ever; returns at once where BACKUPS_KEPT is 0."""
        if self._settings.backups_kept == 0:
            return
        pause = FIRST_SECONDS
        while True:
            await asyncio.sleep(pause)
            pause = LOOK_SECONDS
            try:
                if self._is_due():
                    await asyncio.to_thread(self.make)
            except Exception:  # a file that nobody thought of is no reason to answer nobody
                log.exception("no backup was made")

    def make(self) -> None:
        """Make one now and drop the oldest. What fails is said in the log, and tried again an hour later."""
        target = self._folder / f"jobs-{now():%Y%m%dT%H%M%SZ}.tar.gz"
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            made = make_backup(self._settings, target, whole=False)
        except (BackupError, OSError) as error:
            log.error("no backup was made", reason=str(error))
            return
        for name, reason in made.left_out.items():
            log.warning("left out of the backup", file=name, reason=reason)
        log.info("backup made", file=target.name, files=made.files, megabytes=round(made.size / 1e6, 1))
        for old in self._made()[: -self._settings.backups_kept]:
            old.unlink(missing_ok=True)

    def _is_due(self) -> bool:
        """One that a clock set wrong has dated into the future does not count."""
        ages = [now().timestamp() - path.stat().st_mtime for path in self._made()]
        return not any(-LOOK_SECONDS < age < DAY.total_seconds() for age in ages)

    def _made(self) -> list[Path]:
        """Oldest first: the name is the time."""
        return sorted(self._folder.glob("jobs-*.tar.gz"))


def before_upgrade(database: Path) -> Path | None:
    """Copy a database that this program is about to upgrade; returns the copy, None when nothing is to be upgraded.

    Raises DatabaseError: without a copy there is no upgrade.
    """
    if not database.is_file() or database.stat().st_size == 0:
        return None
    version, newest = schema_version(database)
    if version == 0 or version >= newest:
        return None
    folder = database.parent / "backups"
    target = folder / f"before-upgrade-from-{version}-{now():%Y%m%dT%H%M%SZ}.sqlite"
    part = folder / f".{target.name}.part"  # one that was cut off is not taken for a copy
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        connection = apsw.Connection(str(database))
        try:
            connection.execute("VACUUM INTO ?", (str(part),))
        finally:
            connection.close()
        part.chmod(0o600)
        part.rename(target)
    except (apsw.Error, OSError) as error:
        with contextlib.suppress(OSError):
            part.unlink()
        raise DatabaseError("db_no_copy", path=database, why=error) from None
    for old in sorted(folder.glob("before-upgrade-*.sqlite"), key=lambda path: path.stat().st_mtime)[:-UPGRADES_KEPT]:
        old.unlink(missing_ok=True)
    log.warning("the database is upgraded", was=version, becomes=newest, copy=target.name)
    return target
