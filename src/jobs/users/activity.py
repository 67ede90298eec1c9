"""What a session reports while a turn runs, for whoever shows it."""

from typing import Any, Protocol


class Activity(Protocol):
    """Told of each step as it happens; must not raise or block."""

    def tool(self, name: str, arguments: dict[str, Any]) -> None:
        """A tool is being called, under the name the CLI knows it by."""
        ...

    def text(self, delta: str) -> None:
        """The answer grows by this."""
        ...

    def restart(self) -> None:
        """The answer begins anew: what has grown so far was not the answer, or its stream was cut."""
        ...


class Unseen:
    """Nobody watches."""

    def tool(self, name: str, arguments: dict[str, Any]) -> None: ...

    def text(self, delta: str) -> None: ...

    def restart(self) -> None: ...
