"""`./jobs memory` works on any folder of Markdown, without Telegram and without a model; a kill tears nothing."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import jobs

SOURCES = str(Path(jobs.__file__).parent.parent)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "house.md").write_text("# Дом\n\nКлючи у соседа.\n\nSunflowers in June.\n", encoding="utf-8")
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": SOURCES,
        "JOBS_ROOT": str(tmp_path),
        "WORKSPACE_DIR": str(tmp_path / "notes"),
        "DATA_DIR": str(tmp_path / "data"),
    }


def run(environment: dict[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "jobs", "memory", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_a_query_gives_hits_as_text_and_as_json(environment: dict[str, str]) -> None:
    shown = run(environment, "search", "где ключ")
    assert shown.stdout.startswith("house.md:3-5  (file)")
    hit: dict[str, Any] = json.loads(run(environment, "search", "ключ", "--json", "--limit", "1").stdout)["hits"][0]
    assert {"path", "line_start", "line_end", "text", "score", "date", "source"} <= set(hit)
    assert (hit["path"], hit["line_start"], hit["line_end"], hit["source"]) == ("house.md", 3, 5, "file")


def test_a_file_of_queries_gives_a_line_of_json_for_each(environment: dict[str, str], tmp_path: Path) -> None:
    queries = tmp_path / "queries.txt"
    queries.write_text('ключ\n"AND (*\n\nsunflower\n', encoding="utf-8")
    answers = [
        json.loads(line) for line in run(environment, "search", "--queries", str(queries), "--json").stdout.splitlines()
    ]
    assert [answer["query"] for answer in answers] == ["ключ", '"AND (*', "", "sunflower"]
    assert "Sunflowers" in answers[3]["hits"][0]["text"]
    assert answers[2]["hits"] == []


def test_the_index_can_be_deleted_and_made_anew(environment: dict[str, str], tmp_path: Path) -> None:
    assert "notes: 1" in run(environment, "reindex").stdout
    (tmp_path / "data" / "memory.sqlite").unlink()
    assert json.loads(run(environment, "stats", "--json").stdout)["documents"] == {"note": 1}


@pytest.mark.parametrize(
    "arguments",
    [
        ("search",),
        ("search", "x", "--queries", "y"),
        ("search", "--queries", "none"),
        ("search", "x", "--since", "когда-то"),
    ],
)
def test_a_wrong_argument_is_one_sentence(environment: dict[str, str], arguments: tuple[str, ...]) -> None:
    done = run(environment, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("jobs: ")
    assert len(done.stderr.splitlines()) == 1


def test_a_file_of_queries_that_is_not_there_is_told_as_that(environment: dict[str, str]) -> None:
    said = run(environment, "search", "--queries", "none").stderr
    assert said == "jobs: none cannot be read (No such file or directory)\n"


@pytest.mark.parametrize("in_the_way", ["data", "data/db.sqlite"])
def test_an_index_that_cannot_be_used_is_one_sentence(
    environment: dict[str, str], tmp_path: Path, in_the_way: str
) -> None:
    (tmp_path / in_the_way).parent.mkdir(exist_ok=True)
    (tmp_path / in_the_way).write_text("neither a folder nor a database " * 100)
    done = run(environment, "stats")
    assert (done.returncode, done.stdout) == (2, "")
    assert "DATA_DIR" in done.stderr
    assert len(done.stderr.splitlines()) == 1


WRITER = """
import sys
from pathlib import Path
from jobs.memory.storage import MemoryStorage
storage = MemoryStorage(Path(sys.argv[1]))
number = 0
while True:
    number += 1
    storage.append(f"номер {number} " + "слово " * 2000 + "конец")
    print(number, flush=True)
"""


def test_a_kill_in_the_middle_of_writing_leaves_a_whole_file(tmp_path: Path) -> None:
    for last in (3, 7, 12):
        command = [sys.executable, "-c", WRITER, str(tmp_path)]
        writer = subprocess.Popen(command, env={"PYTHONPATH": SOURCES}, stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        said = 0
        for line in writer.stdout:
            said = int(line)
            if said == last:
                os.kill(writer.pid, signal.SIGKILL)
                break
        writer.wait()
        writer.stdout.close()
        facts = (tmp_path / "MEMORY.md").read_text(encoding="utf-8").splitlines()[1:]
        assert all(line.startswith("- номер ") and line.endswith("слово конец") for line in facts)
        assert len(facts) >= said, "what was said to be written is there"


def test_records_that_cannot_be_opened_are_one_sentence(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "db.sqlite").write_bytes(b"no database" * 400)
    for command in ("stats", "reindex"):
        done = run(environment, command)
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
        assert "cannot be used" in done.stderr
