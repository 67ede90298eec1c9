"""What a new user copies from docs/operations.md, and what they type at `setup`."""

import re
from pathlib import Path

from jobs_simulator.stage import API_HASH, DUMMY_KEY, Stage

HERE = Path(__file__).parents[1]


def commands(section: str) -> str:
    """The commands of a section of "Install", as a shell script that stops at the first that fails."""
    page = (HERE / "docs" / "operations.md").read_text(encoding="utf-8")
    block = re.search(r"```sh\n(.*?)```", page.split(f"\n### {section}\n")[1], re.DOTALL)
    assert block
    return f"set -e\n{block[1].replace('<this repository>', f'file://{HERE}')}"


def answers(stage: Stage) -> str:
    """Signs in as the stage's Jobs by phone and code."""
    asked = ["1", API_HASH, "", "Europe/Moscow", "2", "+7 900 000-00-02", stage.jobs.login_code]
    return "".join(f"{line}\n" for line in [*asked, "@ivan_owner", "y", "1", DUMMY_KEY])
