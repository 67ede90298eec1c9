"""What of a source is a skill, and what of a plugin is left out.

A plugin is a folder with `.claude-plugin/plugin.json` (the format of Claude Code): of what it may bring, its skills are
installed, its MCP servers go to the owner as those of `mcp_install` do, and what would run or speak unseen is left out.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from jobs.skills.shelf import LARGEST, MOST_FILES, Bundle, as_text
from jobs.skills.skill import SKILL_FILE, SkillError, parse_skill
from jobs.skills.sources import Source

MOST_SKILLS = 20
"""Skills that are taken from one source at once: the owner has to read each."""
PLUGIN = ".claude-plugin/plugin.json"
LARGEST_JSON = 1_000_000
UNSEEN = ("hooks", "commands", "agents", "outputStyles", "lspServers")
"""Parts of a plugin that would act or speak in the owner's session without being seen: they are not installed."""
PLUGIN_ROOT = "${CLAUDE_PLUGIN_ROOT}"
"""How a plugin's server names a program of the plugin's own, which is not installed."""


@dataclass(frozen=True)
class Found:
    skills: dict[str, Bundle]
    """By the name that each has in its front matter."""
    servers: dict[str, dict[str, Any]] = field(default_factory=dict)
    """MCP servers of a plugin, as entries of mcp_servers.json."""
    left_out: tuple[str, ...] = ()
    """What of it is not installed, a sentence each."""


def find_skills(given: Source, only: Sequence[str] = ()) -> Found:
    """All skills of a source, or only those of these names. Raises SkillError when one of them cannot be used."""
    roots = _roots(given.paths)
    skills: dict[str, Bundle] = {}
    wrong: list[str] = []
    for root in roots:
        try:
            text = as_text(given.read(_at(root, SKILL_FILE), LARGEST))
            name = parse_skill(text).name
            if only and name not in only:
                continue
            if name in skills:
                raise SkillError(f"two skills in it are called {name}")
            skills[name] = _bundle(given, root)
        except SkillError as error:
            wrong.append(str(error))
        if len(skills) > MOST_SKILLS:
            raise SkillError(f"it has more than {MOST_SKILLS} skills; name those that are wanted in `only`")
    if missing := sorted(set(only) - skills.keys()):
        raise SkillError(f"it has no usable skill {', '.join(missing)}" + "".join(f"; {each}" for each in wrong[:3]))
    if not skills:
        raise SkillError("; ".join(wrong[:3]) if wrong else f"there is no {SKILL_FILE} in it")
    servers, left_out = _of_plugin(given)
    return Found(skills, servers, (*(f"A skill is left out: {each}." for each in wrong[:3]), *left_out))


def _roots(paths: Sequence[str]) -> list[str]:
    """The folders that have a SKILL.md; one within another is a part of that."""
    roots: list[str] = []
    for path in sorted(paths, key=lambda path: path.count("/")):
        root, _, name = path.rpartition("/")
        if name == SKILL_FILE and not any(_is_in(root, outer) for outer in roots):
            roots.append(root)
    return sorted(roots)


def _bundle(given: Source, root: str) -> Bundle:
    paths = [path for path in given.paths if _is_in(path, root)]
    if len(paths) > MOST_FILES:
        raise SkillError(f"a skill in it has more than {MOST_FILES} files")
    bundle: Bundle = {}
    left = LARGEST
    for path in paths:
        bundle[path.removeprefix(f"{root}/" if root else "")] = file = given.read(path, left)
        left -= len(file.content)
    return bundle


def _of_plugin(given: Source) -> tuple[dict[str, dict[str, Any]], tuple[str, ...]]:
    manifests = [path for path in given.paths if path == PLUGIN or path.endswith(f"/{PLUGIN}")]
    if len(manifests) != 1:  # none, or a collection, of which only the skills are taken
        return {}, ()
    root = manifests[0].removesuffix(PLUGIN).rstrip("/")
    manifest = _json(given, manifests[0])
    inside = {path.removeprefix(f"{root}/" if root else "").partition("/")[0] for path in given.paths}
    unseen = [part for part in UNSEEN if part in manifest or part in inside]
    left_out = [f"{', '.join(unseen)}: these would run or speak unseen, and are not installed."] if unseen else []
    servers = manifest.get("mcpServers", ".mcp.json")
    if isinstance(servers, str):
        path = _at(root, str(PurePosixPath(servers)))
        servers = _json(given, path) if path in given.paths else {}
        servers = servers.get("mcpServers", servers)
    wanted: dict[str, dict[str, Any]] = {}
    for name, entry in servers.items() if isinstance(servers, dict) else ():
        if PLUGIN_ROOT in json.dumps(entry):
            left_out.append("An MCP server is left out: it is a program of the plugin's own, which is not installed.")
        else:
            wanted[name] = entry
    return wanted, tuple(left_out)


def _json(given: Source, path: str) -> dict[str, Any]:
    try:
        value = json.loads(given.read(path, LARGEST_JSON).content)
    except (ValueError, RecursionError):
        raise SkillError(f"its {PurePosixPath(path).name} is no JSON") from None
    if not isinstance(value, dict):
        raise SkillError(f"its {PurePosixPath(path).name} has to be an object")
    return value


def _at(root: str, name: str) -> str:
    return f"{root}/{name}" if root else name


def _is_in(path: str, root: str) -> bool:
    return not root or path == root or path.startswith(f"{root}/")
