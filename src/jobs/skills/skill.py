"""SKILL.md: a front matter in YAML with name and description, then instructions (the format of agentskills.io)."""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import yaml

from jobs.texts import Refusal

SKILL_FILE = "SKILL.md"
NAME = "[a-z0-9]+(?:-[a-z0-9]+)*"
"""The format's rule for names, as a regular expression; the folder is called the same."""
LONGEST_NAME = 64
LONGEST_DESCRIPTION = 1024
"""Characters; the format's own bound."""
LONGEST_HEAD = 8000
"""Characters of a front matter that is read at all."""
DEEPEST = 20
"""Lists and tables within each other in a front matter."""
LONGEST_TEXT = 100_000
"""Characters of a SKILL.md."""

_PARTS = re.compile(r"\A---[ \t]*\n(?P<head>.*?)^---[ \t]*$\n?(?P<body>.*)\Z", re.DOTALL | re.MULTILINE)


class SkillError(Exception):
    """A skill, or what is to become one, cannot be used; one sentence for a session that says why."""


class Broken(SkillError, Refusal):
    """What is wrong with a skill, or with its folder; the owner hears of it too, in their language."""

    def __init__(self, key: str, **values: object) -> None:
        """`key`: a text of the catalogue, without the `skill_` before it, and what is filled into that."""
        super().__init__(f"skill_{key}", **values)


@dataclass(frozen=True)
class Skill:
    name: str
    description: str
    instructions: str
    more: dict[str, Any] = field(default_factory=dict)
    """What else stands in the front matter; kept as it is."""

    @property
    def text(self) -> str:
        """The whole SKILL.md."""
        head = {"name": self.name, "description": self.description, **self.more}
        shown = yaml.safe_dump(head, allow_unicode=True, sort_keys=False, width=LONGEST_TEXT)
        return f"---\n{shown}---\n\n{self.instructions.strip()}\n"


def is_name(text: str) -> bool:
    """Whether a skill may be called so."""
    return len(text) <= LONGEST_NAME and bool(re.fullmatch(NAME, text))


@lru_cache(maxsize=256)
def parse_skill(text: str, folder: str | None = None) -> Skill:
    """Read and check a SKILL.md. `folder`: the name of the folder it lies in, which has to be its own.

    Raises Broken. The reason never repeats what the file says but for its name.
    """
    if len(text) > LONGEST_TEXT:
        raise Broken("text_long", most=LONGEST_TEXT)
    parts = _PARTS.match(text.removeprefix("\ufeff").replace("\r\n", "\n"))
    if parts is None:
        raise Broken("no_head")
    head = _head(parts["head"])
    name, description = head.pop("name", None), head.pop("description", None)
    if not isinstance(name, str) or not is_name(name):
        raise Broken("name_wrong")
    if folder is not None and name != folder:
        raise Broken("name_other", name=name)
    if not isinstance(description, str) or not description.strip():
        raise Broken("no_description")
    if len(description) > LONGEST_DESCRIPTION:
        raise Broken("description_long", most=LONGEST_DESCRIPTION)
    if not parts["body"].strip():
        raise Broken("no_instructions")
    return Skill(name, " ".join(description.split()), parts["body"].strip(), head)


def _head(text: str) -> dict[str, Any]:
    if len(text) > LONGEST_HEAD:
        raise Broken("head_long", most=LONGEST_HEAD)
    try:
        _check_depth(text)
        head = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        # Counted from 0, and after the line of ---. Mostly it is an unquoted ": " in a description.
        line = error.problem_mark.line + 2 if error.problem_mark else 2
        raise Broken("line_wrong", line=line) from None
    except (yaml.YAMLError, ValueError):  # a control character, the date 2026-99-99
        raise Broken("head_wrong") from None
    if not isinstance(head, dict):
        raise Broken("head_no_table")
    return {str(key): value for key, value in head.items()}


_BEGIN = (
    yaml.FlowSequenceStartToken,
    yaml.FlowMappingStartToken,
    yaml.BlockSequenceStartToken,
    yaml.BlockMappingStartToken,
)
_END = (yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken, yaml.BlockEndToken)


def _check_depth(text: str) -> None:
    """Thousands of open brackets would take PyYAML seconds, and all of its stack."""
    depth = 0
    for token in yaml.scan(text, Loader=yaml.SafeLoader):
        depth += isinstance(token, _BEGIN) - isinstance(token, _END)
        if depth > DEEPEST:
            raise Broken("head_deep", most=DEEPEST)
