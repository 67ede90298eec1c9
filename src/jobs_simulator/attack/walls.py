"""Attacks from inside a session's process: what a program could try that got past every lock of the session."""

from pathlib import Path

from jobs.config import Settings
from jobs.walls import Trial, Walls, try_walls

OWN = "write its own temporary folder"
"""What has to work, or else the tries prove nothing."""


def against_walls(settings: Settings, folder: Path) -> list[tuple[str, list[str]]]:
    """Each attack and what was wrong with its outcome, on the copy in `folder`; nothing where there is no wall."""
    own = {"data_dir": folder / "data", "workspace_dir": folder / "workspace"}
    walls = Walls.of(settings.model_copy(update=own))
    if not walls.confines_owner:
        return []
    empty = folder / "empty"
    empty.mkdir()
    for path, mode in ((folder, 0o711), (empty, 0o755)):
        path.chmod(mode)
    found = []
    for is_owner in (True, False):
        paths = walls.paths(folder / "data", str(int(is_owner)), empty, is_owner=is_owner)
        trials = try_walls(walls, paths, is_owner=is_owner)
        works = any(trial.name == OWN and trial.worked for trial in trials)
        found += [(_title(each), _wrong(each, works)) for each in trials if not each.should_work]
    return found


def _title(trial: Trial) -> str:
    whose = "the owner's agent" if trial.role == "owner" else "another person's process"
    return f"process: {whose} tries to {trial.name}"


def _wrong(trial: Trial, works: bool) -> list[str]:
    if not works:
        return ["the process could not even write its own folder, so nothing was tried"]
    return ["it worked"] if trial.worked else []
