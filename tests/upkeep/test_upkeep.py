"""What has had its time goes, and nothing that is still needed."""

import gzip
import json
import os
from datetime import timedelta
from pathlib import Path

import pytest
from tests.support import MASHA, PETYA, Spine, settings

from jobs.spine.model import Usage
from jobs.times import now, to_text
from jobs.upkeep import Archive, Upkeep, rows, run
from jobs.users.forget import Forgetting
from jobs.users.letters import Letters


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "BETWEEN_SECONDS", 0)


def upkeep(spine: Spine, folder: Path, **changes: int) -> Upkeep:
    return Upkeep(settings(folder, **changes), spine.db, Archive(folder / "data" / "archive"))


def talk(spine: Spine, lane: int, count: int) -> None:
    for number in range(count):
        spine.accept(f"message {number} of {lane}", lane)
        turn = spine.turns.begin(lane)
        assert turn is not None
        spine.turns.finish(turn, f"answer {number}", Usage())
    spine.send_all(lane)


def age(spine: Spine, days: int) -> None:
    past = to_text(now() - timedelta(days=days))
    for table, column in (("inbox", "created_at"), ("outbox", "created_at"), ("tool_calls", "called_at")):
        spine.db.execute(f"UPDATE {table} SET {column} = ?", (past,))


def archived(folder: Path, person: int) -> list[dict[str, object]]:
    with gzip.open(folder / "data" / "archive" / f"{person}.jsonl.gz", "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


async def test_old_finished_rows_are_archived_and_the_last_of_each_chat_stay(spine: Spine, tmp_path: Path) -> None:
    talk(spine, MASHA, rows.STAY + 5)
    talk(spine, PETYA, 3)
    age(spine, 400)
    spine.accept("open", MASHA, key="open")
    spine.db.execute("UPDATE inbox SET created_at = ? WHERE key = 'open'", (to_text(now() - timedelta(days=500)),))
    await upkeep(spine, tmp_path).once()
    gone = archived(tmp_path, MASHA)
    assert [row["text"] for row in gone if row["table"] == "inbox"] == [f"message {n} of {MASHA}" for n in range(6)]
    assert [row["text"] for row in gone if row["table"] == "outbox"] == [f"answer {n}" for n in range(5)]
    assert len(spine.states()) == rows.STAY + 3
    assert spine.states().count("waiting") == 1
    assert spine.db.execute("PRAGMA foreign_key_check") == []
    assert not (tmp_path / "data" / "archive" / f"{PETYA}.jsonl.gz").exists()


async def test_young_rows_and_with_0_all_rows_stay(spine: Spine, tmp_path: Path) -> None:
    talk(spine, MASHA, rows.STAY + 5)
    before = spine.dump()
    await upkeep(spine, tmp_path).once()
    age(spine, 4000)
    await upkeep(spine, tmp_path, keep_rows_days=0).once()
    assert len(spine.dump()["inbox"]) == len(before["inbox"])


async def test_many_rows_go_in_batches(spine: Spine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "ARCHIVED", {t: sql.replace("LIMIT 500", "LIMIT 2") for t, sql in rows.ARCHIVED.items()})
    talk(spine, MASHA, rows.STAY + 7)
    age(spine, 400)
    await upkeep(spine, tmp_path).once()
    assert len([row for row in archived(tmp_path, MASHA) if row["table"] == "inbox"]) == 7


async def test_who_is_forgotten_is_forgotten_in_the_archive(spine: Spine, tmp_path: Path) -> None:
    talk(spine, MASHA, rows.STAY + 2)
    age(spine, 400)
    await upkeep(spine, tmp_path).once()
    archive = Archive(tmp_path / "data" / "archive")
    letters = Letters(spine.db, spine.outbox, spine.users, confirm=True)
    person = spine.users.get(MASHA)
    assert person is not None
    Forgetting(spine.db, spine.users, spine.outbox, letters, archive.forget).forget(person)
    assert list((tmp_path / "data" / "archive").iterdir()) == []


def write(path: Path, days: int, size: int = 10) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    moment = (now() - timedelta(days=days)).timestamp()
    os.utime(path, (moment, moment))
    return path


async def test_old_transcripts_go_but_not_the_one_that_is_resumed(spine: Spine, tmp_path: Path) -> None:
    keeper = upkeep(spine, tmp_path)
    data = tmp_path / "data"
    projects = data / "claude" / str(MASHA) / "config" / "projects" / "x"
    current, old, young = (
        write(projects / name, days) for name, days in (("a.jsonl", 90), ("b.jsonl", 90), ("c.jsonl", 2))
    )
    left = write(data / "claude" / str(MASHA) / "tmp" / "left", 9)
    (data / "sessions" / f"{MASHA}.session").write_text(json.dumps({"session_id": "a"}))
    await keeper.once()
    assert [path.exists() for path in (current, old, young, left)] == [True, False, True, False]


async def test_uploads_go_by_age_and_by_size_but_not_proofs_of_open_tasks(spine: Spine, tmp_path: Path) -> None:
    keeper = upkeep(spine, tmp_path, keep_uploads_days=100, keep_uploads_mb=1)
    uploads = tmp_path / "workspace" / "uploads"
    ancient, proof = write(uploads / "ancient", 200), write(uploads / "22" / "proof", 300)
    older, newer = write(uploads / "older", 50, 600_000), write(uploads / "newer", 10, 600_000)
    spine.accept("proof", MASHA)
    inbox = spine.db.value("SELECT max(id) FROM inbox")
    moment = to_text(now())
    columns = "user_id, title, zone, status, created_at, updated_at, ladder_from"
    spine.db.execute(
        f"INSERT INTO user_tasks ({columns}) VALUES (?, 't', 'UTC', 'in_progress', ?, ?, ?)",
        (MASHA, moment, moment, moment),
    )
    spine.db.execute(
        """INSERT INTO task_proofs (task_id, inbox_id, kind, name, path, at)
           VALUES ((SELECT max(id) FROM user_tasks), ?, 'photo', 'p', 'uploads/22/proof', ?)""",
        (inbox, moment),
    )
    await keeper.once()
    assert [path.exists() for path in (ancient, proof, older, newer)] == [False, True, False, True]


async def test_what_clis_keep_of_results_goes_with_their_empty_folders(spine: Spine, tmp_path: Path) -> None:
    keeper = upkeep(spine, tmp_path)
    person = tmp_path / "data" / "claude" / str(MASHA)
    (tmp_path / "data" / "sessions" / f"{MASHA}.session").write_text(json.dumps({"session_id": "current"}))
    result = write(person / "config" / "projects" / "x" / "old" / "tool-results" / "picture.png", 90)
    settings_of_it = write(person / "config" / ".claude.json", 90)
    folders = [person / "config" / "session-env" / name for name in ("old", "current")]
    folders.append(person / "tmp" / "claude-0" / "x" / "old" / "tasks")
    for folder in folders:
        folder.mkdir(parents=True)
        moment = (now() - timedelta(days=90)).timestamp()
        os.utime(folder, (moment, moment))
    await keeper.once()
    assert [path.exists() for path in (result, settings_of_it, *folders)] == [False, True, False, True, False]


async def test_what_was_being_written_by_something_that_was_killed_goes(spine: Spine, tmp_path: Path) -> None:
    keeper = upkeep(spine, tmp_path)
    data = tmp_path / "data"
    old, young = write(data / "backups" / ".jobs-1.tar.gz.part", 9), write(data / "backups" / ".jobs-2.tar.gz.part", 0)
    write(data / "restore-abc_1234" / "data" / "db.sqlite", 9)
    moment = (now() - timedelta(days=9)).timestamp()
    os.utime(data / "restore-abc_1234", (moment, moment))
    own = write(data / "backup-2026.tar.gz", 9)
    await keeper.once()
    assert [path.exists() for path in (old, young, data / "restore-abc_1234", own)] == [False, True, False, True]


async def test_one_file_that_cannot_be_removed_keeps_no_other_from_going(
    spine: Spine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = upkeep(spine, tmp_path)
    stubborn, other = (
        write(tmp_path / "workspace" / "uploads" / name, days) for name, days in (("a", 999), ("b", 998))
    )
    unlink = Path.unlink

    def refused(path: Path, missing_ok: bool = False) -> None:
        if path == stubborn:
            raise PermissionError(1, "Operation not permitted", str(path))
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", refused)
    await keeper.once()
    assert [path.exists() for path in (stubborn, other)] == [True, False]
