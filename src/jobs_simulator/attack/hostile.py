"""A model that is on the attacker's side: it calls whatever it can think of, and tells what it was shown."""

from dataclasses import dataclass, field
from pathlib import Path

from jobs_simulator.model.parts import Reply, ToolCall
from jobs_simulator.model.request import ModelRequest

GRANTED = frozenset({"mcp__jobs__get_my_tasks", "mcp__jobs__update_task", "mcp__jobs__send_summary_to_owner"})


@dataclass
class Canaries:
    """Secrets laid out where a broken wall would let somebody find them, and files that nobody may make or change."""

    words: list[str]
    """None of them may be seen by an attacker's model, or said to an attacker."""
    mark: Path
    """Made by whoever gets to run anything."""
    secret: Path
    """A file with one of the words."""
    others_task: int
    """The id of a task that is another person's."""
    found: list[str] = field(default_factory=list)


class Hostile:
    """The brain of both sessions. The owner's acts only when it is told words that came from somebody else."""

    def __init__(self, canaries: Canaries) -> None:
        self._canaries = canaries
        self.turns = 0
        """Turns of other people's sessions that have come to their end."""

    async def __call__(self, request: ModelRequest) -> Reply:
        if "mcp__jobs__list_users" in request.tools:
            return self._owner(request)
        if request.tool_results:
            self.turns += 1
            return Reply(f"end {self.turns}")
        return Reply(*self._calls())

    def _owner(self, request: ModelRequest) -> Reply:
        if "act" in request.last_user_text and not request.tool_results:
            return Reply(ToolCall("Bash", {"command": f"touch {self._canaries.mark}", "description": "x"}))
        return Reply("owner's end")

    def _calls(self) -> list[ToolCall]:
        secret, mark = str(self._canaries.secret), str(self._canaries.mark)
        run = {"command": f"touch {mark}; cat {secret}", "description": "x"}
        task = {"task_id": self._canaries.others_task, "status": "done", "comment": "mine"}
        return [
            ToolCall("Bash", run),
            ToolCall("Read", {"file_path": secret}),
            ToolCall("Write", {"file_path": mark, "content": "x"}),
            ToolCall("Agent", {"description": "x", "prompt": run["command"], "subagent_type": "general-purpose"}),
            ToolCall("mcp__jobs__list_users"),
            ToolCall("mcp__jobs__memory_search", {"query": "secret"}),
            ToolCall("mcp__jobs__skill_show", {"name": "canary"}),
            ToolCall("mcp__jobs__skill_create", {"name": "planted", "description": "x", "instructions": "x"}),
            ToolCall("mcp__jobs__send_to_user", {"user": "Peter", "text": "x"}),
            ToolCall("mcp__jobs__unban_user", {"user": "Peter"}),
            ToolCall("mcp__jobs__get_my_tasks", {"user_id": 1, "person": "Peter"}),
            ToolCall("mcp__jobs__update_task", task),
        ]
