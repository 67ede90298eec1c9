"""Tries a built image: the demo inside, then `up` between loopback servers. Exit code 1 when something fails.

PYTHONPATH=src .venv/bin/python scripts/container_check.py IMAGE      (scripts/container_check.sh builds it first)
"""

import asyncio
import logging
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from jobs_simulator.model import Reply, ToolCall
from jobs_simulator.model.echo import echo
from jobs_simulator.model.request import ModelRequest
from jobs_simulator.stage import READY, Stage

NAME = "jobs-container-check"
# crun refuses some machines' cgroups; the default ulimits are above what a machine without systemd may set.
RUN = (
    *("podman", "run", "--runtime", "runc", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=4096:4096"),
    *("--network", "host", "--read-only", "--tmpfs", "/tmp:exec,mode=1777", "--cap-drop=ALL"),
    *("--cap-add", "SETUID,SETGID,KILL,DAC_OVERRIDE,CHOWN", "--security-opt=no-new-privileges"),
    *("--pids-limit", "512", "--memory", "3g"),
)
# EXTERNAL_USER stands in the environment of Jobs' own process wherever its settings stand, and in no session's.
LOOK = (
    "id -un; for f in /data/db.sqlite /data/telethon.session; do cat $f >/dev/null && echo READ-DATA; done; "
    "ls /data && echo LISTED-DATA; "
    "for p in /proc/[0-9]*; do grep -qz EXTERNAL_USER $p/environ && echo READ-ENVIRONMENT; done; "
    "touch /workspace/made && echo WROTE-WORKSPACE; touch /opt/jobs/made && echo WROTE-PROGRAM; env | grep API_KEY; "
    "npx --version && uvx --version && echo RUNS-SERVERS"
)
HEALTH_SECONDS = 90.0
READY_SECONDS = 60.0


class Check:
    def __init__(self) -> None:
        self.failed = 0

    def say(self, what: str, is_true: bool, detail: str = "") -> None:
        self.failed += not is_true
        print(f"{'ok  ' if is_true else 'FAIL'}  {what}{f'  ({detail})' if detail else ''}", flush=True)


def podman(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["podman", *arguments], capture_output=True, text=True, check=False)


async def beside(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The same while the loopback servers of this process go on."""
    return await asyncio.to_thread(podman, *arguments)


async def healthy() -> bool:
    return (await beside("healthcheck", "run", NAME)).returncode == 0


async def until(what: Callable[[], Awaitable[bool]], seconds: float) -> float | None:
    """Seconds until it was so; None when it never was."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        if await what():
            return time.monotonic() - began
        await asyncio.sleep(1)
    return None


def settings_of(stage: Stage) -> list[str]:
    """Volumes and variables by which a container is the stage's Jobs."""
    lent = "/run/telegram.pem"
    variables = {
        **stage.environment(),
        **{"DATA_DIR": "/data", "WORKSPACE_DIR": "/workspace", "TG_SERVER_KEY": lent, "HTTP_PORT": "18472"},
    }
    # Of the stage's own only the settings: paths and the like of this machine mean nothing inside.
    own = {name for name in variables if name.isupper()} - {"PATH", "HOME", "PYTHONPATH", "JOBS_ROOT", "TMPDIR"}
    return [
        *("-v", f"{stage.data}:/data", "-v", f"{stage.workspace}:/workspace"),
        *("-v", f"{stage.telegram.public_key_path}:{lent}:ro"),
        *(part for name in sorted(own) for part in ("--env", f"{name}={variables[name]}")),
    ]


async def stop() -> str:
    """Stop it; returns its exit code."""
    await beside("stop", "--time", "40", NAME)
    return (await beside("inspect", "--format", "{{.State.ExitCode}}", NAME)).stdout.strip()


async def is_up() -> bool:
    logs = await beside("logs", NAME)
    return READY in logs.stdout + logs.stderr


async def life(check: Check, image: str, folder: Path) -> None:
    async def brain(request: ModelRequest) -> Reply:
        if request.last_user_text == "look around" and not request.tool_results:
            return Reply(ToolCall("Bash", {"command": LOOK, "description": "look"}))
        return await echo(request)

    async with Stage(folder, brain, settings={"STREAMING": "off"}) as stage:
        masha = stage.telegram.add_user("Мария", username="masha")
        stage.workspace.mkdir(exist_ok=True)
        started = [*RUN, "--detach", "--name", NAME, *settings_of(stage), image]
        await asyncio.to_thread(subprocess.run, started, check=True, capture_output=True)
        took = await until(is_up, READY_SECONDS)
        check.say("it becomes ready", took is not None)
        check.say("its health check is good", await until(healthy, 20) is not None)
        async with stage.person(stage.owner) as owner, stage.person(masha) as person:
            await owner.ask("my word is heron", "ECHO: my word is heron")
            await person.ask("hello", "ECHO: hello")
            users = {_user_of(pid) for pid in _claudes()}
            check.say("the owner's and the other session run as two Unix users", users == {10002, 10003}, str(users))
            await owner.say("look around")
            await owner.expect("ECHO: look around")
            (result,) = stage.model.requests[-1].tool_results
            seen = result.text
            check.say("the agent is its own user", seen.startswith("agent\n"))
            check.say("it can write the workspace", "WROTE-WORKSPACE" in seen)
            check.say("MCP servers of npm and PyPI can be run", "RUNS-SERVERS" in seen)
            for word in ("READ-DATA", "LISTED-DATA", "READ-ENVIRONMENT", "WROTE-PROGRAM", "sk-loopback"):
                check.say(f"it cannot: {word}", word not in seen)
            doctor = await beside("exec", NAME, "jobs", "doctor")
            walls = [line for line in doctor.stdout.splitlines() if "wall" in line.lower()]
            check.say(
                "doctor says that every wall stands", bool(walls) and all(line.startswith("ok") for line in walls)
            )
            check.say("and that nothing fails", doctor.returncode == 0)
            print("".join(f"      {line}\n" for line in doctor.stdout.splitlines()), end="")
            await stage.telegram.stop()
            check.say("without Telegram its health goes bad", await until(_not(healthy), HEALTH_SECONDS) is not None)
            await stage.telegram.start()
            check.say("and good again with it", await until(healthy, HEALTH_SECONDS) is not None)
            await beside("kill", "--signal", "KILL", NAME)
            stage.telegram.send(stage.owner, stage.jobs, "while it was down")
            await beside("start", NAME)
            await owner.expect("ECHO: while it was down")
            history = [text for _, text in stage.model.requests[-1].history]
            check.say("killed and started again it goes on with the conversation", "my word is heron" in history)
            made = await beside("exec", NAME, "jobs", "backup", "/data/backups/moving.tar.gz")
            check.say("a backup is made while it runs", made.returncode == 0, made.stderr.strip())
            began = time.monotonic()
            code = await stop()
            check.say("told to stop it ends with exit code 0", code == "0", f"{code}, {time.monotonic() - began:.1f} s")
            restoring = [*RUN, "--rm", *settings_of(stage), image, "restore", "/data/backups/moving.tar.gz"]
            restored = await asyncio.to_thread(subprocess.run, restoring, capture_output=True, text=True, check=False)
            check.say("the backup is restored", restored.returncode == 0, restored.stdout.splitlines()[0:1][0])
            await beside("start", NAME)
            await owner.ask("and after the restore?", "ECHO: and after the restore?")
            history = [text for _, text in stage.model.requests[-1].history]
            check.say("and the conversation goes on", "my word is heron" in history)
        check.say("it stops again", await stop() == "0")
        if check.failed:
            print(podman("logs", "--tail", "40", NAME).stderr)


def _claudes() -> list[int]:
    return [int(path.parent.name) for path in Path("/proc").glob("[0-9]*/cmdline") if _is_claude(path)]


def _is_claude(path: Path) -> bool:
    with suppress(OSError):
        return b"_bundled/claude" in path.read_bytes().split(b"\0")[0] and _user_of(int(path.parent.name)) > 10000
    return False


def _user_of(pid: int) -> int:
    return Path(f"/proc/{pid}").stat().st_uid


def _not(what: Callable[[], Awaitable[bool]]) -> Callable[[], Awaitable[bool]]:
    async def other() -> bool:
        return not await what()

    return other


def main() -> int:
    logging.getLogger("telethon").setLevel(logging.CRITICAL)  # the people's clients lose their server, as is meant
    image, check = sys.argv[1], Check()
    podman("rm", "--force", NAME)
    demo = subprocess.run([*RUN, "--rm", image, "demo", "--play"], capture_output=True, text=True, check=False)
    check.say("the demo plays inside to its end", demo.returncode == 0)
    if demo.returncode:
        lines = demo.stdout.splitlines()
        for at in (number for number, line in enumerate(lines) if "    FAILED: " in line):
            print(*lines[max(0, at - 12) : at + 1], "…", sep="\n")
        print(demo.stderr[-2000:])
    try:
        with tempfile.TemporaryDirectory(prefix="jobs-container-") as folder:
            asyncio.run(life(check, image, Path(folder)))
    finally:
        podman("rm", "--force", NAME)
    size = podman("image", "inspect", "--format", "{{.Size}}", image).stdout.strip()
    print(f"      image: {int(size) / 1e6:.0f} MB")
    print("all came true" if not check.failed else f"{check.failed} did not come true")
    return int(check.failed > 0)


if __name__ == "__main__":
    sys.exit(main())
