"""Backups of a running Jobs, restored into an empty place and over what is there; upgrades and their copies."""

import asyncio
import json
import os
import shutil
import tarfile
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw
import pytest
from tests.support import DUMMY_KEY, Spine, settings
from typer.testing import CliRunner

from jobs.backup import BackupError, Rotation, before_upgrade, make_backup, restore_backup, unreadable
from jobs.backup import rotation as rotation_module
from jobs.backup.archive import servers_without_secrets, without_secrets
from jobs.cli import cli
from jobs.db import DatabaseError, migrations, open_database
from jobs_simulator import stage as stages
from jobs_simulator.model.echo import echo
from jobs_simulator.stage import Stage

pytestmark = pytest.mark.usefixtures("warm")


async def jobs(stage: Stage, *arguments: str, **variables: str) -> tuple[int, str]:
    """Run a command on the stage's installation; returns its exit code and what it printed."""
    process = await stages.start_python(
        *("-m", "jobs", *arguments),
        env=stage.environment(LC_ALL="C.UTF-8", **variables),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with Stage(tmp_path, echo, settings={"STREAMING": "off", "JOBS_ROOT": str(tmp_path)}) as made:
        yield made


@pytest.mark.cold
async def test_a_backup_of_a_running_jobs_goes_on_in_an_empty_place(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"ANTHROPIC_API_KEY={DUMMY_KEY}\nTZ=UTC\n")
    program = await stage.start()
    async with stage.person(stage.owner) as owner:
        await owner.ask("my word is heron", "ECHO: my word is heron")
        (stage.workspace / "MEMORY.md").write_text("# what I know\n")
        (stage.workspace / "uploads" / "photo.jpg").write_bytes(os.urandom(2000))
        code, told = await jobs(stage, "backup", str(tmp_path / "moving.tar.gz"), "--secrets")
        assert (code, "moving.tar.gz" in told) == (0, True)
        code, told = await jobs(stage, "restore", str(tmp_path / "moving.tar.gz"))
        assert (code, "already running" in told) == (2, True)
        assert await program.stop() == 0
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        place = {"DATA_DIR": str(elsewhere / "data"), "WORKSPACE_DIR": str(elsewhere / "workspace")}
        code, told = await jobs(stage, "restore", str(tmp_path / "moving.tar.gz"), JOBS_ROOT=str(elsewhere), **place)
        assert code == 0, told
        assert DUMMY_KEY in (elsewhere / ".env").read_text()
        assert (elsewhere / "workspace" / "MEMORY.md").read_text() == "# what I know\n"
        assert (elsewhere / "workspace" / "uploads" / "photo.jpg").stat().st_size == 2000
        program = await stage.start(**place)
        await owner.ask("and now?", "ECHO: and now?")
        assert ("user", "my word is heron") in stage.model.requests[-1].history, "the conversation goes on"
        assert await program.stop() == 0


async def test_without_secrets_there_are_none_in_it(stage: Stage, tmp_path: Path) -> None:
    program = await stage.start()
    await program.stop()
    secrets = f"ANTHROPIC_API_KEY={DUMMY_KEY}\nTG_API_HASH={'0' * 32}\nHTTP_PROXY=http://a:b@c:1\n"
    (tmp_path / ".env").write_text(f"# mine\n{secrets}TZ=UTC\n")
    code, _ = await jobs(stage, "backup", str(tmp_path / "plain.tar.gz"))
    assert code == 0
    assert (tmp_path / "plain.tar.gz").stat().st_mode & 0o777 == 0o600
    with tarfile.open(tmp_path / "plain.tar.gz") as archive:
        names = archive.getnames()
        env = archive.extractfile("settings.env")
        assert env is not None
        assert env.read().decode() == "# mine\nANTHROPIC_API_KEY=\nTG_API_HASH=\nHTTP_PROXY=\nTZ=UTC\n"
    assert "data/db.sqlite" in names
    assert "data/telethon.session" not in names
    code, told = await jobs(stage, "backup", str(tmp_path / "plain.tar.gz"))
    assert (code, "is there already" in told, told.count("\n")) == (2, True, 1)


def place(folder: Path, word: str) -> Path:
    """An installation with something in it."""
    folder.mkdir(exist_ok=True)
    wanted = settings(folder)
    db = open_database(wanted.data_dir / "db.sqlite")
    db.execute("INSERT INTO meta (key, value) VALUES ('word', ?)", (word,))
    db.close()
    (wanted.workspace_dir / "MEMORY.md").write_text(word)
    skill = wanted.workspace_dir / ".claude" / "skills" / word / "SKILL.md"
    skill.parent.mkdir(parents=True)
    skill.write_text(word)
    return folder


def word_of(folder: Path) -> str:
    db = open_database(folder / "data" / "db.sqlite")
    try:
        return str(db.value("SELECT value FROM meta WHERE key = 'word'"))
    finally:
        db.close()


def test_what_was_there_before_is_kept_beside_it(tmp_path: Path) -> None:
    old, new = place(tmp_path / "old", "old"), place(tmp_path / "new", "new")
    make_backup(settings(new), tmp_path / "b.tar.gz")
    restored = restore_backup(settings(old), tmp_path / "b.tar.gz")
    assert word_of(old) == "new"
    assert (old / "workspace" / "MEMORY.md").read_text() == "new"
    assert [path.read_text() for path in (old / "workspace" / ".claude").rglob("SKILL.md")] == ["new"]
    data, workspace = restored.kept
    assert (workspace / "MEMORY.md").read_text() == "old"
    shutil.copy(data / "db.sqlite", tmp_path / "kept.sqlite")
    assert apsw.Connection(str(tmp_path / "kept.sqlite")).execute(
        "SELECT value FROM meta WHERE key='word'"
    ).fetchall() == [("old",)]


SECRETS = {
    "mcp_servers.json": '{"mcpServers": {"notes": {"url": "https://x", "headers": {"A": "key-1", "B": "${TOKEN}"}}}}',
    "hooks.json": '{"ci": {"prompt": "look", "secret": "key-2-of-some-length"}}',
}


@pytest.mark.parametrize("secrets", [True, False])
def test_what_servers_and_hooks_were_given_goes_only_with_the_secrets(tmp_path: Path, secrets: bool) -> None:
    old, new, empty = (place(tmp_path / name, name) for name in ("old", "new", "empty"))
    for name, text in SECRETS.items():
        (new / "data" / name).write_text(text)
        (old / "data" / name).write_text("{}")
    make_backup(settings(new), tmp_path / "b.tar.gz", secrets=secrets)
    restore_backup(settings(old), tmp_path / "b.tar.gz")
    restore_backup(settings(empty), tmp_path / "b.tar.gz")
    with tarfile.open(tmp_path / "b.tar.gz") as archive:
        archive.extractall(tmp_path / "seen", filter="data")
    words = b"".join(path.read_bytes() for path in (tmp_path / "seen").rglob("*") if path.is_file())
    assert (b"key-1" in words, b"key-2" in words) == (secrets, secrets)
    assert "${TOKEN}" in (empty / "data" / "mcp_servers.json").read_text()
    for name, text in SECRETS.items():
        assert (old / "data" / name).read_text() == (text if secrets else "{}"), "what was here is not lost"


def test_where_there_is_nothing_no_backup_is_made_and_none_is_restored_from_nothing(tmp_path: Path) -> None:
    empty = settings(tmp_path / "empty")
    with pytest.raises(BackupError, match="never started with this DATA_DIR"):
        make_backup(empty, tmp_path / "b.tar.gz")
    assert not (tmp_path / "b.tar.gz").exists()
    missing = settings(tmp_path).model_copy(update={"data_dir": tmp_path / "nowhere"})
    with pytest.raises(BackupError, match="there is no file"):
        restore_backup(missing, tmp_path / "b.tar.gz")
    assert not (tmp_path / "nowhere").exists()


def test_a_file_whose_name_is_no_text_is_kept_like_any_other(tmp_path: Path) -> None:
    old, new = place(tmp_path / "old", "old"), place(tmp_path / "new", "new")
    name = os.fsdecode(b"caf\xe9.md")
    (new / "workspace" / name).write_text("a word")
    make_backup(settings(new), tmp_path / "b.tar.gz")
    restore_backup(settings(old), tmp_path / "b.tar.gz")
    assert (old / "workspace" / name).read_text() == "a word"


@contextmanager
def nobodys_rights() -> Iterator[None]:
    """As a user who may not read everything; root may."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(before)


def test_what_cannot_be_read_is_left_out_and_named_and_all_else_is_kept(tmp_path: Path) -> None:
    for folder in (tmp_path, *tmp_path.parents):
        if folder == Path(tempfile.gettempdir()):
            break
        folder.chmod(0o777)
    old = place(tmp_path / "old", "old")
    umask = os.umask(0)
    try:
        with nobodys_rights():
            new = place(tmp_path / "new", "new")
            wanted = settings(new)
            closed = new / "workspace" / "memory" / "closed"
            closed.mkdir(parents=True)
            (new / "workspace" / "memory" / "secret.md").write_text("nobody reads this")
            (new / "workspace" / "memory" / "secret.md").chmod(0)
            closed.chmod(0)
            made = make_backup(wanted, tmp_path / "b.tar.gz")
            found = unreadable(wanted)
            closed.chmod(0o700)
    finally:
        os.umask(umask)
    assert made.left_out == {
        "workspace/memory/closed/": "Permission denied",
        "workspace/memory/secret.md": "Permission denied",
    }
    assert found == made.left_out, "and the doctor says so before it is made"
    restore_backup(settings(old), tmp_path / "b.tar.gz")
    assert (old / "workspace" / "MEMORY.md").read_text() == "new"


async def test_a_daily_backup_that_fails_in_whatever_way_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("FIRST_SECONDS", "LOOK_SECONDS"):
        monkeypatch.setattr(rotation_module, name, 0)
    again = threading.Event()
    failures = iter([ValueError("on the way")])

    def failing_once(_: Rotation) -> None:
        for failure in failures:
            raise failure
        again.set()

    monkeypatch.setattr(Rotation, "make", failing_once)
    place(tmp_path / "x", "x")
    running = asyncio.create_task(Rotation(settings(tmp_path / "x")).run())
    assert await asyncio.to_thread(again.wait, 30)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def test_a_backup_from_the_future_does_not_keep_others_from_being_made(tmp_path: Path) -> None:
    place(tmp_path / "x", "x")
    rotation = Rotation(settings(tmp_path / "x"))
    rotation.make()
    assert not rotation._is_due()
    (made,) = rotation._made()
    os.utime(made, (made.stat().st_mtime + 10**8,) * 2)
    assert rotation._is_due()


def test_the_index_of_memory_is_made_anew_after_a_restore(tmp_path: Path) -> None:
    old, new = place(tmp_path / "old", "old"), place(tmp_path / "new", "new")
    (old / "data" / "memory.sqlite").write_text("of other records")
    make_backup(settings(new), tmp_path / "b.tar.gz")
    restore_backup(settings(old), tmp_path / "b.tar.gz")
    assert not (old / "data" / "memory.sqlite").exists()


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "no tar", "newer", "strange file"])
def test_a_backup_that_is_not_whole_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    here, file = place(tmp_path / "here", "here"), tmp_path / "b.tar.gz"
    make_backup(settings(place(tmp_path / "there", "there")), file)
    content = bytearray(file.read_bytes())
    if damage == "cut":
        file.write_bytes(content[: len(content) // 2])
    elif damage == "flipped":
        content[len(content) // 2] ^= 0xFF
        file.write_bytes(content)
    elif damage == "empty":
        file.write_bytes(b"")
    elif damage == "no tar":
        file.write_text("hello")
    elif damage == "newer":
        monkeypatch.setattr("jobs.backup.restore.migrations", lambda: migrations()[:-1])
    else:
        with tarfile.open(tmp_path / "plain.tar", "w") as archive:
            archive.add(__file__, "data/strange")
        shutil.move(tmp_path / "plain.tar", file)
    before = sorted(path.name for path in (here / "data").iterdir())
    with pytest.raises(BackupError):
        restore_backup(settings(here), file)
    assert word_of(here) == "here"
    assert [name for name in before if not (here / "data" / name).exists()] == []
    assert not list((here / "data").glob("restore-*"))


def test_a_file_that_only_a_capability_lets_jobs_read_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `docker compose cp` leaves it: root's own, of which access(2) says that it cannot be read."""
    for name, value in {
        "JOBS_ROOT": tmp_path,
        "DATA_DIR": tmp_path / "data",
        "WORKSPACE_DIR": tmp_path / "work",
    }.items():
        monkeypatch.setenv(name, str(value))
    (tmp_path / "moving.tar.gz").write_bytes(b"no archive")
    monkeypatch.setattr(os, "access", lambda *_, **__: False)
    told = CliRunner().invoke(cli, ["restore", str(tmp_path / "moving.tar.gz")])
    assert (told.exit_code, "is no whole backup of Jobs" in told.stderr) == (2, True)


def test_only_so_many_daily_backups_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place(tmp_path / "x", "x")
    rotation = Rotation(settings(tmp_path / "x", backups_kept=2))
    folder = tmp_path / "x" / "data" / "backups"
    folder.mkdir()
    for day in range(1, 5):
        (folder / f"jobs-2026010{day}T000000Z.tar.gz").write_bytes(b"")
    rotation.make()
    left = sorted(path.name for path in folder.iterdir())
    assert len(left) == 2
    assert left[0] == "jobs-20260104T000000Z.tar.gz"


def old_database(path: Path) -> None:
    """A database as the first version made it, with a row in it."""
    connection = apsw.Connection(str(path))
    connection.execute(migrations()[0][1])
    connection.execute("INSERT INTO meta (key, value) VALUES ('word', 'old'); PRAGMA user_version = 1")
    connection.close()


async def test_a_start_upgrades_after_a_copy_and_migrate_check_says_so_before(stage: Stage) -> None:
    old_database(stage.data / "db.sqlite")
    assert (await jobs(stage, "migrate", "--check"))[0] == 1
    program = await stage.start()
    await program.stop()
    (copy,) = (stage.data / "backups").glob("before-upgrade-from-1-*.sqlite")
    assert apsw.Connection(str(copy)).execute("PRAGMA user_version").fetchall() == [(1,)]
    assert (await jobs(stage, "migrate", "--check"))[0] == 0
    assert word_of(stage.folder) == "old"


async def test_migrate_upgrades_and_a_newer_database_is_refused_in_one_line(stage: Stage) -> None:
    old_database(stage.data / "db.sqlite")
    code, told = await jobs(stage, "migrate")
    assert (code, "before-upgrade-from-1" in told) == (0, True)
    connection = apsw.Connection(str(stage.data / "db.sqlite"))
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    for command in (("migrate",), ("migrate", "--check"), ("up",)):
        code, told = await jobs(stage, *command)
        assert (code, told.count("\n"), "999" in told) == (2, 1, True)


def test_without_room_for_the_copy_nothing_is_upgraded(tmp_path: Path) -> None:
    old_database(tmp_path / "db.sqlite")
    (tmp_path / "backups").write_text("in the way")
    with pytest.raises(DatabaseError, match="could not be copied"):
        before_upgrade(tmp_path / "db.sqlite")


def test_a_database_of_this_version_is_not_copied(spine: Spine) -> None:
    assert before_upgrade(spine.db.path) is None


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("export OPENAI_API_KEY='x'", "OPENAI_API_KEY="),
        ("TG_API_ID=5", "TG_API_ID=5"),
        ("#TG_API_HASH=y", "#TG_API_HASH="),
        ("  # ANTHROPIC_API_KEY = old", "  #ANTHROPIC_API_KEY="),
        ("anthropic_api_key=x", "anthropic_api_key="),
        ("OPENAI_BASE_URL=https://me:word@x.example/v1", "OPENAI_BASE_URL=https://***@x.example/v1"),
        ("MINE=ghp_0123456789abcdefghijABCDEFGHIJ0123456789", "MINE=***"),
    ],
)
def test_only_secrets_lose_their_values(line: str, kept: str) -> None:
    assert without_secrets(line) == f"{kept}\n"


def test_a_servers_secrets_stand_in_no_backup_wherever_they_are_given() -> None:
    entry = {
        "command": "npx",
        "args": ["-y", "x", "--api-key", "s-1", "--token=s-2", "API_KEY=s-3", "--key", "${KEY}", "--folder", "/f"],
    }
    other = {"url": "https://x.example/mcp?api_key=s-4&mode=fast&token=${T}"}
    kept = json.loads(servers_without_secrets(json.dumps({"mcpServers": {"a": entry, "b": other}})))["mcpServers"]
    assert kept["a"]["args"] == [
        "-y",
        "x",
        "--api-key",
        "",
        "--token=",
        "API_KEY=",
        "--key",
        "${KEY}",
        "--folder",
        "/f",
    ]
    assert kept["b"]["url"] == "https://x.example/mcp?api_key=&mode=fast&token=${T}"


def test_a_daily_backup_takes_the_place_of_nothing_that_is_not_in_it(tmp_path: Path) -> None:
    old, new = place(tmp_path / "old", "old"), place(tmp_path / "new", "new")
    mine = old / "workspace" / ".claude" / "notes.md"
    mine.write_text("mine")
    make_backup(settings(new), tmp_path / "b.tar.gz", whole=False)
    restore_backup(settings(old), tmp_path / "b.tar.gz")
    assert [path.read_text() for path in (old / "workspace" / ".claude").rglob("SKILL.md")] == ["new"]
    assert mine.read_text() == "mine"


def test_a_copy_before_an_upgrade_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else one that was cut off would stand among those that are kept, and be put back."""
    old_database(tmp_path / "db.sqlite")
    seen: list[list[str]] = []
    rename = Path.rename

    def seeing(path: Path, target: Path) -> Path:
        seen.append([each.name for each in (tmp_path / "backups").glob("before-upgrade-*.sqlite")])
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", seeing)
    copy = before_upgrade(tmp_path / "db.sqlite")
    assert seen == [[]], "its name comes last"
    assert copy is not None
    assert copy.stat().st_mode & 0o777 == 0o600
