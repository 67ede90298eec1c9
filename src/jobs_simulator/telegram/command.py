"""Run the simulated Telegram from the command line, to try clients against it by hand."""

import argparse
import asyncio
import signal
import sys

from .simulator import TelegramSimulator


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that `run` reads."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: any free one)")
    parser.add_argument(
        "--user", action="append", default=[], metavar="NAME[:USERNAME[:PHONE]]", help="add a person (repeatable)"
    )
    parser.add_argument("--bot", action="append", default=[], metavar="NAME", help="add a bot (repeatable)")


async def run(args: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT. Returns the exit code.

    Prints the endpoint, the path of the public key and a line per account.
    """
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    try:
        simulator = TelegramSimulator(args.host, args.port)
        lines = [_add_user(simulator, text) for text in args.user]
        for name in args.bot:
            bot = simulator.add_bot(name)
            lines.append(f"bot {name} id={bot.id} token={bot.token}")
        async with simulator:
            print(f"endpoint {simulator.endpoint}", f"key {simulator.public_key_path}", *lines, sep="\n", flush=True)
            await stopped.wait()
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
    return 0


def _add_user(simulator: TelegramSimulator, text: str) -> str:
    name, _, rest = text.partition(":")
    username, _, phone = rest.partition(":")
    user = simulator.add_user(name, username=username or None, phone=phone or None)
    shown = f"@{user.username}" if user.username else "-"
    return f"user {name} {shown} id={user.id} phone={user.phone} code={user.login_code}"
