"""What the documentation lists is what the program has: settings, commands, files, packages."""

import re
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest
import typer
from tests.support import spine_in
from typer.core import TyperGroup

from jobs.cli import cli
from jobs.config import Settings
from jobs.telegram.commands.decisions import Decisions
from jobs.texts import CATALOGUE
from jobs.users.turn_report import Outcome
from jobs.web.metrics import exposition
from jobs.web.vitals import Vitals

ROOT = Path(__file__).parents[1]
READMES = ("README.md", "README.ru.md")
PAGES = (*READMES, "benchmarks/README.md", *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")))
SAID_IN_WORDS = ("mcp_registry_url",)
"""Settings whose default the READMEs describe."""


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def rows(name: str) -> list[list[str]]:
    """The cells of each row of a page's tables."""
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in read(name).splitlines() if line[:1] == "|"
    ]


# ------------------------------------------------------------------------ settings


def shown_defaults(readme: str) -> dict[str, str]:
    """By setting, as a README's table says it."""
    found: dict[str, str] = {}
    for cells in rows(readme):
        if names := re.match(r"`[A-Z_]+`", cells[0]) and re.findall(r"`([A-Z_]+)`", cells[0]):
            parts = cells[-1].split(", ")
            found.update(zip(names, parts if len(parts) == len(names) else [cells[-1]] * len(names), strict=True))
    return found


def defaults() -> dict[str, object]:
    """Of the settings whose default is a value, by its name."""
    return {
        name: field.default
        for name, field in Settings.model_fields.items()
        if field.default_factory is None and name not in SAID_IN_WORDS
    }


@pytest.mark.parametrize("readme", READMES)
def test_a_readme_has_every_setting_with_its_default(readme: str) -> None:
    shown = shown_defaults(readme)
    assert shown.keys() == {name.upper() for name in Settings.model_fields}
    for name, default in defaults().items():
        said = shown[name.upper()]
        if default not in (None, "", ()) or said == "off":
            assert getattr(Settings(_env_file=None, **{name: said}), name) == default, name


def test_the_example_has_every_setting_with_its_default() -> None:
    shown, comments, comment, was_setting = shown_defaults(READMES[0]), {}, "", False
    for line in read(".env.example").splitlines():
        if line.startswith("#"):
            comment = f"{'' if was_setting else comment} {line}"
        elif line:
            comments[line.removesuffix("=")] = comment
        was_setting = not line.startswith("#")
    assert comments.keys() == {name.upper() for name in Settings.model_fields}
    for name, default in defaults().items():
        if default not in (None, "", ()):
            said = re.escape(shown[name.upper()])
            assert re.search(rf"\((?:[^)]*[ ,])?{said}\b[^)]*\)", comments[name.upper()]), name


# ------------------------------------------------------------------------ commands


def terminal_commands(group: TyperGroup, above: str = "./jobs") -> Iterator[tuple[str, set[str]]]:
    """Each as it is typed, with its options."""
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from terminal_commands(command, f"{above} {name}")
        else:
            options = {option for parameter in command.params for option in parameter.opts if option.startswith("--")}
            yield f"{above} {name}", options


@pytest.mark.parametrize("readme", READMES)
def test_a_readme_has_every_command_of_the_terminal_with_its_options(readme: str) -> None:
    group = typer.main.get_command(cli)
    assert isinstance(group, TyperGroup)
    for typed, options in terminal_commands(group):
        told = " ".join(" ".join(cells) for cells in rows(readme) if re.search(rf"`{typed}\b", cells[0]))
        assert told, typed
        assert {option for option in options if not re.search(rf"{option}\b", told)} == set(), typed


@pytest.mark.parametrize("readme", READMES)
def test_a_readme_has_every_command_of_the_chat(readme: str, tmp_path: Path) -> None:
    with spine_in(tmp_path) as spine:
        names = {command.name for command in Decisions(spine.tasks()).table()}
    names |= {match[1] for key in CATALOGUE if (match := re.fullmatch(r"command_(\w+)_(?:owner|external)", key))}
    assert {name for name in names if not re.search(rf"`/{name}\b", read(readme))} == set()


# ------------------------------------------------------------------ files and packages


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_a_page_names_exists(page: str) -> None:
    folders = ("src", "tests", "benchmarks", "scripts", "container")
    files = [f"/{path.relative_to(ROOT)}" for folder in folders for path in (ROOT / folder).rglob("*")]
    named = re.findall(r"`([\w./*-]+\.(?:py|sh|sql))`", read(page))
    assert [name for name in named if not any(fnmatch(file, f"*/{name}") for file in files)] == []
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", read(page))
    assert [link for link in links if not (ROOT / page).parent.joinpath(link).exists()] == []


def test_the_architecture_names_every_package() -> None:
    (table,) = re.findall(r"\| package \|.*\n\|---.*\n((?:\|.*\n)+)", read("docs/architecture.md"))
    named = {name for line in table.splitlines() for name in re.findall(r"`([\w./]+)`", line.split("|")[1])}
    there = {f"{path.name}/" if path.is_dir() else path.name for path in (ROOT / "src/jobs").glob("[!_]*")}
    assert named == {*there, "jobs_simulator/"}


def test_the_architecture_has_the_arrows_that_are_held() -> None:
    (contract, *_) = tomllib.loads(read("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    held = [set(layer.replace("jobs.", "").split(" | ")) for layer in contract["layers"]]
    (arrows,) = re.findall(r"```\n(cli ─▶[^`]*?)\n\n", read("docs/architecture.md"))
    assert [set(layer.split(" · ")) for layer in re.split(r"\s*─▶\s*", arrows)] == held


# ----------------------------------------------------------------------- operations


def test_the_log_has_the_lines_that_are_explained() -> None:
    (table,) = re.findall(r"\| line \| means \|\n\|---.*\n((?:\|.*\n)+)", read("docs/operations.md"))
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src/jobs").rglob("*.py"))
    for line in re.findall(r"^\| `(.+?)` \|", table, re.MULTILINE):
        _, is_outcome, outcome = line.partition("outcome=")
        assert (outcome in list(Outcome)) if is_outcome else (f'"{line}' in source), line


def test_the_metrics_have_the_figures_that_are_named(tmp_path: Path) -> None:
    with spine_in(tmp_path) as spine:
        names = set(re.findall(r"^# TYPE (\w+)", exposition(Vitals(spine.db)).decode(), re.MULTILINE))
    assert set(re.findall(r"`(jobs_\w+)`", read("docs/operations.md"))) <= names
