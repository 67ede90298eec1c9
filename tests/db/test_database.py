"""The database file: made from nothing, upgraded, and left alone whenever it cannot be trusted."""

import asyncio
import contextlib
import os
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from jobs import db as package
from jobs.db import (
    AlreadyRunning,
    Database,
    DatabaseError,
    DataLock,
    HolderUnknown,
    open_as_is,
    open_database,
)
from jobs.db.migrate import migrations, schema_version

SOURCE = Path(package.__file__).parents[2]
NOBODY = 65534


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def refused(path: Path) -> str:
    """The one sentence with which the file is refused; nothing beside it may have changed."""
    before = content(path.parent)
    with pytest.raises(DatabaseError) as caught:
        open_database(path)
    assert content(path.parent) == before
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_migrations_make_the_database_from_nothing_and_once(tmp_path: Path) -> None:
    path = tmp_path / "db.sqlite"
    database = open_database(path)
    assert database.value("PRAGMA user_version") == migrations()[-1][0]
    database.execute("INSERT INTO meta (key, value) VALUES ('a', 'b')")
    database.close()
    again = open_database(path)
    assert again.execute("SELECT * FROM meta") == [{"key": "a", "value": "b"}]
    assert again.value("PRAGMA journal_mode") == "wal"
    assert again.value("PRAGMA synchronous") == 2
    assert again.value("PRAGMA foreign_keys") == 1
    again.close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_migrations_are_numbered_without_a_gap() -> None:
    assert [number for number, _ in migrations()] == list(range(1, len(migrations()) + 1))


def test_a_migration_that_fails_leaves_the_version_before_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = migrations()
    broken = (len(first) + 1, "CREATE TABLE half (a) STRICT; CREATE TABLE whole (a TEXT) STRICT; SELECT nonsense")
    monkeypatch.setattr("jobs.db.migrate.migrations", lambda: [*first, broken])
    with pytest.raises((DatabaseError, apsw.Error)):
        open_database(tmp_path / "db.sqlite")
    monkeypatch.undo()
    database = open_database(tmp_path / "db.sqlite")
    assert database.value("PRAGMA user_version") == len(first)
    assert not database.one("SELECT 1 FROM sqlite_schema WHERE name IN ('half', 'whole')")
    database.close()


def test_a_newer_database_is_refused_and_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "db.sqlite"
    database = open_database(path)
    database.script("PRAGMA user_version = 4711")
    database.close()
    assert "newer Jobs (version 4711" in refused(path)


def test_a_newer_database_with_a_log_left_by_a_crash_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "db.sqlite"
    script = (
        "import os, sys, pathlib; from jobs.db import open_database; "
        "d = open_database(pathlib.Path(sys.argv[1])); d.script('PRAGMA user_version = 4711'); os.kill(os.getpid(), 9)"
    )
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    assert subprocess.run([sys.executable, "-c", script, path], env=environment, check=False).returncode == -9
    log = path.with_name("db.sqlite-wal")
    before = path.read_bytes(), log.read_bytes()
    with pytest.raises(DatabaseError, match="newer Jobs"):
        open_database(path)
    assert (path.read_bytes(), log.read_bytes()) == before


def test_another_programs_database_is_refused_and_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "db.sqlite"
    with closing(apsw.Connection(str(path))) as other:
        other.execute("CREATE TABLE inbox (subject TEXT)")
    assert "another program" in refused(path)


@pytest.mark.parametrize("damage", ["garbage", "page", "cut"])
def test_a_damaged_file_is_refused_and_not_touched(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "db.sqlite"
    database = open_database(path)
    for number in range(300):
        database.execute("INSERT INTO meta (key, value) VALUES (?, ?)", (str(number), "x" * 200))
    database.close()
    whole = path.read_bytes()
    if damage == "garbage":
        path.write_bytes(b"this is no database at all, but somebody's letter\n" * 100)
    elif damage == "page":
        path.write_bytes(whole[:12288] + os.urandom(8192) + whole[20480:])
    else:
        path.write_bytes(whole[: len(whole) // 2])
    assert "damaged" in refused(path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can try it as somebody else")
@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_cannot_be_written_is_refused_in_one_sentence(tmp_path: Path, what: str) -> None:
    data = tmp_path / "data"
    data.mkdir()
    open_database(data / "db.sqlite").close()
    for folder in (data, *list(data.parents)[:3]):
        folder.chmod(folder.stat().st_mode | 0o055)
    (data / "db.sqlite").chmod(0o644)
    if what == "folder":
        os.chown(data / "db.sqlite", NOBODY, NOBODY)
    script = (
        "import os, sys, pathlib; from jobs.db import *; from jobs.db import migrate\n"
        "known = migrate.migrations(); migrate.migrations = lambda: known\n"
        f"os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})\n"
        "try: open_database(pathlib.Path(sys.argv[1]))\n"
        "except DatabaseError as error: print(error)"
    )
    before = (data / "db.sqlite").read_bytes()
    done = subprocess.run(
        [sys.executable, "-B", "-c", script, data / "db.sqlite"],
        env={"PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 1
    assert str(data / "db.sqlite") in done.stdout
    assert "check the folder's owner and disk" in done.stdout
    assert (data / "db.sqlite").read_bytes() == before


def test_one_process_per_data_directory(tmp_path: Path) -> None:
    first, second = DataLock(tmp_path), DataLock(tmp_path)
    first.acquire()
    with pytest.raises(AlreadyRunning, match=f"process {os.getpid()}"):
        second.acquire()
    first.release()
    second.acquire()
    second.release()


def test_a_folder_that_cannot_hold_the_lock_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "jobs.lock").mkdir()
    with pytest.raises(DatabaseError, match=r"jobs\.lock cannot be opened"):
        DataLock(tmp_path).acquire()


def test_a_transaction_is_all_or_nothing_and_joins_the_one_around_it(tmp_path: Path) -> None:
    database = open_database(tmp_path / "db.sqlite")

    def note(key: str) -> None:
        with database.transaction():
            database.execute("INSERT INTO meta (key, value) VALUES (?, '')", (key,))

    def fail() -> None:
        with database.transaction():
            note("inner")
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert database.execute("SELECT * FROM meta") == []
    note("after")
    assert database.value("SELECT count(*) FROM meta") == 1
    with database.transaction():
        note("kept")
        with contextlib.suppress(LookupError):
            fail()
        note("kept too")
    assert database.execute("SELECT key FROM meta ORDER BY rowid") == [
        {"key": key} for key in ("after", "kept", "kept too")
    ]
    database.close()


def test_what_is_not_durable_at_once_is_on_the_disk_after_a_flush(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    monkeypatch.setattr(os, "fdatasync", lambda file: synced.append(Path(f"/proc/self/fd/{file}").readlink().name))
    with closing(open_database(tmp_path / "db.sqlite")) as db:
        db.flush()
        with db.transaction(durable=False):
            db.execute("INSERT INTO meta (key, value) VALUES ('a', 'b')")
        synced.clear()
        db.flush()
        assert synced == ["db.sqlite-wal"]


async def test_many_wait_for_one_flush_and_none_for_one_that_began_before_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    going, let_go = threading.Event(), threading.Event()
    flushes: list[int] = []

    def flush() -> None:
        flushes.append(len(flushes))
        going.set()
        let_go.wait()

    with closing(open_database(tmp_path / "db.sqlite")) as db:
        monkeypatch.setattr(db, "flush", flush)
        first = asyncio.create_task(db.flushed())
        await asyncio.to_thread(going.wait)
        later = [asyncio.create_task(db.flushed()) for _ in range(50)]
        await asyncio.sleep(0)
        let_go.set()
        await asyncio.gather(first, *later)
    assert len(flushes) == 2


async def test_whoever_waits_for_the_disk_does_not_wait_for_other_work_in_threads(tmp_path: Path) -> None:
    release = threading.Event()
    with closing(open_database(tmp_path / "db.sqlite")) as db:
        slow = [asyncio.create_task(asyncio.to_thread(release.wait)) for _ in range(100)]
        try:
            await asyncio.sleep(0)
            async with asyncio.timeout(5):
                await db.flushed()
        finally:
            release.set()
            await asyncio.gather(*slow)


def test_a_full_disk_is_said_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def configure(self: Database) -> None:
        self.execute("PRAGMA max_page_count = 2")

    monkeypatch.setattr(Database, "configure", configure)
    with pytest.raises(DatabaseError, match="is full; make room"):
        open_database(tmp_path / "db.sqlite")


def test_a_file_that_cannot_be_read_is_told_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "db.sqlite"
    path.write_bytes(b"this is no database at all\n" * 100)
    with pytest.raises(DatabaseError, match="whether the disk is full, else restore a backup"):
        schema_version(path)


def test_the_holder_of_the_lock_is_named_only_when_it_has_the_file_open(tmp_path: Path) -> None:
    assert DataLock(tmp_path).holder() is None
    script = "import sys; from jobs.db import DataLock; DataLock(__import__('pathlib').Path(sys.argv[1])).acquire()"
    held = subprocess.Popen(
        [sys.executable, "-c", f"{script}; print('held', flush=True); sys.stdin.read()", str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with held:
        assert held.stdout is not None
        assert held.stdout.readline() == b"held\n"
        assert DataLock(tmp_path).holder() == held.pid
        (tmp_path / "jobs.lock").write_text("1")  # as from another container: a number that is somebody else's here
        with pytest.raises(HolderUnknown, match="cannot be reached"):
            DataLock(tmp_path).holder()
        held.kill()
    assert DataLock(tmp_path).holder() is None


def test_a_database_that_is_only_looked_into_is_neither_made_nor_upgraded(tmp_path: Path) -> None:
    path = tmp_path / "db.sqlite"
    with pytest.raises(DatabaseError, match="never started"):
        open_as_is(path)
    assert list(tmp_path.iterdir()) == []
    old = Database(path)
    old.script("CREATE TABLE meta (key TEXT)")
    old.close()
    before = content(tmp_path)
    with pytest.raises(DatabaseError, match="has version 0"):
        open_as_is(path)
    assert content(tmp_path) == before
