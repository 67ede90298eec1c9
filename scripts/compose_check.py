"""Follows docs/operations.md, "Container", word for word with a real Docker engine, between loopback servers.

PYTHONPATH=src .venv/bin/python scripts/compose_check.py      (scripts/compose_check.sh sees to the base image first)
Exit code 1 when something fails.
"""

import asyncio
import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from container_check import LOOK, Check, until
from newcomer import answers, commands

from jobs_simulator.chat import Chat
from jobs_simulator.model import Reply, ToolCall
from jobs_simulator.model.echo import echo
from jobs_simulator.model.request import ModelRequest
from jobs_simulator.stage import DUMMY_KEY, Stage

PROJECT = "jobs-compose-check"
INSTALL_SECONDS, READY_SECONDS = 900.0, 60.0
HEALTH_SECONDS = 180.0
"""Docker asks every 30 s, and believes the third failure."""
CROWD, MEGABYTES = 600, 3500
"""More than docker-compose.yml allows."""
BE_MANY = f"""python3 - <<'END'
import subprocess
started = []
try:
    for number in range({CROWD}):
        started.append(subprocess.Popen(["sleep", "60"]))
except OSError as error:
    print("REFUSED", len(started), error)
for each in started:
    each.kill()
END"""
SHELL = {
    "look around": f"{LOOK}; touch /usr/made && echo WROTE-SYSTEM; true",
    "be many": BE_MANY,
    "be large": f"python3 -c \"b = bytearray({MEGABYTES} << 20); print('LAR' + 'GE')\"; echo went on",
}
"""What the owner's agent is asked to try in its shell."""

OWN = """\
# The loopback servers of the machine, and nothing but them.
services:
  jobs:
    network_mode: host
    build: {network: host}
    volumes: ["%s:/run/telegram.pem:ro"]
"""


class Machine:
    """The folder that the clone lies in, and Docker."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._environment = {**os.environ, "COMPOSE_PROJECT_NAME": PROJECT}

    async def run(self, command: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        """In a shell, in the folder of the clone, with what is typed as its input."""
        clone = self._folder / "jobs"
        return await asyncio.to_thread(
            subprocess.run,
            ["sh", "-c", command],
            cwd=clone if clone.exists() else self._folder,
            env=self._environment,
            input=typed,
            capture_output=True,
            text=True,
            check=False,
            timeout=INSTALL_SECONDS,
        )

    async def state(self) -> dict[str, Any]:
        """What Docker says of the service's container."""
        found = await self.run("docker inspect $(docker compose ps --all --quiet jobs)")
        return dict(json.loads(found.stdout)[0])

    async def is_healthy(self) -> bool:
        return bool((await self.state())["State"]["Health"]["Status"] == "healthy")

    async def is_unhealthy(self) -> bool:
        return bool((await self.state())["State"]["Health"]["Status"] == "unhealthy")

    async def is_ready(self) -> bool:
        return (await self.run("docker compose exec jobs python -ISB /opt/jobs/container/health.py")).returncode == 0


async def brain(request: ModelRequest) -> Reply:
    if (command := SHELL.get(request.last_user_text)) and not request.tool_results:
        return Reply(ToolCall("Bash", {"command": command, "description": "look"}))
    return await echo(request)


async def follow(check: Check, machine: Machine, folder: Path) -> None:
    async with Stage(folder / "stage", brain) as stage:
        (folder / "override.yml").write_text(OWN % stage.telegram.public_key_path)
        (folder / "env").write_text(
            f"TG_SERVER={stage.telegram.endpoint}\nTG_SERVER_KEY=/run/telegram.pem\nANTHROPIC_BASE_URL={stage.model.url}\n"
            "STREAMING=off\nHTTP_PORT=18474\nHEARTBEAT_INTERVAL_MINUTES=0\n"
        )
        # The only lines that are not the page's: which servers to talk to.
        lend = "&& cd jobs && cp ../override.yml docker-compose.override.yml && cp ../env .env"
        page = commands("Container").replace("&& cd jobs", lend, 1)
        before, after = page.split("docker compose run")
        built = await machine.run(before)
        check.say("the image is built", built.returncode == 0, built.stderr[-2000:] if built.returncode else "")
        demo = await machine.run("docker compose run --rm jobs demo --play")
        check.say("the demo plays to its end", demo.returncode == 0)
        if demo.returncode:
            print("\n".join(line for line in demo.stdout.splitlines() if "FAILED" in line), demo.stderr[-1000:])
        done = await machine.run(f"docker compose run{after}", answers(stage))
        print("".join(f"      {line}\n" for line in done.stdout.splitlines()), end="")
        check.say(
            "every command of the page works", done.returncode == 0, done.stderr[-2000:] if done.returncode else ""
        )
        walls = [line for line in done.stdout.splitlines() if "wall" in line.lower()]
        check.say("doctor says that every wall stands", bool(walls) and all(line.startswith("ok") for line in walls))
        try:
            await live(check, machine, stage)
        finally:
            if check.failed:
                print((await machine.run("docker compose logs --tail 60")).stdout)


async def live(check: Check, machine: Machine, stage: Stage) -> None:
    masha = stage.telegram.add_user("Мария", username="masha")
    check.say("Docker finds it healthy", await until(machine.is_healthy, HEALTH_SECONDS) is not None)
    async with stage.person(stage.owner) as owner, stage.person(masha) as person:
        await owner.ask("my word is heron", "ECHO: my word is heron", timeout=READY_SECONDS)
        await person.ask("hello", "ECHO: hello")
        seen = await said_by_shell(stage, owner, "look around")
        check.say("the agent is its own user", seen.startswith("agent\n"))
        check.say("it can write the workspace", "WROTE-WORKSPACE" in seen)
        for word in ("READ-DATA", "LISTED-DATA", "READ-ENVIRONMENT", "WROTE-PROGRAM", "WROTE-SYSTEM", DUMMY_KEY):
            check.say(f"it cannot: {word}", word not in seen)
        await bounds(check, machine, stage, owner)
        await crash(check, machine, stage, owner)
        await stage.telegram.stop()
        check.say("without Telegram it is unhealthy", await until(machine.is_unhealthy, HEALTH_SECONDS) is not None)
        await stage.telegram.start()
        check.say("and healthy again with it", await until(machine.is_healthy, HEALTH_SECONDS) is not None)
        await move(check, machine, stage, owner)


async def bounds(check: Check, machine: Machine, stage: Stage, owner: Chat) -> None:
    """What the owner's agent takes of the machine is bounded, and Jobs outlives it."""
    seen = await said_by_shell(stage, owner, "be many")
    check.say("so many processes are refused", "REFUSED" in seen, seen)
    await owner.ask("still there?", "ECHO: still there?", timeout=READY_SECONDS)
    seen = await said_by_shell(stage, owner, "be large")
    check.say("so much memory is refused, and nothing but that ends", "LARGE" not in seen and "went on" in seen, seen)
    await owner.ask("and now?", "ECHO: and now?", timeout=READY_SECONDS)
    state = await machine.state()
    check.say("Jobs itself went on", state["RestartCount"] == 0)


async def crash(check: Check, machine: Machine, stage: Stage, owner: Chat) -> None:
    os.kill((await machine.state())["State"]["Pid"], signal.SIGKILL)
    stage.telegram.send(stage.owner, stage.jobs, "while it was down")
    await owner.expect("ECHO: while it was down", timeout=READY_SECONDS)
    check.say("killed, it is started again and goes on with the conversation", remembers(stage))
    check.say("once", (await machine.state())["RestartCount"] == 1)


async def move(check: Check, machine: Machine, stage: Stage, owner: Chat) -> None:
    """A backup out of it, a stop, everything but the volumes thrown away, the backup restored, a start."""
    made = await machine.run(
        "docker compose exec jobs jobs backup /data/backups/moving.tar.gz "
        "&& docker compose cp jobs:/data/backups/moving.tar.gz ."
    )
    check.say("a backup is made while it runs, and copied out", made.returncode == 0, made.stderr)
    began = time.monotonic()
    await machine.run("docker compose stop")
    code = (await machine.state())["State"]["ExitCode"]
    check.say("told to stop it ends with exit code 0", code == 0, f"{code}, {time.monotonic() - began:.1f} s")
    again = await machine.run("docker compose down && docker compose up --detach")
    check.say("taken down and brought up", again.returncode == 0, again.stderr)
    await owner.ask("back again?", "ECHO: back again?", timeout=READY_SECONDS)
    check.say("it goes on with the conversation", remembers(stage))
    restored = await machine.run(
        "docker compose stop && docker compose cp moving.tar.gz jobs:/data/backups/moving.tar.gz "
        "&& docker compose run --rm jobs restore /data/backups/moving.tar.gz && docker compose start"
    )
    check.say("the backup is restored", restored.returncode == 0, restored.stdout + restored.stderr)
    await owner.ask("and after the restore?", "ECHO: and after the restore?", timeout=READY_SECONDS)
    check.say("and the conversation goes on", remembers(stage))


def remembers(stage: Stage) -> bool:
    return "my word is heron" in [text for _, text in stage.model.requests[-1].history]


async def said_by_shell(stage: Stage, owner: Chat, asked: str) -> str:
    await owner.say(asked)
    await owner.expect(f"ECHO: {asked}", timeout=2 * READY_SECONDS)
    (result,) = stage.model.requests[-1].tool_results
    return result.text


async def tried(check: Check, folder: Path) -> None:
    machine = Machine(folder)
    try:
        await follow(check, machine, folder)
    finally:
        await machine.run("docker compose down --volumes")


def main() -> int:
    logging.getLogger("telethon").setLevel(logging.CRITICAL)  # the people's clients lose their server, as is meant
    check = Check()
    with tempfile.TemporaryDirectory(prefix="jobs-compose-") as folder:
        asyncio.run(tried(check, Path(folder)))
    print("all came true" if not check.failed else f"{check.failed} did not come true")
    return int(check.failed > 0)


if __name__ == "__main__":
    sys.exit(main())
