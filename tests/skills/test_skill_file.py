"""SKILL.md: what is a skill, and what is said of a broken one."""

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.memory.tools import MemoryAppend, MemorySearch
from jobs.skills.keeper import SHIPPED
from jobs.skills.skill import LONGEST_TEXT, Skill, SkillError, parse_skill
from jobs.tools.schedule_tools import ScheduleTask
from jobs.users.access import TOOLS
from jobs.users.tools_tasks import BoundsGiven, CreateUserTask, UpdateUserTask

GOOD = "---\nname: weekly-report\ndescription: Writes the report\n---\n\n# Steps\n\n1. Do it.\n"


def test_name_description_and_instructions_are_read_and_other_fields_are_kept() -> None:
    text = GOOD.replace("description:", "license: MIT\nmetadata:\n  version: '1.0'\ndescription:")
    skill = parse_skill(text, "weekly-report")
    assert (skill.name, skill.description, skill.instructions) == (
        "weekly-report",
        "Writes the report",
        "# Steps\n\n1. Do it.",
    )
    assert parse_skill(skill.text, "weekly-report").more == {"license": "MIT", "metadata": {"version": "1.0"}}


def test_line_ends_of_windows_and_a_byte_order_mark_are_no_obstacle() -> None:
    assert parse_skill("\ufeff" + GOOD.replace("\n", "\r\n"), "weekly-report").name == "weekly-report"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("name: weekly-report", "name: other"), "its folder is called otherwise"),
        (("name: weekly-report", "name: Weekly Report"), "small Latin letters"),
        (("name: weekly-report", "name: a--b"), "small Latin letters"),
        (("name: weekly-report", f"name: {'a' * 65}"), "1 to 64"),
        (("name: weekly-report", "title: x"), "its name has to be"),
        (("Writes the report", "Use when: always"), "line 3 of its SKILL.md is no YAML"),
        (("Writes the report", ""), "no description"),
        (("Writes the report", "[1, 2]"), "no description"),
        (("Writes the report", "a" * 1025), "longer than 1024"),
        (("Writes the report", "!!python/object/apply:os.system [id]"), "no YAML"),
        (("Writes the report", "[" * 5000), "nested more than 20 deep"),
        (("description: Writes the report", "- " * 3000), "nested more than 20 deep"),
        (("Writes the report", "a" * 9000), "front matter is longer"),
        (("Writes the report", "2026-99-99"), "no YAML"),
        (("---\n\n# Steps\n\n1. Do it.\n", "---\n"), "no instructions"),
        (("---\nname", "name"), "front matter between two lines"),
        ((GOOD, "---\n- a\n---\nx"), "lines of the form"),
        (("1. Do it.", "a" * LONGEST_TEXT), "longer than"),
    ],
)
def test_a_broken_one_is_refused_with_the_reason(change: tuple[str, str], reason: str) -> None:
    with pytest.raises(SkillError, match=re.escape(reason)):
        parse_skill(GOOD.replace(*change), "weekly-report")


@given(st.text())
def test_whatever_stands_in_the_file_it_is_a_skill_or_a_reason(text: str) -> None:
    for whole in (text, f"---\n{text}\n---\nx"):
        with suppress(SkillError):
            parse_skill(whole)


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=200),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1),
)
def test_what_a_session_writes_down_is_read_back_as_it_was(description: str, instructions: str) -> None:
    skill = Skill("x", " ".join(description.split()), instructions.strip())
    if skill.description and skill.instructions:
        assert parse_skill(skill.text, "x") == skill


FIELDS = {
    name
    for model in (CreateUserTask, BoundsGiven, UpdateUserTask, ScheduleTask, MemorySearch, MemoryAppend)
    for name in model.model_fields
}


@pytest.mark.parametrize("folder", sorted(path.name for path in SHIPPED.iterdir()))
def test_a_shipped_one_is_whole_and_names_only_tools_and_arguments_that_there_are(folder: str) -> None:
    skill = parse_skill((SHIPPED / folder / "SKILL.md").read_text(encoding="utf-8"), folder)
    named = {part for word in re.findall(r"`([a-z_.]+)`", skill.instructions) for part in word.split(".")}
    assert named - FIELDS <= TOOLS.keys()
    assert len(named & TOOLS.keys()) >= 4
