"""The checks in order, printed or as JSON; `--fix` does what is safe."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial

import apsw

from jobs import log
from jobs.aside import shown
from jobs.config import Settings, SettingsError
from jobs.db import DatabaseError, open_as_is
from jobs.doctor import machine, others
from jobs.doctor.finding import Finding, Level, fail, ok
from jobs.masks import Masks, session_secrets
from jobs.spine.aside import given_up
from jobs.texts import Language, say, terminal_language

GOOD, BAD = 0, 1

Check = Callable[[Settings], Iterator[Finding]]


def doctor(settings: Settings, *, quick: bool = False, fix: bool = False, as_json: bool = False) -> int:
    """Run every check (`quick`: those that ask nobody); returns the exit code: 1 when anything failed."""
    language = terminal_language()
    masked = Masks([*settings.secrets(), *session_secrets(settings.telethon_session)])
    log.set_up("error", masked)
    return asyncio.run(_run(settings, language, masked, quick=quick, fix=fix, as_json=as_json))


async def _run(settings: Settings, language: Language, masked: Masks, *, quick: bool, fix: bool, as_json: bool) -> int:
    found: list[Finding] = []
    async for finding in _all(settings, quick=quick):
        if fix and finding.fix:
            finding = _fixed(finding)
        found.append(finding)
        if not as_json:
            print(f"{finding.level:<5} {finding.check:<9} {masked(finding.text(language))}", flush=True)
    failed = [finding for finding in found if finding.level is Level.FAIL]
    if as_json:
        _print_json(found, language, masked)
    else:
        warned = sum(finding.level is Level.WARN for finding in found)
        fixable = sum(finding.fix is not None for finding in found)
        print(say("doctor_end", language, failed=len(failed), warned=warned))
        if fixable:
            print(say("doctor_fixable", language, count=fixable))
    return BAD if failed else GOOD


def wrong_settings(error: SettingsError) -> None:
    """Print what is wrong with the settings as the JSON list that it is all there is of."""
    found = [fail("settings", "doctor_settings_wrong", line=saying) for saying in error.sayings]
    _print_json(found, terminal_language(), Masks())


async def _all(settings: Settings, *, quick: bool) -> AsyncIterator[Finding]:
    """Every finding. A check that fails in a way nobody thought of keeps no other from being made."""
    checks: dict[str, Check] = {**CHECKS, "memory": partial(machine.memory, asks=not quick)}
    for name, check in checks.items():
        try:
            for finding in check(settings):
                yield finding
        except Exception as error:  # noqa: BLE001 (it is what is looked for)
            yield _unforeseen(name, error)
    for name, asking in () if quick else ASKING.items():
        try:
            async for finding in asking(settings):
                yield finding
        except Exception as error:  # noqa: BLE001 (as above)
            yield _unforeseen(name, error)


def _unforeseen(name: str, error: Exception) -> Finding:
    return fail(name, "doctor_check_failed", reason=f"{type(error).__name__}: {error}")


def _rows(settings: Settings) -> Iterator[Finding]:
    """What was given up, each with its id for `./jobs retry`; and what has waited for long."""
    try:
        db = open_as_is(settings.data_dir / "db.sqlite")
    except DatabaseError:
        return  # said by the database's own check
    language = terminal_language()
    with contextlib.closing(db):
        try:
            aside = given_up(db)
            for each in aside:
                yield fail("rows", "doctor_given_up", what=shown(each, db, settings, language))
            if not aside:
                yield ok("rows", "doctor_nothing")
            yield from machine.waiting_rows(db, is_running=others.is_running(settings))
        except apsw.Error as error:
            yield fail("rows", "doctor_database_bad", reason=error)


CHECKS: dict[str, Check] = {
    "settings": machine.settings_are_there,
    "versions": machine.versions,
    "disk": machine.disk,
    "files": machine.private_files,
    "database": machine.database,
    "rows": _rows,
    "backups": machine.backups,
    "mcp": machine.mcp_servers,
    "walls": machine.walls,
}
ASKING = {"clock": others.clock, "telegram": others.telegram, "model": others.model}
"""Those that ask somebody."""


def _fixed(finding: Finding) -> Finding:
    assert finding.fix is not None
    try:
        finding.fix()
    except OSError as error:
        return fail(finding.check, "doctor_not_fixed", reason=error)
    return ok(finding.check, "doctor_fixed", **finding.values)


def _print_json(found: list[Finding], language: Language, masked: Masks) -> None:
    print(json.dumps([_as_data(finding, language, masked) for finding in found], ensure_ascii=False, indent=2))


def _as_data(finding: Finding, language: Language, masked: Masks) -> dict[str, object]:
    return {
        "check": finding.check,
        "level": finding.level.value,
        "text": masked(finding.text(language)),
        "fixable": finding.fix is not None,
    }
