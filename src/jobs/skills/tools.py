"""The owner's tools on skills."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Self

from pydantic import BaseModel, Field, model_validator

from jobs.skills.found import Found, find_skills
from jobs.skills.keeper import FOLDER, Skills
from jobs.skills.shelf import File
from jobs.skills.skill import (
    LONGEST_DESCRIPTION,
    LONGEST_NAME,
    LONGEST_TEXT,
    NAME,
    SKILL_FILE,
    Skill,
    SkillError,
    parse_skill,
)
from jobs.skills.sources import source
from jobs.spine.tool import Effect, NoArguments, Tool, ToolError

ASKED = (
    "The owner is shown each whole and asked to allow it; until then it is not offered, and you need not ask again. "
    "From the next message on an allowed one stands in your list."
)

SKILL_NAME = Field(max_length=LONGEST_NAME, pattern=f"^{NAME}$", description="Such as weekly-report")
DESCRIPTION = "What it is for and when to use it, in a sentence or two: by this it is found"
INSTRUCTIONS = "Markdown: how the work is done, step by step, with the names of the tools"

AddServer = Callable[[str, dict[str, Any]], None]
"""Adds an MCP server, which the owner is asked about. Raises ToolError."""


class SkillCreate(BaseModel):
    name: str = SKILL_NAME
    description: str = Field(min_length=1, max_length=LONGEST_DESCRIPTION, description=DESCRIPTION)
    instructions: str = Field(min_length=1, max_length=LONGEST_TEXT - 10_000, description=INSTRUCTIONS)


class SkillEdit(BaseModel):
    name: str = SKILL_NAME
    description: str | None = Field(None, min_length=1, max_length=LONGEST_DESCRIPTION, description=DESCRIPTION)
    instructions: str | None = Field(
        None, min_length=1, max_length=LONGEST_TEXT - 10_000, description=f"{INSTRUCTIONS}. All of it, not a part"
    )

    @model_validator(mode="after")
    def _says_what(self) -> Self:
        if self.description is None and self.instructions is None:
            raise ValueError("say what changes: description, instructions or both")
        return self


class SkillName(BaseModel):
    name: str = Field(min_length=1, max_length=200)


class SkillInstall(BaseModel):
    path: str = Field(
        "", description="A folder or an archive (zip, tar) of the workspace: a skill, several, or a plugin"
    )
    text: str = Field("", max_length=LONGEST_TEXT, description=f"Or a whole {SKILL_FILE}, word for word")
    only: list[str] = Field(default_factory=list, max_length=20, description="Names, when not all of them are wanted")

    @model_validator(mode="after")
    def _says_what(self) -> Self:
        if bool(self.path) == bool(self.text.strip()):
            raise ValueError("give either path or text")
        return self


class SkillTools:
    def __init__(self, skills: Skills, add_server: AddServer) -> None:
        self._skills = skills
        self._add_server = add_server

    def tools(self) -> list[Tool[Any]]:
        return [
            Tool(
                "skill_create",
                "Keep a way of working as a skill of the owner's: for what they want done the same way again.",
                SkillCreate,
                self.create,
                has_effect=True,
            ),
            Tool("skill_list", "All skills, and what is wrong with those that are broken.", NoArguments, self.list),
            Tool("skill_show", "A skill: its instructions, and the files beside it.", SkillName, self.show),
            Tool("skill_edit", "Change a skill's description or instructions.", SkillEdit, self.edit, has_effect=True),
            Tool(
                "skill_remove",
                "Remove a skill with all its files, for good.",
                SkillName,
                self.remove,
                has_effect=True,
            ),
            Tool(
                "skill_install",
                "Install a skill that somebody else wrote, from a folder, an archive or its text. The owner is asked.",
                SkillInstall,
                self.install,
                has_effect=True,
            ),
        ]

    async def create(self, call: SkillCreate) -> Effect:
        def effect() -> Any:
            with _told():
                self._skills.create(Skill(call.name, " ".join(call.description.split()), call.instructions.strip()))
            return {"created": call.name, "path": f"{FOLDER}/{call.name}/{SKILL_FILE}"}

        return effect

    async def list(self, _: NoArguments) -> Any:
        told = [
            {"name": each.name, "state": each.word, "reason": str(each.wrong or ""), "description": each.description}
            for each in self._skills.states()
        ]
        problem = self._skills.problem
        return {
            "skills": [{key: value for key, value in each.items() if value} for each in told],
            **({"problem": f"no skill can be used: {problem}"} if problem else {}),
        }

    async def show(self, call: SkillName) -> Any:
        with _told():
            skill = self._skills.get(call.name)
            return {
                "name": skill.name,
                "description": skill.description,
                "instructions": skill.instructions,
                "folder": f"{FOLDER}/{skill.name}",
                "files": [path.encode("utf-8", "replace").decode() for path in self._skills.shelf.files(skill.name)],
            }

    async def edit(self, call: SkillEdit) -> Effect:
        with _told():
            self._skills.get(call.name)

        def effect() -> Any:
            with _told():
                skill = self._skills.get(call.name)
                if call.description is not None:
                    skill = replace(skill, description=" ".join(call.description.split()))
                if call.instructions is not None:
                    skill = replace(skill, instructions=call.instructions.strip())
                self._skills.rewrite(skill)
            return {"changed": call.name}

        return effect

    async def remove(self, call: SkillName) -> Effect:
        if not any(each.name == call.name for each in self._skills.states()) and not self._skills.is_known(call.name):
            raise ToolError(f"There is no skill {call.name}; skill_list tells those there are.")

        def effect() -> Any:
            with _told():
                self._skills.remove(call.name)
            return {"removed": call.name}

        return effect

    async def install(self, call: SkillInstall) -> Effect:
        with _told():
            if call.path:
                found = await asyncio.to_thread(self._find, call)
            else:
                bundle = {SKILL_FILE: File(call.text.encode("utf-8", "replace"))}
                found = Found({parse_skill(call.text).name: bundle})

        def effect() -> Any:
            with _told():
                self._skills.stage(found.skills)
            left_out = list(found.left_out)
            added = []
            for name, entry in found.servers.items():
                try:
                    self._add_server(name, entry)
                    added.append(name)
                except ToolError:  # the reason may repeat words of the plugin's
                    left_out.append("An MCP server is left out: it cannot be used as it stands, or is there already.")
            told = {"skills": sorted(found.skills), "mcp_servers": added, "left_out": left_out, "note": ASKED}
            return {key: value for key, value in told.items() if value}

        return effect

    def _find(self, call: SkillInstall) -> Found:
        with source(self._skills.workspace, call.path) as given:
            return find_skills(given, call.only)


@contextmanager
def _told() -> Iterator[None]:
    """What is wrong with a skill or its folder becomes the tool's answer."""
    try:
        yield
    except SkillError as error:
        reason = str(error)
        raise ToolError(f"{reason[:1].upper()}{reason[1:]}.") from None
    except OSError as error:
        raise ToolError(f"The skills' folder cannot be used ({error.strerror}).") from None
