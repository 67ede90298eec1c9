"""Follows docs/operations.md, "systemd", word for word in a booted machine, between loopback servers of this one.

PYTHONPATH=src .venv/bin/python scripts/systemd_check.py LEADER ROOT    (scripts/systemd_check.sh boots it first)
LEADER: the process id of its systemd; ROOT: its root directory. Exit code 1 when something fails.
"""

import asyncio
import logging
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from container_check import LOOK, Check, until
from newcomer import answers, commands

from jobs_simulator.chat import Chat
from jobs_simulator.model import Reply, ToolCall
from jobs_simulator.model.echo import echo
from jobs_simulator.model.request import ModelRequest
from jobs_simulator.stage import DUMMY_KEY, READY, Stage

INSTALL_SECONDS, READY_SECONDS, RESTART_SECONDS = 600.0, 60.0, 8.0
DATA, WORKSPACE = "/var/lib/jobs/data", "/srv/jobs"
TRY = LOOK.split("npx")[0].replace("/data", DATA).replace("/workspace", WORKSPACE) + (
    "cat /var/lib/jobs/.env && echo READ-SETTINGS; touch /usr/made && echo WROTE-SYSTEM; "
    "touch /tmp/made && echo WROTE-TMP; touch /home/shared/made && echo WROTE-SHARED; true"
)
"""What the owner's agent tries in its shell."""


class Machine:
    """The booted one."""

    def __init__(self, leader: str) -> None:
        self._enter = ["nsenter", "-t", leader, "-m", "-u", "-i", "-p", "-C", "env", "-i", "LANG=C.UTF-8", "HOME=/root"]
        self._enter += ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "sh", "-c"]

    async def run(self, command: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        """As root in a shell, with what is typed as its input."""
        return await asyncio.to_thread(
            subprocess.run,
            [*self._enter, f"cd /root && {command}"],
            input=typed,
            capture_output=True,
            text=True,
            check=False,
            timeout=INSTALL_SECONDS,
        )

    async def says(self, command: str) -> str:
        return (await self.run(command)).stdout.strip()

    async def is_ready(self) -> bool:
        run = await self.says("systemctl show -P InvocationID jobs")
        return READY in await self.says(f"journalctl --output=cat _SYSTEMD_INVOCATION_ID={run}")

    async def is_booted(self) -> bool:
        return await self.says("systemctl is-system-running") in ("running", "degraded")

    async def of_unit(self, name: str) -> str:
        return await self.says(f"systemctl show --property={name} --value jobs")


async def follow(check: Check, machine: Machine, root: Path, folder: Path) -> None:
    async def brain(request: ModelRequest) -> Reply:
        if request.last_user_text == "look around" and not request.tool_results:
            return Reply(ToolCall("Bash", {"command": TRY, "description": "look"}))
        return await echo(request)

    async with Stage(folder, brain) as stage:
        shutil.copy(stage.telegram.public_key_path, root / "etc/telegram.pem")
        settings = root / "var/lib/jobs/.env"
        settings.parent.mkdir()
        settings.write_text(
            f"TG_SERVER={stage.telegram.endpoint}\nTG_SERVER_KEY=/etc/telegram.pem\nANTHROPIC_BASE_URL={stage.model.url}\n"
            "STREAMING=off\nHTTP_PORT=18473\nHEARTBEAT_INTERVAL_MINUTES=0\n"
        )
        check.say("the machine boots", await until(machine.is_booted, READY_SECONDS) is not None)
        # The log would be looked at for ever.
        page = commands("systemd").replace("journalctl -u jobs -f", "true")
        done = await machine.run(page, answers(stage))
        check.say("every command of the page works", done.returncode == 0)
        if done.returncode:
            print(done.stdout[-3000:], done.stderr[-3000:])
            return
        check.say("it becomes ready", await until(machine.is_ready, READY_SECONDS) is not None)
        doctor = await machine.run("jobsctl doctor")
        print("".join(f"      {line}\n" for line in doctor.stdout.splitlines()), end="")
        walls = [line for line in doctor.stdout.splitlines() if "wall" in line.lower()]
        check.say("doctor says that every wall stands", len(walls) == 2 and all("user " in line for line in walls))
        check.say("and that nothing fails", doctor.returncode == 0, doctor.stderr)
        verified = await machine.run("systemd-analyze verify /etc/systemd/system/jobs.service")
        check.say("systemd finds nothing wrong with the unit", not verified.stderr.strip(), verified.stderr)
        security = await machine.says("systemd-analyze security --no-pager jobs.service | tail -1")
        print(f"      {security}")
        try:
            await live(check, machine, stage)
            await fail(check, machine, settings)
            await change(check, machine, stage, settings)
        finally:
            if check.failed:
                print(await machine.says("journalctl -u jobs --no-pager --lines 60"))


async def live(check: Check, machine: Machine, stage: Stage) -> None:
    masha = stage.telegram.add_user("Мария", username="masha")
    async with stage.person(stage.owner) as owner, stage.person(masha) as person:
        await owner.ask("my word is heron", "ECHO: my word is heron")
        await person.ask("hello", "ECHO: hello")
        users = set((await machine.says("ps -eo user:20=,args= | grep [_]bundled/claude | cut -d' ' -f1")).split())
        check.say("the owner's and the other session run as two Unix users", users == {"agent", "guest"}, str(users))
        seen = await looked_around(stage, owner)
        check.say("the agent is its own user", seen.startswith("agent\n"))
        check.say(
            "it can write the workspace, and a /tmp of its own", "WROTE-WORKSPACE" in seen and "WROTE-TMP" in seen
        )
        check.say("which is not the machine's", await machine.says("ls /tmp/made") == "")
        reading, writing = (
            ("READ-DATA", "LISTED-DATA", "READ-ENVIRONMENT", "READ-SETTINGS"),
            ("PROGRAM", "SYSTEM", "SHARED"),
        )
        for word in (*reading, *(f"WROTE-{what}" for what in writing), DUMMY_KEY):
            check.say(f"it cannot: {word}", word not in seen)
        await machine.run("systemctl kill --signal KILL jobs")
        stage.telegram.send(stage.owner, stage.jobs, "while it was down")
        await owner.expect("ECHO: while it was down", timeout=READY_SECONDS)
        history = [text for _, text in stage.model.requests[-1].history]
        check.say("killed, it is started again and goes on with the conversation", "my word is heron" in history)
        check.say("once", await machine.of_unit("NRestarts") == "1")
        began = time.monotonic()
        await machine.run("systemctl stop jobs")
        told = await machine.of_unit("Result"), await machine.of_unit("ExecMainStatus")
        check.say(
            "told to stop it ends with exit code 0", told == ("success", "0"), f"{time.monotonic() - began:.1f} s"
        )
        left = await machine.says("ps -u jobs,agent,guest -o args=")
        check.say("and leaves no process behind", not left, left)


async def fail(check: Check, machine: Machine, settings: Path) -> None:
    """Settings that are wrong are not tried again and again."""
    right = settings.read_text()
    settings.write_text(f"{right}TZ=Mars/Base\n")
    await machine.run("systemctl start jobs")

    async def ended() -> bool:
        return await machine.of_unit("ActiveState") == "failed"

    check.say("with settings that are wrong it ends", await until(ended, READY_SECONDS) is not None)
    await asyncio.sleep(RESTART_SECONDS)
    told = [await machine.of_unit(name) for name in ("ExecMainStatus", "NRestarts", "ActiveState")]
    check.say("with exit code 2, and stays so", told == ["2", "0", "failed"], str(told))
    line = await machine.says("journalctl -u jobs --output=cat --lines 5 | grep TZ")
    check.say("the log says why", bool(line), line)
    settings.write_text(right)
    await machine.run("systemctl start jobs")
    check.say("mended, it becomes ready", await until(machine.is_ready, READY_SECONDS) is not None)


async def change(check: Check, machine: Machine, stage: Stage, settings: Path) -> None:
    """The program updated, a folder let in, and a process that hangs."""
    updated = await machine.run(
        "systemctl stop jobs && (cd /opt/jobs && git pull --quiet && ./jobs version) && systemctl start jobs"
    )
    check.say("it is updated as the page says", updated.returncode == 0, updated.stderr)
    settings.write_text(f"{settings.read_text()}AGENT_FOLDERS=/home/shared\n")
    folder = "/etc/systemd/system/jobs.service.d"
    lines = r"[Service]\nReadWritePaths=/home/shared\nProtectHome=no\nWatchdogSec=6\n"
    await machine.run(f"install -d -o agent /home/shared && mkdir {folder} && printf '{lines}' >{folder}/own.conf")
    await machine.run("systemctl daemon-reload && systemctl restart jobs")
    async with stage.person(stage.owner) as owner:
        check.say("a folder that is let in can be written", "WROTE-SHARED" in await looked_around(stage, owner))
    await machine.run("systemctl kill --signal STOP --kill-whom main jobs")

    async def restarted() -> bool:
        return await machine.of_unit("NRestarts") == "1"

    check.say("when it hangs it is started again", await until(restarted, READY_SECONDS) is not None)
    check.say("and becomes ready", await until(machine.is_ready, READY_SECONDS) is not None)


async def looked_around(stage: Stage, owner: Chat) -> str:
    """What the agent's shell said when it tried everything."""
    await owner.say("look around")
    await owner.expect("ECHO: look around", timeout=READY_SECONDS)
    (result,) = stage.model.requests[-1].tool_results
    return result.text


def main() -> int:
    logging.getLogger("telethon").setLevel(logging.CRITICAL)
    check, machine = Check(), Machine(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="jobs-systemd-") as folder:
        asyncio.run(follow(check, machine, Path(sys.argv[2]), Path(folder)))
    print("all came true" if not check.failed else f"{check.failed} did not come true")
    return int(check.failed > 0)


if __name__ == "__main__":
    sys.exit(main())
