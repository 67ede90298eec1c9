"""The commands. Exit codes: 0 done, 1 a check failed, 2 the settings or the machine, 3 Telegram ended the login."""

import asyncio
import io
import sys
from pathlib import Path
from typing import Annotated

import typer

from jobs import __version__, config
from jobs.called import complain
from jobs.config import Settings, SettingsError
from jobs.memory.command import cli as memory
from jobs.texts import Refusal, at_terminal

cli = typer.Typer(
    help="Jobs: a personal assistant in Telegram that gets things done through people.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

cli.add_typer(memory, name="memory")

FAILED = 1
WRONG_SETTINGS = 2
SIGNED_OUT = 3


def main() -> None:
    """Run the command line; a wrong setting is one line each and exit code 2, never a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal may lack letters that people have in their names
    try:
        cli(prog_name="./jobs")
    except SettingsError as error:
        for saying in error.sayings:
            complain(saying.told)
        sys.exit(WRONG_SETTINGS)


@cli.command()
def up() -> None:
    """Run the assistant until it is told to stop; without Telegram settings, run the demo."""
    settings = config.load()
    if not settings.has_telegram:
        from jobs_simulator.demo import demo as run_demo

        sys.exit(run_demo(settings, play=False))
    settings.require_telegram()
    settings.require_model()
    settings.require_data()
    sys.exit(_run(settings))


@cli.command()
def setup() -> None:
    """Ask for what is missing, write .env, sign in to Telegram, check the model's credential."""
    from jobs.setup import setup as run_setup

    sys.exit(run_setup())


@cli.command()
def demo(
    play: Annotated[bool, typer.Option("--play", help="Play a scenario to its end without a keyboard.")] = False,
) -> None:
    """Try Jobs in this terminal: the real program against a Telegram and, without a credential, a model of its own."""
    from jobs_simulator.demo import demo as run_demo

    sys.exit(run_demo(config.load(), play=play))


@cli.command()
def doctor(
    attack: Annotated[
        bool, typer.Option("--attack", help="Try the wall with some 270 attacks, on a copy; a line for each.")
    ] = False,
    quick: Annotated[bool, typer.Option("--quick", help="Ask neither Telegram nor the model.")] = False,
    fix: Annotated[bool, typer.Option("--fix", help="Mend what can be mended without harm.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list instead of lines.")] = False,
) -> None:
    """Check everything that Jobs needs, and list what was given up (T…, O…): a line each, with what to do.

    Works while Jobs runs, too.

    Exit codes: 0 nothing failed (--attack: all held), 1 something did (one was broken), 2 the settings.
    """
    if attack:
        from jobs_simulator.attack import attack as run_attack

        sys.exit(run_attack(config.load_with_data()))
    from jobs.doctor import doctor as run_doctor
    from jobs.doctor import wrong_settings

    try:
        settings = config.load_with_data()
    except SettingsError as error:
        if as_json:
            wrong_settings(error)
        raise
    sys.exit(run_doctor(settings, quick=quick, fix=fix, as_json=as_json))


@cli.command()
def retry(
    name: Annotated[str, typer.Argument(metavar="ID", help="As ./jobs doctor shows it: T12 or O7.")],
) -> None:
    """Try a turn or a message again that was given up; a running Jobs does it at once.

    Exit codes: 0 it is tried again, 1 nothing of that ID was given up, 2 not an ID, the settings or the database.
    """
    from jobs.aside import retry_one

    sys.exit(retry_one(config.load_with_data(), name))


@cli.command()
def torture(
    rounds: Annotated[int, typer.Option(min=1, help="How many rounds of five faults each.")] = 6,
    seed: Annotated[int, typer.Option(help="What the faults and the traffic are drawn from.")] = 1,
) -> None:
    """Crash it, cut it off, flood it and lie to it while people write; prove that nothing is lost or done twice.

    Exit codes: 0 nothing was lost, repeated or out of order, 1 something was.
    """
    from jobs_simulator.torture import torture as run_torture

    sys.exit(run_torture(rounds, seed))


@cli.command()
def audit(person: Annotated[str, typer.Argument(help="A name, @username, phone or id; or: owner.")]) -> None:
    """List everything a person said, was told, and every tool call made for them. Works while Jobs runs.

    Exit codes: 0 listed, 1 nobody or more than one fits, 2 the settings or the database.
    """
    from jobs.audit import audit as run_audit

    sys.exit(run_audit(config.load_with_data(), person))


@cli.command()
def hook(
    name: Annotated[str, typer.Argument(help="The last part of its address: letters, digits, - and _.")],
    prompt: Annotated[str, typer.Argument(help="What is to be done with what comes.")],
) -> None:
    """Make a web hook, or give one a new prompt and secret; prints its address and secret. Works while Jobs runs.

    Exit codes: 0 it is there, 2 the name, the prompt, the settings or hooks.json.
    """
    from jobs.aside import make_hook

    sys.exit(make_hook(config.load_with_data(), name, prompt))


@cli.command()
def backup(
    file: Annotated[Path, typer.Argument(help="Where to write it: a .tar.gz that is not there yet.")],
    secrets: Annotated[
        bool,
        typer.Option("--secrets", help="With the keys, the Telegram login, the secrets of MCP servers and web hooks."),
    ] = False,
) -> None:
    """Write a backup of everything: database, sessions, memory, workspace, settings. Works while Jobs runs.

    Exit codes: 0 made, 2 it could not be.
    """
    from jobs.keeping import backup as run_backup

    sys.exit(run_backup(config.load_with_data(), file, secrets=secrets))


@cli.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A backup that ./jobs backup has made.", readable=False)],
) -> None:
    """Put a backup in the place of what is there, which is kept beside it. Not while Jobs runs.

    Exit codes: 0 restored, 2 the backup cannot be used or Jobs runs; then nothing was changed.
    """
    from jobs.keeping import restore as run_restore

    sys.exit(run_restore(config.load_with_data(), file))


@cli.command()
def migrate(
    check: Annotated[bool, typer.Option("--check", help="Only say whether there is anything to do.")] = False,
) -> None:
    """Bring the database to this program's version, after a copy; every start does it too.

    Exit codes: 0 it is at this version, 1 it is not yet (--check), 2 it cannot be: it is newer, broken or in use.
    """
    from jobs.keeping import migrate as run_migrate

    sys.exit(run_migrate(config.load_with_data(), check=check))


@cli.command()
def version() -> None:
    """Print the version."""
    print(__version__)


def _run(settings: Settings) -> int:
    """Run the app; returns the exit code."""
    from jobs import log
    from jobs.app import App, PartFailed, SignedOut
    from jobs.db import AlreadyRunning, DatabaseError
    from jobs.masks import Masks
    from jobs.telegram.client import Account, DamagedLogin, NotSignedIn, check_login

    try:
        check_login(settings.telethon_session)
    except (NotSignedIn, DamagedLogin) as error:
        return _refuse(error)
    log.set_up(settings.log_level, Masks(settings.secrets()))

    def ready(account: Account) -> None:
        print(at_terminal("up_as", account=account), flush=True)

    if settings.http_proxy and settings.http_proxy.is_socks:
        print(at_terminal("socks_serves_telegram"), flush=True)
    try:
        asyncio.run(App(settings, ready).run())
    except (AlreadyRunning, DatabaseError, NotSignedIn) as error:
        return _refuse(error)
    except PartFailed as error:
        complain(error.told)
        return FAILED
    except SignedOut as error:
        complain(error.told)
        return SIGNED_OUT
    except asyncio.CancelledError:
        return 0  # told to stop before it was up
    return 0


def _refuse(refusal: Refusal) -> int:
    complain(refusal.told)
    return WRONG_SETTINGS
