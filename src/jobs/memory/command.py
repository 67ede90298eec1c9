"""`./jobs memory …`: search and upkeep without Telegram and without a model."""

import json
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import apsw
import typer

from jobs import config
from jobs.called import complain
from jobs.config import Settings
from jobs.texts import at_terminal
from jobs.times import now

if TYPE_CHECKING:  # what searches is loaded by the command that does: the other ones start without it
    from jobs.memory.engine import Engine
    from jobs.memory.search import Hit

cli = typer.Typer(
    help="Search and keep the memory: MEMORY.md, the day logs, notes, conversations.", no_args_is_help=True
)

EMBED_SECONDS = 20.0
"""How long one search may spend on passages that have no vector yet; the rest is found by words until it has."""


@cli.command()
def search(
    query: Annotated[str, typer.Argument(help="Any text, Russian or English.")] = "",
    person: Annotated[str | None, typer.Option(help="Only what this person said, was told or is named in.")] = None,
    since: Annotated[
        str | None, typer.Option(help="Only from this day on: 2026-11-22; also “last week”, “март”, 2026-03.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Only up to this day, or the end of such a stretch.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many passages.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a query.")] = False,
    queries: Annotated[
        Path | None, typer.Option(help="A file with a query a line; prints a JSON line for each.")
    ] = None,
) -> None:
    """Find passages by words and by meaning, best first. Exit codes: 0; 2 a wrong argument, the settings or a file."""
    from jobs.memory.search import Wanted

    if bool(query.strip()) == bool(queries):
        _refuse("memory_query_or_file")
    try:
        asked = [query] if queries is None else _lines_of(queries)
    except OSError as error:
        _refuse("memory_queries_unreadable", path=queries, why=error.strerror)
    settings = config.load_with_data()
    days = [_day(since, settings, 0), _day(until, settings, 1)]
    with _engine(settings) as engine:
        engine.index.refresh()
        engine.embed(EMBED_SECONDS if queries is None else float("inf"), _progress)
        for text in asked:
            hits = engine.search(Wanted(text, limit, person, since=days[0], until=days[1]))
            if as_json or queries:
                print(
                    json.dumps({"query": text, "hits": [asdict(hit) for hit in hits]}, ensure_ascii=False), flush=True
                )
            else:
                _print(hits)


@cli.command()
def reindex() -> None:
    """Make the index anew from the files and Jobs' records, and print its counts."""
    with _engine(config.load_with_data()) as engine:
        _print_stats(engine.reindex(_progress))


@cli.command()
def stats(as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False) -> None:
    """Print what is in the index."""
    with _engine(config.load_with_data()) as engine:
        engine.index.refresh()
        found = engine.index.stats()
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
    else:
        _print_stats(found)


@contextmanager
def _engine(settings: Settings) -> "Iterator[Engine]":
    """The engine, closed at the end; what the disk refuses is one sentence."""
    from jobs.memory.engine import Engine, places_of

    if not settings.workspace_dir.is_dir():
        _refuse("setting_data_no_folder", name="WORKSPACE_DIR", path=settings.workspace_dir)
    try:
        with closing(Engine.open(places_of(settings))) as engine:
            yield engine
    except BrokenPipeError:
        raise  # whoever reads what is printed has enough
    except (OSError, apsw.Error) as error:
        _refuse("memory_no_index", path=settings.data_dir, why=getattr(error, "strerror", None) or error)


def _day(text: str | None, settings: Settings, end: int) -> date | None:
    """The first day of what is meant, or with `end` 1 its last."""
    from jobs.memory.periods import period

    if text is None:
        return None
    days = period(text, now().astimezone(settings.tz).date())
    return days[end] if days else _refuse("memory_no_day", text=text)


def _lines_of(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8", errors="replace")
    return [line.rstrip("\r") for line in text.removesuffix("\n").split("\n")]


def _print(hits: "list[Hit]") -> None:
    for hit in hits:
        lines = f"{hit.line_start}-{hit.line_end}" if hit.line_end > hit.line_start else str(hit.line_start)
        about = ", ".join(part for part in (hit.date, hit.source) if part)
        print(f"{hit.path}:{lines}  ({about})  {hit.score:.2f}")
        print("    " + hit.text.replace("\n", "\n    "))
    if not hits:
        print(at_terminal("memory_nothing"))


def _print_stats(found: dict[str, Any]) -> None:
    for kind, count in found["documents"].items():
        print(at_terminal(f"memory_count_{kind}", count=count))
    print(at_terminal("memory_counts", **found))
    print(
        at_terminal("memory_embedder", name=found["embedder"])
        if found["embedder"]
        else at_terminal("memory_words_only")
    )


def _progress(left: int) -> None:
    if sys.stderr.isatty() and left:
        print(f"\r{at_terminal('memory_left', left=left)}   ", end="", file=sys.stderr, flush=True)


def _refuse(key: str, **values: object) -> NoReturn:
    complain(at_terminal(key, **values))
    raise SystemExit(2)
