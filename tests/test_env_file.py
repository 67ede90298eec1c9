"""`.env` as setup writes it: what was there stays, and every reader reads the value that was given."""

import re
import stat
from pathlib import Path

import pytest
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st

from jobs.setup.answers import in_url
from jobs.setup.env_file import EnvFile, quoted

ODD = [
    "#1 secret",
    "a b",
    " lead",
    "it's",
    'say "hi"',
    "cost $5",
    "$HOME",
    "back\\slash",
    "tab\\t",
    "ключ",
    "a=b",
    "x#y",
]


def compose(text: str) -> str:
    """What docker compose makes of `NAME=text`, by the rules of its documentation on `.env` syntax."""
    if text.startswith("'"):
        inner, end, rest = text[1:].partition("'")
        assert end
        assert not rest
        assert not inner.endswith("\\")
        return inner
    if text.startswith('"'):
        inner = text[1:-1]
        assert not re.search(r'(?<!\\)"', inner)
        assert "$" not in inner
        return re.sub(r"\\(.)", r"\1", inner)
    assert not set(text) & set("#$'\"\\ \t")
    return text


def read_back(folder: Path, value: str) -> str | None:
    path = folder / ".env"
    path.write_text(f"NAME={quoted(value)}\nNEXT=1\n", encoding="utf-8")
    values = dotenv_values(path)
    assert values["NEXT"] == "1"
    return values["NAME"]


@pytest.mark.parametrize("value", ODD)
def test_odd_values_are_read_alike_by_all(tmp_path: Path, value: str) -> None:
    assert read_back(tmp_path, value) == compose(quoted(value)) == value


@given(st.text(st.sampled_from("a1 #$'\"\\{}=é")))
def test_what_can_be_written_is_read_back(tmp_path_factory: pytest.TempPathFactory, value: str) -> None:
    try:
        text = quoted(value)
    except ValueError:
        assert set(value) & set("$\\\"'")
        return
    assert read_back(tmp_path_factory.getbasetemp(), value) == compose(text) == value


@pytest.mark.parametrize("value", ["two\nlines", "${HOME}", "it's $5", "end\\", "\x1b"])
def test_what_no_reader_would_read_alike_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        quoted(value)


def test_a_proxys_password_is_encoded_so_that_all_read_it_alike() -> None:
    assert in_url("http://me:p$a'b\"c\\d@host:1") == "http://me:p%24a%27b%22c%5Cd@host:1"


def test_only_the_line_in_question_changes(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    before = "# mine\r\n\r\nFOO='a\r\nb'\r\nthis is not a setting\r\n\r\nTG_API_ID=\r\nBAR = 1 # why"
    path.write_bytes(before.encode())
    file = EnvFile(path)
    file.set("TG_API_ID", "5")
    file.set("TZ", "UTC")
    assert path.read_bytes().decode() == before.replace("TG_API_ID=\r\n", "TG_API_ID=5\n") + "\nTZ=UTC\n"
    assert file.names() == {"FOO", "BAR", "TG_API_ID", "TZ"}
    file.remove("TG_API_ID")
    assert path.read_bytes().decode() == before.replace("TG_API_ID=\r\n", "") + "\nTZ=UTC\n"


def test_of_several_lines_one_is_left(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("export tg_api_id=1\nA=1\nTG_API_ID=2\n", encoding="utf-8")
    EnvFile(path).set("TG_API_ID", "3")
    assert path.read_text(encoding="utf-8") == "TG_API_ID=3\nA=1\n"


def test_a_new_file_begins_as_the_example(tmp_path: Path) -> None:
    example = tmp_path / ".env.example"
    example.write_text("# The application\nTG_API_ID=\nLOG_LEVEL=info\n", encoding="utf-8")
    file = EnvFile(tmp_path / ".env", example)
    assert file.names() == set()
    file.set("TG_API_ID", "5")
    assert file.path.read_text(encoding="utf-8") == "# The application\nTG_API_ID=5\nLOG_LEVEL=info\n"


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("A=1\n", encoding="utf-8")
    path.chmod(0o644)
    EnvFile(path).set("B", "2")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]
