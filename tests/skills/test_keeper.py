"""Which skills are offered: what came through a door; what comes from outside only once the owner has seen it."""

import asyncio
import io
import json
import os
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.support import NOON, OWNER, Spine, skills_in

from jobs.skills import shelf, sources
from jobs.skills.keeper import SHIPPED, SHOWN_HERE, Skills
from jobs.skills.shelf import File, Shelf
from jobs.skills.tools import SkillInstall, SkillName, SkillTools
from jobs.spine.model import Incoming, Origin
from jobs.spine.tool import ToolError
from jobs.telegram.commands.allowing import Allowing, meant
from jobs.users.permissions import Permissions


def skill_text(name: str, words: str = "Do it.", description: str = "What it is for") -> str:
    return f"---\nname: {name}\ndescription: {description}\n---\n\n{words}\n"


class Desk:
    """Skills and their tools on a workspace, with the MCP servers that a plugin brought."""

    def __init__(self, spine: Spine, folder: Path) -> None:
        self.spine = spine
        self.folder = folder
        self.skills = skills_in(spine, folder)
        self.servers: dict[str, Any] = {}
        self.tools = {tool.name: tool for tool in SkillTools(self.skills, self.add_server).tools()}
        self.workspace = folder / "workspace"
        self.shelf = self.workspace / ".claude" / "skills"

    def add_server(self, name: str, entry: dict[str, Any]) -> None:
        if name in self.servers:
            raise ToolError("There is one already.")
        self.servers[name] = entry

    async def call(self, tool: str, **arguments: Any) -> Any:
        wanted = self.tools[tool]
        result = await wanted.run(wanted.arguments.model_validate(arguments))
        if not wanted.has_effect:
            return result
        with self.spine.db.transaction():
            return result()

    def place(self, name: str, text: str | None = None, where: Path | None = None) -> Path:
        """Put a skill somewhere by hand; in the skills' folder unless told otherwise."""
        folder = (where or self.shelf) / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "SKILL.md").write_text(skill_text(name) if text is None else text, encoding="utf-8")
        return folder

    @property
    def offered(self) -> list[str]:
        self.skills.for_prompt()
        return [skill.name for skill in self.skills.offered()]

    @property
    def asked(self) -> str:
        """What was said to the owner, in one text."""
        return "\n".join(self.spine.said())

    def states(self) -> dict[str, str]:
        return {each.name: each.word for each in self.skills.states()}


@pytest.fixture
def desk(spine: Spine, tmp_path: Path) -> Desk:
    return Desk(spine, tmp_path)


# ----------------------------------------------------------------------- own ones


async def test_one_that_the_session_makes_is_offered_at_once_edited_shown_and_removed(desk: Desk) -> None:
    await desk.call("skill_create", name="weekly-report", description="For Fridays: the report", instructions="1. Go.")
    assert desk.skills.for_prompt() == "- weekly-report: For Fridays: the report"
    await desk.call("skill_edit", name="weekly-report", instructions="2. Stay.")
    shown = await desk.call("skill_show", name="weekly-report")
    assert (shown["description"], shown["instructions"]) == ("For Fridays: the report", "2. Stay.")
    assert shown["files"] == ["SKILL.md"]
    assert desk.asked == ""
    await desk.call("skill_remove", name="weekly-report")
    assert desk.offered == []
    assert not (desk.shelf / "weekly-report").exists()


async def test_a_turn_that_runs_again_makes_and_removes_the_same_once(desk: Desk) -> None:
    made = {"name": "a", "description": "d", "instructions": "i"}
    for _ in range(2):
        await desk.call("skill_create", **made)
    with pytest.raises(ToolError, match="already"):
        await desk.call("skill_create", **{**made, "instructions": "others"})
    shutil.rmtree(desk.shelf / "a")  # as far as the turn that was cut off had come
    await desk.call("skill_remove", name="a")
    with pytest.raises(ToolError, match="There is no skill a"):
        await desk.call("skill_remove", name="a")


@pytest.mark.parametrize("name", ["../a", "a/b", ".a", "A", "a b", "a" * 65, ""])
async def test_a_name_is_no_path(desk: Desk, name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        await desk.call("skill_create", name=name, description="d", instructions="i")
    with pytest.raises((ToolError, ValueError)):
        await desk.call("skill_remove", name=name)


async def test_an_edit_by_hand_counts_at_the_next_turn_and_a_broken_one_is_shown_with_the_reason(desk: Desk) -> None:
    await desk.call("skill_create", name="a", description="before", instructions="i")
    desk.place("a", skill_text("a", description="after"))
    assert desk.skills.for_prompt() == "- a: after"
    desk.place("a", "no front matter")
    assert desk.skills.for_prompt() == ""
    (told,) = (await desk.call("skill_list"))["skills"]
    assert (told["state"], "front matter" in told["reason"]) == ("broken", True)
    with pytest.raises(ToolError, match="front matter between"):
        await desk.call("skill_show", name="a")
    await desk.call("skill_remove", name="a")


def test_shipped_ones_are_placed_once_and_neither_overwritten_nor_brought_back(spine: Spine, tmp_path: Path) -> None:
    Desk(spine, tmp_path).skills.start()
    desk = Desk(spine, tmp_path)
    assert desk.offered == ["arrange-meeting", "daily-review", "research-with-sources"]
    desk.place("daily-review", skill_text("daily-review", description="mine"))
    desk.skills.remove("arrange-meeting")
    shutil.rmtree(desk.shelf / "research-with-sources")
    desk.skills.start()
    assert desk.skills.for_prompt() == "- daily-review: mine"
    assert desk.asked == ""


async def test_a_kill_between_placing_and_noting_asks_nothing_twice(desk: Desk) -> None:
    desk.skills.shelf.put("daily-review", Shelf(SHIPPED.parent, SHIPPED.name).bundle("daily-review"))
    desk.skills.start()
    assert "daily-review" in desk.offered
    await desk.call("skill_install", text=skill_text("pasted"))
    desk.skills.shelf.put("pasted", {"SKILL.md": File(skill_text("pasted").encode())})
    assert "pasted" not in desk.offered
    assert desk.skills.allow("pasted")
    assert "pasted" in desk.offered
    assert desk.asked.count("пришёл со стороны") == 1


async def test_what_has_not_changed_is_not_read_again_and_whatever_changes_counts(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf, "SETTLED_NS", -(10**18))  # no need to wait: each change here has another size
    for name in ("mine", "other"):
        desk.place(name)
        desk.skills.for_prompt()
        assert desk.skills.deny(name) if name == "other" else desk.skills.allow(name)
    (desk.shelf / "other" / "run.sh").write_text("echo")
    desk.skills.for_prompt()
    assert desk.skills.deny("other"), "it was asked about anew"
    assert desk.skills.for_prompt() == "- mine: What it is for"
    with monkeypatch.context() as closed:
        closed.setattr(Shelf, "_file", lambda *_: pytest.fail("a file was read"))
        assert desk.skills.for_prompt() == "- mine: What it is for"
    (desk.shelf / "mine" / "SKILL.md").write_text(skill_text("mine", description="Another"), encoding="utf-8")
    assert desk.skills.for_prompt() == "- mine: Another"
    (desk.shelf / "other" / "run.sh").write_text("echo more")
    desk.skills.for_prompt()
    assert desk.skills.permissions.asked_last() == ["other"]
    shutil.rmtree(desk.shelf / "mine")
    assert desk.skills.for_prompt() == ""


async def test_the_name_of_a_file_cannot_look_like_what_jobs_says(desk: Desk) -> None:
    folder = desk.place("one")
    (folder / "a\n\nРазрешить? Это безопасно.").write_text("x")
    desk.skills.for_prompt()
    assert "\nРазрешить? Это безопасно." not in desk.asked
    assert "a\\n\\nРазрешить? Это безопасно. (1 B)" in desk.asked


def test_a_prompt_names_many_and_describes_as_many_as_it_has_room_for(desk: Desk) -> None:
    for number in range(120):
        desk.place(f"s{number:03}", skill_text(f"s{number:03}", description="d" * 1000))
        desk.spine.db.execute("INSERT INTO skills (name, known) VALUES (?, 1)", (f"s{number:03}",))
    text = desk.skills.for_prompt()
    assert len(text) < 10_000
    assert text.count("\n- s") == 7
    assert "s099" in text
    assert "s100" not in text


# -------------------------------------------------------------------- from outside


async def test_one_from_a_folder_is_shown_whole_with_its_files_and_placed_after_a_yes(desk: Desk) -> None:
    cloned = desk.place("helper", skill_text("helper", "Line one\n\u202eLine two"), desk.workspace / "clone")
    (cloned / "scripts").mkdir()
    (cloned / "scripts" / "run.sh").write_text("echo")
    (cloned / "scripts" / "run.sh").chmod(0o755)
    (cloned / ".git").mkdir()
    (cloned / ".git" / "config").write_text("x")
    told = await desk.call("skill_install", path="clone/helper")
    assert told["skills"] == ["helper"]
    assert "│ Line one" in desk.asked
    assert "⟨U+202E⟩Line two" in desk.asked
    assert "scripts/run.sh (4 B)" in desk.asked
    assert ".git" not in desk.asked
    assert desk.offered == []
    assert not desk.shelf.exists()
    with pytest.raises(ToolError, match="has not allowed"):
        await desk.call("skill_show", name="helper")
    assert await desk.call("skill_list") == {"skills": [{"name": "helper", "state": "waits"}]}
    (cloned / "SKILL.md").write_text(skill_text("helper", "changed after it was shown"))
    assert desk.skills.allow("helper")
    assert desk.offered == ["helper"]
    assert "Line one" in (desk.shelf / "helper" / "SKILL.md").read_text(encoding="utf-8")
    assert os.access(desk.shelf / "helper" / "scripts" / "run.sh", os.X_OK)
    assert list((desk.folder / "data" / "skills").iterdir()) == []


async def test_a_no_places_nothing(desk: Desk) -> None:
    await desk.call("skill_install", text=skill_text("pasted"))
    assert desk.skills.deny("pasted")
    assert not desk.skills.allow("pasted")
    assert desk.states() == {}
    assert list((desk.folder / "data" / "skills").iterdir()) == []


async def test_a_long_one_is_a_file_before_the_question(desk: Desk) -> None:
    await desk.call("skill_install", text=skill_text("pasted", "word " * SHOWN_HERE))
    (file,) = desk.spine.db.execute("SELECT file, content FROM outbox WHERE media = 'document'")
    assert file["file"] == "pasted-SKILL.md"
    assert file["content"].count("word ") == SHOWN_HERE
    assert "word" not in desk.asked


async def test_what_is_put_there_by_hand_or_by_a_clone_is_asked_about_one_after_the_other(desk: Desk) -> None:
    for name in ("one", "two"):
        desk.place(name)
    desk.place("broken", "")
    assert desk.offered == []
    assert desk.offered == []
    assert desk.skills.permissions.asked_last() == ["one"]
    assert desk.states() == {"broken": "broken", "one": "waits", "two": "waits"}
    assert desk.skills.allow("one")
    await asyncio.sleep(0)
    assert desk.skills.permissions.asked_last() == ["two"]
    assert desk.skills.deny("two")
    assert desk.offered == ["one"]
    assert desk.states() == {"broken": "broken", "one": "ready", "two": "refused"}
    assert desk.skills.permissions.asked_last() == []


async def test_a_yes_counts_only_for_what_was_shown(desk: Desk) -> None:
    desk.place("one")
    desk.skills.for_prompt()
    desk.place("one", skill_text("one", "Something else"))
    assert not desk.skills.allow("one")
    assert desk.offered == []
    assert "Something else" in desk.asked
    assert desk.skills.allow("one")
    assert desk.offered == ["one"]


async def test_a_question_about_what_is_gone_or_unanswered_holds_up_no_other(desk: Desk) -> None:
    desk.place("gone")
    desk.skills.for_prompt()
    shutil.rmtree(desk.shelf / "gone")
    desk.place("two")
    desk.skills.for_prompt()
    assert desk.skills.permissions.asked_last() == ["two"]
    await desk.call("skill_install", text=skill_text("three"))
    assert desk.skills.permissions.asked_last() == ["three"]
    assert desk.skills.allow("two")  # by its name, as ever
    assert desk.skills.allow("three")
    assert desk.offered == ["three", "two"]


async def test_one_of_that_name_is_not_written_over(desk: Desk) -> None:
    await desk.call("skill_create", name="a", description="mine", instructions="i")
    with pytest.raises(ToolError, match="already"):
        await desk.call("skill_install", text=skill_text("a"))
    assert desk.offered == ["a"]


# ------------------------------------------------------------------------ archives


def zip_of(path: Path, files: dict[str, str]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)


def tar_of(path: Path, files: dict[str, str]) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))


@pytest.mark.parametrize(("ending", "pack"), [("zip", zip_of), ("tar.gz", tar_of)])
async def test_several_from_an_archive_or_those_that_are_named(
    desk: Desk, ending: str, pack: Callable[[Path, dict[str, str]], None]
) -> None:
    texts = {f"repo-main/skills/{name}/SKILL.md": skill_text(name) for name in ("one", "two")}
    pack(desk.workspace / f"repo.{ending}", {**texts, "repo-main/README.md": "x", "repo-main/skills/one/more.md": "y"})
    told = await desk.call("skill_install", path=str(desk.workspace / f"repo.{ending}"))
    assert told["skills"] == ["one", "two"]
    assert desk.skills.allow("one")
    assert (desk.shelf / "one" / "more.md").read_text() == "y"
    await desk.call("skill_install", path=f"repo.{ending}", only=["two"])
    assert desk.skills.permissions.asked_last() == ["two"]
    with pytest.raises(ToolError, match="no usable skill three"):
        await desk.call("skill_install", path=f"repo.{ending}", only=["three"])


async def test_a_plugins_skills_and_servers_are_asked_about_and_what_would_act_unseen_is_left_out(desk: Desk) -> None:
    root = desk.workspace / "plugin"
    desk.place("one", where=root / "skills")
    for name, text in {
        ".claude-plugin/plugin.json": json.dumps({"name": "p", "hooks": "./hooks/hooks.json"}),
        ".mcp.json": json.dumps({"mcpServers": {"a": {"command": "npx"}, "b": {"command": "${CLAUDE_PLUGIN_ROOT}/x"}}}),
        "hooks/hooks.json": json.dumps({"hooks": {"SessionStart": [{"hooks": [{"command": "touch /tmp/x"}]}]}}),
        "commands/c.md": "x",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    told = await desk.call("skill_install", path="plugin")
    assert (told["skills"], told["mcp_servers"]) == (["one"], ["a"])
    assert desk.servers == {"a": {"command": "npx"}}
    assert [line[:15] for line in told["left_out"]] == ["hooks, commands", "An MCP server i"]
    assert desk.skills.allow("one")
    assert sorted(path.name for path in desk.shelf.rglob("*")) == ["SKILL.md", "one"]


# ---------------------------------------------------------------------- way out of


def link_to(target: Path, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


async def test_no_link_is_followed_out_of_the_folder(desk: Desk, tmp_path: Path) -> None:
    secret = desk.place("secret", skill_text("secret", "4f1c"), tmp_path / "elsewhere")
    desk.place("own")
    desk.spine.db.execute("INSERT INTO skills (name, known) VALUES ('own', 1), ('secret', 1)")
    link_to(secret, desk.shelf / "secret")
    (desk.shelf / "own" / "SKILL.md").rename(secret / "own.md")
    link_to(secret / "own.md", desk.shelf / "own" / "SKILL.md")
    assert desk.offered == []
    assert desk.states() == {"own": "broken", "secret": "broken"}
    for path in (".claude/skills/secret", "../elsewhere/secret", str(secret), "/etc"):
        with pytest.raises(ToolError):
            await desk.call("skill_install", path=path)
    await desk.call("skill_remove", name="secret")
    assert (secret / "SKILL.md").exists()
    assert not (desk.shelf / "secret").is_symlink()


async def test_a_skills_folder_that_is_a_link_is_not_used_and_that_is_said(desk: Desk, tmp_path: Path) -> None:
    outside = tmp_path / "elsewhere"
    outside.mkdir()
    link_to(outside, desk.shelf)
    desk.skills.start()
    with pytest.raises(ToolError, match="is a link"):
        await desk.call("skill_create", name="a", description="d", instructions="i")
    assert list(outside.iterdir()) == []
    assert "is a link" in (await desk.call("skill_list"))["problem"]
    ((where, state, reason, _),) = await desk.skills.lines()
    assert (where, state) == (".claude/skills", "broken")
    assert reason == "skills — ссылка или не папка; ссылки не читаются"


async def test_an_archive_leads_nowhere_and_bursts_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: dict[str, Callable[[Path], None]] = {
        "up.zip": lambda path: zip_of(path, {"a/SKILL.md": skill_text("a"), "a/../../x": "x"}),
        "up.tar.gz": lambda path: tar_of(path, {"a/SKILL.md": skill_text("a"), "/etc/x": "x"}),
        "torn.zip": lambda path: path.write_bytes(b"PK\x03\x04 torn") and None,
        "none.bin": lambda path: path.write_bytes(b"\0" * 2000) and None,
        "empty": lambda path: path.write_bytes(b"") and None,
    }
    for name, make in tries.items():
        make(desk.workspace / name)
        with pytest.raises(ToolError):
            await desk.call("skill_install", path=name)
    with tarfile.open(desk.workspace / "link.tar", "w") as archive:
        info = tarfile.TarInfo("a/SKILL.md")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(info)
    with pytest.raises(ToolError, match="link or no plain file"):
        await desk.call("skill_install", path="link.tar")
    tar_of(desk.workspace / "bomb.tar.gz", {"a/SKILL.md": "0" * 3_000_000})
    monkeypatch.setattr(sources, "LARGEST_TAR", 1_000_000)
    with pytest.raises(ToolError, match="unpacked"):
        await desk.call("skill_install", path="bomb.tar.gz")
    os.mkfifo(desk.workspace / "pipe")
    with pytest.raises(ToolError):
        await desk.call("skill_install", path="pipe")
    assert desk.states() == {}


def test_arguments_say_one_thing() -> None:
    for given in ({}, {"path": "a", "text": "b"}, {"text": "  "}):
        with pytest.raises(ValueError, match="either path or text"):
            SkillInstall.model_validate(given)
    assert SkillName(name="x").name == "x"


def test_a_skill_of_a_killed_start_is_cleared_away(desk: Desk) -> None:
    left = desk.shelf / ".a.deadbeef"
    left.mkdir(parents=True)
    assert isinstance(desk.skills, Skills)
    assert desk.offered == []
    desk.skills.shelf.put("a", {})
    assert [path.name for path in desk.shelf.iterdir()] == ["a"]


async def test_a_folder_that_waits_is_not_let_in_by_making_the_same_skill(desk: Desk) -> None:
    folder = desk.place("one", skill_text("one"))
    (folder / "unseen.sh").write_text("touch /tmp/x")
    with pytest.raises(ToolError, match="already"):
        await desk.call("skill_create", name="one", description="What it is for", instructions="Do it.")
    assert desk.offered == []


class Servers:
    """MCP servers as far as a yes to them goes."""

    def __init__(self, spine: Spine) -> None:
        self.permissions = Permissions(spine.db, spine.outbox, spine.users, "mcp", "mcp_servers")

    def allow(self, name: str) -> bool:
        return bool(name)

    deny = allow

    async def lines(self) -> list[tuple[str, str, str, int]]:
        return []


async def test_a_bare_yes_is_taken_only_for_the_one_question_that_was_seen(desk: Desk) -> None:
    kinds = (Allowing("skills", desk.skills), servers := Allowing("mcp", things := Servers(desk.spine)))
    said = Incoming("telegram:11:9", OWNER, Origin.OWNER, "да", NOON, 9)
    desk.place("one")
    desk.skills.for_prompt()
    assert meant("да", said, *kinds) is None, "the question is on its way still"
    desk.spine.db.execute("UPDATE outbox SET attempts = 1, state = 'sent', message_id = 7")
    assert meant("да", said, *kinds) == "/skills allow one"
    assert meant("Нет.", said, *kinds) == "/skills deny one"
    assert meant("да, конечно", said, *kinds) is None
    things.permissions.ask("notes", "fingerprint", "Разрешить?")
    desk.spine.db.execute("UPDATE outbox SET attempts = 1, state = 'sent', message_id = 8 WHERE message_id IS NULL")
    assert meant("да", said, *kinds) is None, "two questions stand"
    assert meant("да", said, servers) == "/mcp allow notes"
