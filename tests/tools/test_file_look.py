"""A look at the workspace: what a pattern matches, what it never reaches, and that it does not look for ever."""

import os
from pathlib import Path

import pytest

from jobs.tools import file_look
from jobs.tools.file_look import Pattern, TooManyFiles, look

FILES = (
    "a.pdf",
    "b.txt",
    "inbox/c.pdf",
    "inbox/.hidden.pdf",
    "inbox/deep/er/d.pdf",
    ".git/e.pdf",
    "inbox/deep/x/f.txt",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in FILES:
        path = tmp_path / "workspace" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path / "workspace"


def names(folder: Path, pattern: str) -> list[str]:
    return sorted(look(folder, Pattern.of(pattern)).files)


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ("*.pdf", ["a.pdf"]),
        ("./inbox//*.pdf", ["inbox/c.pdf"]),
        ("inbox/.*", ["inbox/.hidden.pdf"]),
        (".git/*", [".git/e.pdf"]),
        ("**/*.pdf", ["a.pdf", "inbox/c.pdf", "inbox/deep/er/d.pdf"]),
        ("inbox/**", ["inbox/c.pdf", "inbox/deep/er/d.pdf", "inbox/deep/x/f.txt"]),
        ("inbox/", ["inbox/c.pdf"]),
        ("inbox/**/deep/**/[df].*", ["inbox/deep/er/d.pdf", "inbox/deep/x/f.txt"]),
        ("in*/deep/?/*", ["inbox/deep/x/f.txt"]),
        ("b.txt", ["b.txt"]),
        ("nowhere/*", []),
    ],
)
def test_a_pattern_matches_as_in_a_shell(folder: Path, pattern: str, wanted: list[str]) -> None:
    assert names(folder, pattern) == wanted


@pytest.mark.parametrize(
    "pattern", ["/etc/*", "../*", "inbox/../../x", "~/x", "./~x/*", "./ x", "", " ", "./", "*.{a,b}", "a**/b"]
)
def test_a_pattern_that_leads_out_or_makes_no_sense_is_refused_in_a_sentence(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"pattern|braces|\*\*"):
        Pattern.of(pattern)


def test_no_link_is_followed_and_only_files_count(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.pdf").write_text("x")
    (folder / "inbox" / "out").symlink_to(tmp_path / "outside")
    (folder / "link.pdf").symlink_to(tmp_path / "outside" / "secret.pdf")
    (folder / "loop").symlink_to(folder)
    (folder / "folder.pdf").mkdir()
    os.mkfifo(folder / "pipe.pdf")
    assert names(folder, "**/*.pdf") == ["a.pdf", "inbox/c.pdf", "inbox/deep/er/d.pdf"]
    assert names(folder, "inbox/out/*") == []


def test_a_workspace_that_is_itself_behind_a_link_is_looked_at(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    assert names(tmp_path / "link", "*.pdf") == ["a.pdf"]


def test_letters_match_however_they_are_composed(folder: Path) -> None:
    (folder / "и\u0306од.txt").write_text("")  # as macOS writes it
    assert names(folder, "йод.*") == ["и\u0306од.txt"]


def test_a_name_that_is_no_utf8_is_shown_by_its_bytes(folder: Path) -> None:
    (Path(os.fsdecode(os.fsencode(folder) + b"/\xff.bin"))).write_text("")
    assert names(folder, "*.bin") == ["\\xff.bin"]


def test_too_many_files_or_folders_on_the_way_are_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_look, "MOST_FILES", 2)
    with pytest.raises(TooManyFiles, match="more than 2 files match"):
        look(folder, Pattern.of("**/*.pdf"))
    monkeypatch.setattr(file_look, "MOST_ENTRIES", 5)
    with pytest.raises(TooManyFiles, match="more than 5 files and folders"):
        look(folder, Pattern.of("**/none"))
    assert names(folder, "*.pdf") == ["a.pdf"], "where no pattern leads is not looked at"


def test_of_a_folder_that_cannot_be_read_nothing_is_known(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    really = os.open

    def refuse(path: str | Path, *arguments: int, dir_fd: int | None = None) -> int:  # root could not be refused
        if path == "inbox":
            raise PermissionError(path)
        return really(path, *arguments, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", refuse)
    found = look(folder, Pattern.of("**/*.pdf"))
    assert not look(folder / "nowhere", Pattern.of("*")).knows_of("a.pdf")
    assert sorted(found.files) == ["a.pdf"]
    assert (found.knows_of("inbox/c.pdf"), found.knows_of("gone.pdf")) == (False, True)
