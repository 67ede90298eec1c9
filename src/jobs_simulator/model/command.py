"""The loopback Messages API as a command."""

import argparse
import asyncio
import signal

from .echo import echo
from .scripted import ScriptedBrain
from .server import Brain, ModelSimulator

TYPING_DELAY = 0.03  # seconds between two pieces of a scripted answer, so that it is seen to be streamed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="TCP port; 0 takes a free one (default: %(default)s)")
    parser.add_argument(
        "--brain", choices=("scripted", "echo"), default="scripted", help="who answers (default: %(default)s)"
    )
    parser.add_argument("--api-key", default=None, help="the only key that is taken (default: any)")


async def run(args: argparse.Namespace) -> int:
    """Serves until SIGTERM or SIGINT; prints the address as `ANTHROPIC_BASE_URL=…`. Returns the exit status."""
    brain: Brain = echo if args.brain == "echo" else ScriptedBrain(delay=TYPING_DELAY)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    try:
        async with ModelSimulator(brain, args.host, args.port, args.api_key) as simulator:
            print(f"ANTHROPIC_BASE_URL={simulator.url}", flush=True)
            await stopping.wait()
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
    return 0
