"""The checks in order, printed or as JSON; `--fix` does what is safe."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator

import apsw

from jobs import log
from jobs.aside import shown
from jobs.config import Settings, terminal_language
from jobs.db import DatabaseError, open_as_is
from jobs.doctor import machine, others
from jobs.doctor.finding import Finding, Level, fail, ok
from jobs.masks import Masks, session_secrets
from jobs.spine.aside import given_up
from jobs.texts import Language, say

GOOD, BAD = 0, 1


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
        print(json.dumps([_as_data(finding, language, masked) for finding in found], ensure_ascii=False, indent=2))
    else:
        warned = sum(finding.level is Level.WARN for finding in found)
        fixable = sum(finding.fix is not None for finding in found)
        print(say("doctor_end", language, failed=len(failed), warned=warned))
        if fixable:
            print(say("doctor_fixable", language, count=fixable))
    return BAD if failed else GOOD


async def _all(settings: Settings, *, quick: bool) -> AsyncIterator[Finding]:
    before = (machine.settings_are_there, machine.versions, machine.disk, machine.private_files, machine.database)
    for check in before:
        for finding in check(settings):
            yield finding
    for finding in _rows(settings):
        yield finding
    for finding in machine.memory(settings, asks=not quick):
        yield finding
    for check in (machine.backups, machine.mcp_servers, machine.walls):
        for finding in check(settings):
            yield finding
    for asking in () if quick else (others.clock, others.telegram, others.model):
        async for finding in asking(settings):
            yield finding


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


def _fixed(finding: Finding) -> Finding:
    assert finding.fix is not None
    try:
        finding.fix()
    except OSError as error:
        return fail(finding.check, "doctor_not_fixed", reason=error)
    return ok(finding.check, "doctor_fixed", **finding.values)


def _as_data(finding: Finding, language: Language, masked: Masks) -> dict[str, object]:
    return {
        "check": finding.check,
        "level": finding.level.value,
        "text": masked(finding.text(language)),
        "fixable": finding.fix is not None,
    }
