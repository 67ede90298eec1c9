"""The walls around sessions' processes, tried from behind them. The kernel of the machine has to have Landlock."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rig import MASHA, OWNER, Rig
from tests.support import DUMMY_KEY, settings

from jobs.tools.checks import check
from jobs.walls import Walls, as_agent, launch, plan, try_walls
from jobs_simulator.attack.walls import against_walls
from jobs_simulator.model import Reply, ToolCall, fixed

needs_cover = pytest.mark.skipif(not launch.can_cover(), reason="this machine allows no user namespaces")
needs_landlock = pytest.mark.skipif(launch.landlock_abi() < 4, reason="this kernel's Landlock does not know ports")


def house(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Walls:
    """Everything that is to be protected, with something in it."""
    monkeypatch.setenv("JOBS_ROOT", str(folder))
    wanted = settings(folder)
    for path in (wanted.data_dir / "db.sqlite", wanted.telethon_session, folder / ".env"):
        path.write_text("secret")
    (folder / "empty").mkdir()
    return Walls.of(wanted)


@needs_landlock
@pytest.mark.parametrize("is_owner", [True, False])
def test_from_behind_the_wall_nothing_of_jobs_can_be_reached_and_the_own_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_owner: bool
) -> None:
    walls = house(tmp_path, monkeypatch)
    paths = walls.paths(walls.settings.data_dir, "5", tmp_path / "empty", is_owner=is_owner)
    trials = try_walls(walls, paths, is_owner=is_owner)
    assert [trial for trial in trials if not trial.held] == []
    assert len(trials) > 10
    assert {trial.should_work for trial in trials} == {True, False}


def test_without_any_wall_the_same_tries_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or else nothing would be proved by their failing."""
    walls = replace(house(tmp_path, monkeypatch), landlock=0, agent=None, external=None)
    paths = walls.paths(walls.settings.data_dir, "5", tmp_path / "empty", is_owner=True)
    broken = {trial.name for trial in try_walls(walls, paths, is_owner=True) if not trial.held}
    assert {"read the database", "read the Telegram login", "read Jobs' environment", "signal Jobs"} <= broken


@needs_landlock
@needs_cover
@pytest.mark.parametrize("is_owner", [True, False])
def test_what_landlock_leaves_is_covered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_owner: bool) -> None:
    walls = house(tmp_path, monkeypatch)
    paths = walls.paths(walls.settings.data_dir, "5", tmp_path / "empty", is_owner=is_owner)
    left = {"change the database's mode", "speak to a program outside"}
    covered = {trial.name: trial.held for trial in try_walls(walls, paths, is_owner=is_owner)}
    monkeypatch.setattr(Walls, "_hidden", lambda _: [])
    bare = {trial.name: trial.held for trial in try_walls(walls, paths, is_owner=is_owner)}
    assert {name for name, held in bare.items() if not held} == left
    assert all(covered.values())


@needs_landlock
@needs_cover
def test_a_socket_of_the_same_user_is_not_there_unless_it_is_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = tmp_path / "tmux"
    door.mkdir()
    (door / "default").write_text("a socket")
    monkeypatch.setattr(plan, "DOORS", (str(door), str(tmp_path / "never-made")))
    settings = house(tmp_path / "jobs", monkeypatch).settings

    def seen(*allowed: Path) -> str:
        confined = as_agent(settings.model_copy(update={"agent_folders": allowed}), "checks")
        command, arguments, environment = confined("/bin/ls", [str(door)], {"PATH": os.defpath})
        done = subprocess.run([command, *arguments], env=environment, cwd=tmp_path, capture_output=True, text=True)
        return done.stdout.strip()

    assert seen() == ""
    assert seen(door) == "default"


@needs_landlock
def test_where_nothing_can_be_mounted_no_session_starts_with_less_and_the_lack_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind Landlock nothing may be mounted, as where user namespaces are refused."""
    walls = house(tmp_path, monkeypatch)
    behind = {"landlock": {"read": ["/"], "write": ["/dev"]}}
    inner = {"cover": {"hidden": [str(tmp_path / "data")], "kept": []}}
    again = [sys.executable, "-ISB", launch.__file__, "/bin/echo", "started"]
    environment = {"PATH": os.defpath, "JOBS_KEEP_ENV": "JOBS_WALLS"}

    def run(program: list[str], order: dict[str, object]) -> subprocess.CompletedProcess[str]:
        script = f"import os, sys; os.environ['JOBS_WALLS'] = sys.argv[1]; os.execv({program[0]!r}, {program!r})"
        command = [sys.executable, "-ISB", launch.__file__, sys.executable, "-c", script, json.dumps(order)]
        told = {**environment, "JOBS_WALLS": json.dumps(behind)}
        return subprocess.run(command, env=told, capture_output=True, text=True)

    refused = run(again, inner)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.count("\n") == 1
    assert "the walls around a session could not be built" in refused.stderr
    assert run(again, {}).stdout == "started\n"
    monkeypatch.setattr(plan, "_can_cover", lambda: False)
    without = Walls.of(walls.settings)
    assert any("user namespaces" in str(sentence) for sentence in without.missing)
    paths = without.paths(walls.settings.data_dir, "5", tmp_path / "empty", is_owner=True)
    assert "cover" not in without.order(paths, is_owner=True, program=Path(sys.executable), broker_port=1)
    assert all(trial.held for trial in try_walls(without, paths, is_owner=True))


@needs_landlock
async def test_neither_shell_nor_python_of_the_owners_agent_finds_the_key_or_the_database(tmp_path: Path) -> None:
    command = (
        f"env; cat /proc/{os.getpid()}/environ /proc/[0-9]*/environ | tr '\\0' '\\n'; cat {tmp_path}/data/db.sqlite; "
        f'grep -rs {DUMMY_KEY[:12]} {tmp_path}; python3 -c \'print(open("/proc/{os.getpid()}/mem", "rb").read(1))\'; '
        "touch made && echo WROTE"
    )
    async with Rig(tmp_path, fixed("done")) as rig:
        (rig.settings.data_dir / "notes.txt").write_text(DUMMY_KEY)
        rig.model.script([Reply(ToolCall("Bash", {"command": command, "description": "look"}))])
        assert await rig.ask(OWNER, "look around") == ["done"]
        (result,) = rig.model.requests[-1].tool_results
        assert "WROTE" in result.text
        assert DUMMY_KEY not in result.text
        assert "SQLite format 3" not in result.text
        assert (rig.settings.workspace_dir / "made").exists()
        await rig.ask(MASHA, "hello")
        statuses = [Path(f"/proc/{pid}/status").read_text() for pid in rig.processes()]
        assert statuses
        assert all("NoNewPrivs:\t1" in status and "CapEff:\t0000000000000000" in status for status in statuses)


@needs_landlock
async def test_a_check_of_a_schedule_reaches_no_more_than_the_agent_that_wrote_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = house(tmp_path, monkeypatch).settings
    command = f"cat {wanted.data_dir}/db.sqlite {wanted.telethon_session} {tmp_path}/.env; touch made && echo WROTE"
    assert "secret" in (await check(command, wanted.workspace_dir)).output, "without the walls it is read"
    found = await check(command, wanted.workspace_dir, as_agent(wanted, "checks"))
    assert "WROTE" in found.output
    assert "secret" not in found.output


def test_users_that_the_machine_does_not_have_are_said_and_landlock_stays(tmp_path: Path) -> None:
    walls = Walls.of(settings(tmp_path, agent_user="nobody-of-that-name", external_user="nor-of-this"))
    assert not walls.has_users
    assert any("nobody-of-that-name" in str(sentence) for sentence in walls.missing)


def test_a_start_leaves_the_way_to_a_sessions_folders_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or else a session, or the doctor's try, that another command has just begun would not reach its own."""
    monkeypatch.setattr(os, "umask", lambda _: 0)
    user = plan.UnixUser("agent", os.getuid(), os.getgid(), ())
    walls = replace(house(tmp_path, monkeypatch), agent=user, external=user)
    data = walls.settings.data_dir
    walls.paths(data, "5", tmp_path / "empty", is_owner=False)
    data.chmod(0o777)
    walls.lay_out()
    assert [path.stat().st_mode & 0o777 for path in (data, data / "claude", data / "db.sqlite")] == [
        0o711,
        0o711,
        0o600,
    ]


@needs_landlock
def test_a_try_that_a_starting_jobs_ends_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    walls = house(tmp_path, monkeypatch)
    run, killed = subprocess.run, []

    def once_killed(command: list[str], **options: Any) -> "subprocess.CompletedProcess[str]":
        if killed:
            return run(command, **options)
        killed.append(command)
        return run(["sh", "-c", "kill -9 $$"], **options)

    monkeypatch.setattr(subprocess, "run", once_killed)
    paths = walls.paths(walls.settings.data_dir, "5", tmp_path / "empty", is_owner=True)
    assert all(trial.held for trial in try_walls(walls, paths, is_owner=True))


@needs_landlock
def test_what_a_killed_try_left_hinders_no_later_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    walls = house(tmp_path, monkeypatch)
    (walls.settings.data_dir / f".probe-{os.getpid()}").touch()
    paths = walls.paths(walls.settings.data_dir, "5", tmp_path / "empty", is_owner=True)
    assert all(trial.held for trial in try_walls(walls, paths, is_owner=True))


@needs_landlock
def test_a_crowded_folder_around_jobs_own_keeps_no_session_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    walls = house(tmp_path, monkeypatch)
    for number in range(3000):
        (tmp_path / f"{number:0>80}").touch()
    paths = walls.paths(walls.settings.data_dir, "5", tmp_path / "empty", is_owner=True)
    assert all(trial.held for trial in try_walls(walls, paths, is_owner=True))


def test_everything_but_the_hidden_is_covered(tmp_path: Path) -> None:
    for name in ("a/x", "a/y/z", "b", "c"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "a" / "y")
    root = str(tmp_path)
    found = launch.without([root], [f"{root}/a/y", f"{root}/c"])
    assert set(found) == {str(tmp_path / "a" / "x"), str(tmp_path / "b")}
    assert launch.without([f"{root}/a/y/z"], [f"{root}/a/y"]) == []


@given(st.lists(st.sampled_from(["a", "a/x", "a/y", "a/y/z", "b", "b/w"]), max_size=3))
def test_no_allowed_path_has_anything_hidden_in_it(hidden: list[str]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for path in ("a/x", "a/y/z", "b/w"):
            (root / path).mkdir(parents=True)
        secrets = [root / path for path in hidden]
        for allowed in map(Path, launch.without([name], list(map(str, secrets)))):
            assert not any(
                secret == allowed or allowed in secret.parents or secret in allowed.parents for secret in secrets
            )


def test_what_is_told_in_the_launchers_order_is_not_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {
        "PATH": "/usr/bin:/bin",
        "SECRET": "x",
        "KEPT": "y",
        "JOBS_KEEP_ENV": "KEPT,PATH",
        "JOBS_WALLS": "{}",
    }
    command = [
        sys.executable,
        "-ISB",
        launch.__file__,
        sys.executable,
        "-c",
        "import os, json; print(json.dumps(dict(os.environ)))",
    ]
    told = json.loads(subprocess.run(command, env=environment, capture_output=True, check=True).stdout)
    assert set(told) - {"LC_CTYPE"} == {"PATH", "KEPT"}


@needs_landlock
def test_the_attack_pack_tries_the_walls(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "workspace").mkdir()
    (tmp_path / "data" / "db.sqlite").write_text("secret")
    tries = against_walls(settings(tmp_path / "mine"), tmp_path)
    assert len(tries) > 20
    assert [title for title, wrong in tries if wrong] == []
