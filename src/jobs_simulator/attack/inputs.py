"""What an attacker writes, and by which way it comes: shared by the attack pack and the tests."""

import json
from dataclasses import dataclass
from importlib import resources
from typing import Literal

Channel = Literal["message", "caption", "file_name", "name", "quote", "transcript", "forward"]


@dataclass(frozen=True)
class Input:
    group: str
    """What kind of trick it is, for the reader."""
    channel: Channel
    """Where in a message the text stands; "name": in the writer's own name."""
    text: str

    @property
    def title(self) -> str:
        """One line that names it."""
        shown = ascii(self.text)[1:-1]
        return f"{self.group}: {shown if len(shown) <= 60 else shown[:57] + '...'}"


def inputs() -> list[Input]:
    """Every one, in the order of `inputs.json`."""
    text = (resources.files("jobs_simulator.attack") / "inputs.json").read_text(encoding="utf-8")
    return [Input(**each) for each in json.loads(text)]
