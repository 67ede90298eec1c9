"""SKILL.md: a front matter in YAML with name and description, then instructions (the format of agentskills.io)."""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import yaml

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
    """A skill, or what is to become one, cannot be used; one sentence that says why."""


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

    Raises SkillError. The reason never repeats what the file says but for its name.
    """
    if len(text) > LONGEST_TEXT:
        raise SkillError(f"its {SKILL_FILE} is longer than {LONGEST_TEXT} characters")
    parts = _PARTS.match(text.removeprefix("\ufeff").replace("\r\n", "\n"))
    if parts is None:
        raise SkillError(f"its {SKILL_FILE} does not begin with a front matter between two lines of ---")
    head = _head(parts["head"])
    name, description = head.pop("name", None), head.pop("description", None)
    if not isinstance(name, str) or not is_name(name):
        raise SkillError("its name has to be 1 to 64 small Latin letters, digits and single hyphens")
    if folder is not None and name != folder:
        raise SkillError(f"it is called {name}, but its folder is called otherwise; give both the same name")
    if not isinstance(description, str) or not description.strip():
        raise SkillError("it has no description, which has to be a text")
    if len(description) > LONGEST_DESCRIPTION:
        raise SkillError(f"its description is longer than {LONGEST_DESCRIPTION} characters")
    if not parts["body"].strip():
        raise SkillError("it has no instructions under its front matter")
    return Skill(name, " ".join(description.split()), parts["body"].strip(), head)


def _head(text: str) -> dict[str, Any]:
    if len(text) > LONGEST_HEAD:
        raise SkillError(f"its front matter is longer than {LONGEST_HEAD} characters")
    try:
        _check_depth(text)
        head = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        # Counted from 0, and after the line of ---. Mostly it is an unquoted ": " in a description.
        line = error.problem_mark.line + 2 if error.problem_mark else 2
        problem = error.problem if error.problem and "'" not in error.problem else "not understood"  # it may quote
        raise SkillError(
            f"line {line} of its {SKILL_FILE} is no YAML ({problem}); a text with a colon in it needs quotes"
        ) from None
    except (yaml.YAMLError, ValueError):  # a control character, the date 2026-99-99
        raise SkillError("its front matter is no YAML") from None
    if not isinstance(head, dict):
        raise SkillError("its front matter has to be lines of the form name: value")
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
            raise SkillError(f"its front matter is nested more than {DEEPEST} deep")
