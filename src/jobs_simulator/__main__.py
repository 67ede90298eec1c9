"""`python -m jobs_simulator telegram|model …`: either server by itself, to point anything at."""

import argparse
import asyncio
import sys

from jobs_simulator.model import command as model
from jobs_simulator.telegram import command as telegram

SERVERS = {
    "telegram": (telegram, "a Telegram server that speaks MTProto"),
    "model": (model, "a Messages API with a scripted model"),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m jobs_simulator", description="Loopback servers to try things on.")
    commands = parser.add_subparsers(dest="server", required=True)
    for name, (server, what) in SERVERS.items():
        server.add_arguments(commands.add_parser(name, help=what, description=f"Run {what}, until interrupted."))
    arguments = parser.parse_args()
    code: int = asyncio.run(SERVERS[arguments.server][0].run(arguments))
    return code


if __name__ == "__main__":
    sys.exit(main())
