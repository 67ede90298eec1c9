"""The model of the torture: for each numbered message its tool calls, then one answer that names all that is open.

It knows nothing but the request, as a model does. What stands in the conversation without an answer is answered; a call
whose result stands there is not made again; one that failed is. When Jobs says that a call was made before a crash, the
even messages take its word for it and the odd ones call again, so that the journal of calls is tried too.
"""

from collections import deque
from collections.abc import Iterator
from typing import Any

from jobs_simulator.model import Delay, ModelRequest, Reply, Stall, Text, ToolCall

from .traffic import MESSAGE, Kind

PREFIX = "mcp__jobs__"
LONG = "\n".join(f"line {number} of an answer that is too long for one message" for number in range(110))
PATIENCE = 60
"""How often a call that fails is made again before the answer says that it cannot be done."""
RETRY_SECONDS = 0.3

Wish = tuple[int, Kind, str]


class Clerk:
    """`stalls` are put, one each, into the middle of the next answers."""

    def __init__(self) -> None:
        self.stalls: deque[Stall] = deque()

    async def __call__(self, request: ModelRequest) -> Reply:
        wishes = open_wishes(request)
        done, failed = _outcomes(request)
        calls = [call for wish in wishes for call in _calls(*wish) if not _is_done(call, wish[0], done, request)]
        given_up = [call for call in calls if failed.count(_same(call)) >= PATIENCE]
        if calls and not given_up:
            pause = [Delay(RETRY_SECONDS)] if any(_same(call) in failed for call in calls) else []
            return self._spoiled(Reply(*pause, *calls))
        if given_up:
            return Reply(f"cannot be done: {given_up[0].name}")
        return self._spoiled(Reply(Text(_answer(wishes), chunks=4)))

    def _spoiled(self, reply: Reply) -> Reply:
        if not self.stalls:
            return reply
        return Reply(Text("One moment.\n\n", chunks=2), self.stalls.popleft(), *reply)


def open_wishes(request: ModelRequest) -> list[Wish]:
    """Every message that the conversation has no answer to, in its order."""
    wishes: list[Wish] = []
    for role, text in _said(request):
        if role == "assistant":
            answered = set(answered_in(text))
            wishes = [wish for wish in wishes if wish[0] not in answered]
        else:
            wishes += [(int(number), Kind(kind), about) for number, kind, about in MESSAGE.findall(text)]
    return wishes


def answered_in(text: str) -> list[int]:
    """The numbers of the messages that a text answers, in its order."""
    lines = [line for line in text.splitlines() if line.startswith(ANSWERED)]
    return [int(number) for line in lines for number in line.removeprefix(ANSWERED).split()]


ANSWERED = "answered:"


def _answer(wishes: list[Wish]) -> str:
    """One line that names what is answered; a long one goes on, and names at its end what it was long for."""
    head = f"{ANSWERED} " + " ".join(f"{number:04}" for number, _, _ in wishes)
    ends = [f"{LONG}\n\nend of {number:04}" for number, kind, _ in wishes if kind is Kind.LONG]
    return "\n\n".join([head, *ends])


def _calls(number: int, kind: Kind, about: str) -> list[ToolCall]:
    task = ToolCall(f"{PREFIX}create_user_task", {"user": about, "title": f"job {number:04}"})
    word = ToolCall(f"{PREFIX}send_to_user", {"user": about, "text": f"word {number:04}"})
    if kind is Kind.TASK:
        return [task]
    if kind is Kind.WORD:
        return [word]
    if kind is Kind.BOTH:
        return [task, word]
    if kind is Kind.UPDATE:
        update = {"task_id": int(about), "status": "in_progress", "comment": f"comment {number:04}"}
        return [ToolCall(f"{PREFIX}update_task", update)]
    if kind is Kind.SUMMARY:
        return [ToolCall(f"{PREFIX}send_summary_to_owner", {"text": f"summary {number:04}"})]
    return []


def _is_done(call: ToolCall, number: int, done: list[str], request: ModelRequest) -> bool:
    if _same(call) in done:
        return True
    bare = call.name.removeprefix(PREFIX)
    noted = (line for line in request.context_text.splitlines() if line.startswith(f"- {bare} "))
    return number % 2 == 0 and any(f"{number:04}" in line for line in noted)


def _same(call: ToolCall) -> str:
    return f"{call.name} {sorted(call.input.items())}"


def _outcomes(request: ModelRequest) -> tuple[list[str], list[str]]:
    """The calls of the whole conversation that have worked, and those that have failed."""
    calls: dict[str, str] = {}
    done: list[str] = []
    failed: list[str] = []
    for block in _blocks(request):
        if block.get("type") == "tool_use":
            calls[str(block["id"])] = _same(ToolCall(str(block["name"]), dict(block["input"])))
        elif block.get("type") == "tool_result" and (call := calls.get(str(block["tool_use_id"]))):
            (failed if block.get("is_error") else done).append(call)
    return done, failed


def _said(request: ModelRequest) -> Iterator[tuple[str, str]]:
    """Who said what, block by block, without what tools gave back."""
    for message in request.messages:
        content = message.get("content")
        blocks: list[Any] = [{"type": "text", "text": content}] if isinstance(content, str) else content or []
        for block in blocks:
            if block.get("type") == "text":
                yield str(message.get("role")), str(block.get("text", ""))


def _blocks(request: ModelRequest) -> Iterator[dict[str, Any]]:
    for message in request.messages:
        if isinstance(message.get("content"), list):
            yield from message["content"]
