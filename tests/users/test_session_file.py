"""The note of which Claude session a person has: only a transcript that is whole is gone on with."""

import json
from pathlib import Path

import pytest

from jobs.users.session_file import TAIL, SessionFile, SessionRecord

SESSION = "0f0e0d0c-0000-4000-8000-000000000001"


@pytest.fixture
def transcript(tmp_path: Path) -> Path:
    path = tmp_path / "projects" / "-work" / f"{SESSION}.jsonl"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"".join(b'{"line": %d, "text": "something said"}\n' % number for number in range(5000)))
    assert path.stat().st_size > TAIL
    return path


@pytest.fixture
def file(tmp_path: Path, transcript: Path) -> SessionFile:
    made = SessionFile(tmp_path / "sessions" / "22.session", tmp_path / "projects")
    made.save(SESSION, "message-1")
    return made


def note(tmp_path: Path) -> Path:
    return tmp_path / "sessions" / "22.session"


def test_what_was_saved_is_loaded(file: SessionFile, tmp_path: Path, transcript: Path) -> None:
    record = file.load()
    assert record is not None
    assert (record.session_id, record.last_message) == (SESSION, "message-1")
    assert record.transcript_bytes == transcript.stat().st_size
    assert note(tmp_path).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in note(tmp_path).parent.iterdir()] == ["22.session"]


def test_a_transcript_that_has_grown_since_is_fine(file: SessionFile, transcript: Path) -> None:
    with transcript.open("ab") as more:
        more.write(b'{"line": "of a turn that was cut off"}\n' * 10_000)
    assert file.load() is not None


def test_a_transcript_cut_short_is_not_gone_on_with(file: SessionFile, transcript: Path) -> None:
    with transcript.open("r+b") as cut:
        cut.truncate(transcript.stat().st_size // 2)
    assert file.load() is None


def test_a_transcript_with_another_end_is_not_gone_on_with(file: SessionFile, transcript: Path) -> None:
    with transcript.open("r+b") as changed:
        changed.seek(-100, 2)
        changed.write(b"x")
    assert file.load() is None


def test_a_transcript_that_is_gone_is_not_gone_on_with(file: SessionFile, transcript: Path) -> None:
    transcript.unlink()
    assert file.load() is None


def test_a_note_made_without_a_transcript_is_worth_nothing(tmp_path: Path) -> None:
    file = SessionFile(note(tmp_path), tmp_path / "projects")
    file.save(SESSION, None)
    assert file.load() is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"garbage",
        b"\xff\xfe\x00",
        b"[]",
        b"null",
        b'"text"',
        b"{}",
        b'{"session_id": "x"}',
        json.dumps({"session_id": SESSION, "last_message": None, "transcript_bytes": "12", "tail_sha256": ""}).encode(),
        json.dumps({"session_id": SESSION, "last_message": None, "transcript_bytes": -5, "tail_sha256": ""}).encode(),
        json.dumps({"session_id": 5, "last_message": None, "transcript_bytes": 1, "tail_sha256": "x"}).encode(),
        json.dumps({"session_id": "/", "last_message": None, "transcript_bytes": 1, "tail_sha256": "x"}).encode(),
        json.dumps(
            {"session_id": SESSION, "last_message": None, "transcript_bytes": 1, "tail_sha256": "x", "new": 1}
        ).encode(),
    ],
)
def test_a_note_that_makes_no_sense_is_no_note(file: SessionFile, tmp_path: Path, content: bytes) -> None:
    note(tmp_path).write_bytes(content)
    assert file.load() is None
    file.save(SESSION, "again")
    assert file.load() is not None


def test_there_is_none_at_first_and_none_after_it_was_forgotten(file: SessionFile, tmp_path: Path) -> None:
    other = SessionFile(tmp_path / "sessions" / "33.session", tmp_path / "projects")
    assert (other.exists(), other.load()) == (False, None)
    other.forget()
    file.forget()
    assert (file.exists(), file.load()) == (False, None)


def test_only_what_lay_before_the_noted_end_counts(file: SessionFile) -> None:
    record = file.load()
    assert isinstance(record, SessionRecord)
    assert len(record.tail_sha256) == 64
