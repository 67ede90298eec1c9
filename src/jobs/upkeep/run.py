"""Once a day, a while after the start: what has had its time goes."""

import asyncio
import contextlib
import shutil
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import apsw
import structlog

from jobs.config import Settings
from jobs.db import Database
from jobs.times import now
from jobs.upkeep.archive import Archive
from jobs.upkeep.files import left_by_killed, old_session_files, old_session_folders, old_uploads
from jobs.upkeep.rows import archive_batch, drop_old

log = structlog.get_logger()

FIRST_SECONDS = 300.0
EVERY_SECONDS = 24 * 3600.0
BETWEEN_SECONDS = 0.5
"""Between two batches, so that turns come first."""
NEEDED = """SELECT path FROM task_proofs JOIN user_tasks ON user_tasks.id = task_id
            WHERE status NOT IN ('done', 'verified', 'declined', 'cancelled')"""


class Upkeep:
    """`run` it for as long as Jobs runs; `once` does a whole round."""

    def __init__(self, settings: Settings, db: Database, archive: Archive) -> None:
        self._settings = settings
        self._db = db
        self._archive = archive

    async def run(self) -> None:
        pause = FIRST_SECONDS
        while True:
            await asyncio.sleep(pause)
            pause = EVERY_SECONDS
            try:
                await self.once()
            except (OSError, apsw.Error) as error:
                log.error("upkeep was not finished; it is tried again tomorrow", error=repr(error))
            except Exception:  # a file that nobody thought of is no reason to answer nobody
                log.exception("upkeep was not finished; it is tried again tomorrow")

    async def once(self) -> None:
        """Raises OSError or apsw.Error when it cannot be finished; what was done is done."""
        rows = await self._rows()
        files, size = await self._files()
        log.info("upkeep", rows_archived=rows, files_removed=files, megabytes=round(size / 1e6, 1))

    async def _rows(self) -> int:
        if self._settings.keep_rows_days == 0:
            return 0
        before, count = now() - timedelta(days=self._settings.keep_rows_days), 0
        while moved := archive_batch(self._db, self._archive, before):
            count += moved
            await asyncio.sleep(BETWEEN_SECONDS)
        drop_old(self._db, before)
        return count

    async def _files(self) -> tuple[int, int]:
        settings = self._settings
        needed = {settings.workspace_dir / row["path"] for row in self._db.execute(NEEDED)}

        def remove() -> tuple[int, int]:
            uploads = settings.workspace_dir / "uploads"
            most = settings.keep_uploads_mb * 1_000_000
            removed = _remove(
                [
                    *old_session_files(settings.data_dir, now()),
                    *old_uploads(uploads, now(), settings.keep_uploads_days, most, needed),
                    *left_by_killed(settings.data_dir, now()),
                ]
            )
            for folder in old_session_folders(settings.data_dir, now()):
                with contextlib.suppress(OSError):  # it is in use again
                    folder.rmdir()
            return removed

        return await asyncio.to_thread(remove)


def _remove(paths: Iterable[Path]) -> tuple[int, int]:
    """How many went, and their bytes. One that cannot be removed is said in the log, and keeps no other from going."""
    count, size = 0, 0
    for path in paths:
        try:
            bytes_of_it = path.lstat().st_size
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        except FileNotFoundError:
            continue  # a session has removed it meanwhile
        except OSError as error:
            log.warning("a file that has had its time cannot be removed", file=str(path), reason=error.strerror)
            continue
        count, size = count + 1, size + bytes_of_it
    return count, size
