"""mcp_servers.json: what users paste, what they get wrong, and what stands in force then."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from jobs.mcp_manager.config import ConfigError, McpConfig, parse_entry
from jobs.texts import say

PASTED = """{
  "mcpServers": {
    "github": {"command": "npx", "args": ["-y", "@x/github"], "env": {"TOKEN": "${GITHUB_TOKEN:-none}"}},
    "docs": {"type": "http", "url": "https://docs.example/mcp", "headers": {"Authorization": "Bearer ${KEY}"}},
    "old": {"type": "sse", "url": "https://old.example/sse", "disabled": true}
  }
}"""


def config(folder: Path, text: str = PASTED) -> McpConfig:
    path = folder / "mcp_servers.json"
    path.write_text(text, encoding="utf-8")
    return McpConfig(path)


def test_what_a_readme_shows_is_taken(tmp_path: Path) -> None:
    servers = config(tmp_path).servers()
    assert [(name, server.kind) for name, server in servers.items()] == [
        ("github", "stdio"),
        ("docs", "http"),
        ("old", "sse"),
    ]
    assert servers["github"].args == ("-y", "@x/github")
    assert servers["docs"].variables == ["KEY"]
    assert servers["old"].disabled


def test_variables_are_replaced_and_a_missing_one_is_named(tmp_path: Path) -> None:
    servers = config(tmp_path).servers()
    assert servers["github"].resolved({"GITHUB_TOKEN": "abc"}).env == {"TOKEN": "abc"}
    assert servers["github"].resolved({}).env == {"TOKEN": "none"}
    with pytest.raises(ConfigError, match="KEY is not set; set it with mcp_set_env"):
        servers["docs"].resolved({})
    own = parse_entry("docs", {"url": "https://x/mcp", "env": {"KEY": "k"}, "headers": {"A": "Bearer ${KEY}"}})
    assert own.resolved({"KEY": "other"}).headers == {"A": "Bearer k"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{\n "mcpServers": {\n  "a": {"command": "x",}\n }\n}', "line 3"),
        ("[]", "mcpServers"),
        ('{"mcpServers": {\n"a": {"command": "x"},\n"b": {}\n}}', "line 3: the server 'b' needs either"),
        ('{"mcpServers": {"a": {"command": "x", "url": "https://x"}}}', "needs either a command or a url"),
        ('{"mcpServers": {"a": {"command": ["x"]}}}', "needs either a command or a url"),
        ('{"mcpServers": {"a": {"command": "x", "args": [1]}}}', "wrong 'args'"),
        ('{"mcpServers": {"a": {"command": "x", "env": {"A": 1}}}}', "wrong 'env'"),
        ('{"mcpServers": {"a": {"type": "http", "command": "x"}}}', "does not fit"),
        ('{"mcpServers": {"a": {"url": "file:///etc/passwd"}}}', "begin with http"),
        ('{"mcpServers": {"jobs": {"command": "x"}}}', "another name"),
        ('{"mcpServers": {"a b": {"command": "x"}}}', "another name"),
        ("[" * 100_000, "too deep"),
    ],
)
def test_a_broken_file_is_refused_with_the_line_and_the_last_good_one_stays(
    tmp_path: Path, text: str, says: str
) -> None:
    broken = config(tmp_path)
    assert "github" in broken.servers()
    (tmp_path / "mcp_servers.json").write_text(text, encoding="utf-8")
    assert "github" in broken.servers()
    assert says in str(broken.problem)
    with pytest.raises(ConfigError, match="mend the file by hand"):
        broken.put("new", {"command": "x"})
    assert (tmp_path / "mcp_servers.json").read_text() == text
    (tmp_path / "mcp_servers.json").write_text('{"mcpServers": {}}')
    assert broken.servers() == {}
    assert broken.problem is None


def test_what_is_wrong_with_the_file_is_said_in_the_owners_language(tmp_path: Path) -> None:
    broken = config(tmp_path)
    (tmp_path / "mcp_servers.json").write_text('{"mcpServers": {\n"b": {}\n}}', encoding="utf-8")
    broken.servers()
    told = say("mcp_file_broken", "ru", reason=broken.problem)
    assert told.endswith("строка 2: серверу «b» нужно одно из двух: command или url")


def test_a_file_in_another_encoding_is_refused_with_the_line(tmp_path: Path) -> None:
    broken = config(tmp_path)
    assert "github" in broken.servers()
    (tmp_path / "mcp_servers.json").write_bytes('{"mcpServers": {\n"a": {"command": "привет"}}}'.encode("cp1251"))
    assert "github" in broken.servers()
    assert str(broken.problem) == "line 2: it is not UTF-8 text"


def test_a_file_saved_with_a_byte_order_mark_is_taken_and_can_be_changed(tmp_path: Path) -> None:
    """As Windows' editors write it."""
    (tmp_path / "mcp_servers.json").write_text(PASTED, encoding="utf-8-sig")
    marked = McpConfig(tmp_path / "mcp_servers.json")
    assert "github" in marked.servers()
    marked.change("github", {"disabled": True})
    assert marked.servers()["github"].disabled
    assert marked.problem is None


def test_a_file_that_cannot_be_read_keeps_the_last_good_one_in_force_and_is_read_when_it_can_be(tmp_path: Path) -> None:
    path = tmp_path / "mcp_servers.json"
    good = config(tmp_path)
    assert "github" in good.servers()
    path.unlink()
    path.mkdir()
    assert "github" in good.servers()
    assert "cannot be read" in str(good.problem)
    assert "github" in good.servers()
    assert "cannot be read" in str(good.problem), "however often it is looked at"
    with pytest.raises(ConfigError, match="mend the file by hand"):
        good.put("new", {"command": "x"})
    path.rmdir()
    path.write_text('{"mcpServers": {}}')
    assert good.servers() == {}
    assert good.problem is None


def test_a_variable_may_be_made_of_another_that_was_set_for_the_server() -> None:
    """As `mcp_set_env` sets a secret that `env` names."""
    entry = {"command": "x", "env": {"AUTH": "Bearer ${TOKEN}", "TOKEN": "t", "HOME_URL": "${GIVEN}/x"}}
    assert parse_entry("a", entry).resolved({"GIVEN": "g"}).env == {
        "AUTH": "Bearer t",
        "TOKEN": "t",
        "HOME_URL": "g/x",
    }
    with pytest.raises(ConfigError, match="TOKEN is not set"):
        parse_entry("a", {"command": "x", "env": {"TOKEN": "${TOKEN}"}}).resolved({})


def test_what_is_written_is_for_the_owner_only_and_keeps_what_jobs_does_not_know(tmp_path: Path) -> None:
    text = '{"other": 1, "mcpServers": {"a": {"command": "x", "note": "mine"}}}'
    changed = config(tmp_path, text)
    changed.put("b", {"command": "y"})
    changed.set_variable("a", "TOKEN", "t")
    changed.change("a", {"disabled": True})
    changed.change("a", {"disabled": None})
    path = tmp_path / "mcp_servers.json"
    written: dict[str, Any] = json.loads(path.read_text())
    assert written == {
        "other": 1,
        "mcpServers": {"a": {"command": "x", "note": "mine", "env": {"TOKEN": "t"}}, "b": {"command": "y"}},
    }
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert changed.remove("b")
    assert not changed.remove("b")
    with pytest.raises(ConfigError, match="no server 'b'"):
        changed.change("b", {"disabled": True})


def test_any_change_of_what_is_run_is_another_thing_to_say_yes_to() -> None:
    entry = {"command": "npx", "args": ["-y", "x"], "env": {"A": "1"}}
    seen = {parse_entry("a", entry).fingerprint}
    for change in ({"args": ["-y", "y"]}, {"command": "uvx"}, {"env": {"A": "2"}}, {"env": {"NODE_OPTIONS": "x"}}):
        seen.add(parse_entry("a", {**entry, **change}).fingerprint)
    assert len(seen) == 5
    assert parse_entry("a", {**entry, "disabled": True}).fingerprint in seen
