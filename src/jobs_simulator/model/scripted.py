"""The scripted brain: answers in place of a model by rules, acts through tool calls only, and says that it is a script.

It keeps nothing between requests. Each request is played from the beginning of its turn: the steps of the intent are a
generator, the results that have come back are handed to it in order, and what it yields next is the reply.
"""

import re

from .parts import Reply, Text, ToolCall
from .request import ModelRequest, ToolResult
from .script.dates import local_now
from .script.intents import JOBS_PREFIX, Intent, language_of, owner_intent, person_intent
from .script.owner import OWNER_PLAYS
from .script.person import PERSON_PLAYS
from .script.plays import Play, Scene, call, told

EXTERNAL_TOOL = "mcp__jobs__send_summary_to_owner"
NOTIFY_TOOL = "mcp__jobs__notify_owner"
SCHEDULE_TOOL = "mcp__jobs__schedule_task"
_OWNER_LINE = re.compile(r"^\s*owner:\s*(?P<name>[^\n(]+?)\s*(?:\(.*)?$", re.MULTILINE | re.IGNORECASE)
_ORIGIN_LINE = re.compile(r"^\s*origin:\s*(?P<origin>\w+)", re.MULTILINE)
_QUIET = ("NO_REPLY", "HEARTBEAT_OK")


class ScriptedBrain:
    """A brain by rules, in Russian and English.

    Args:
        chunk: characters of a piece of streamed text.
        delay: seconds between two pieces, so that a demonstration looks like typing.
    """

    def __init__(self, chunk: int = 24, delay: float = 0.0) -> None:
        self._chunk = chunk
        self._delay = delay

    async def __call__(self, request: ModelRequest) -> Reply:
        play = perform(scene_play(request), request.tool_results)
        if isinstance(play, ToolCall):
            return Reply(play)
        return Reply(Text(play, chunks=-(-len(play) // self._chunk) or 1, delay=self._delay))


def perform(play: Play, results: list[ToolResult]) -> ToolCall | str:
    """Plays the steps with the results so far: the next call, or the final text."""
    try:
        step = next(play)
        for result in results:
            step = play.send(result)
    except StopIteration as end:
        return str(end.value)
    return step


def scene_play(request: ModelRequest) -> Play:
    """The play for what the last user message asks, by the role that the offered tools show."""
    if NOTIFY_TOOL in request.tools and SCHEDULE_TOOL not in request.tools:  # a heartbeat, or a watch: it has only that
        return _notified(request.last_user_text)
    external = EXTERNAL_TOOL in request.tools
    found = _OWNER_LINE.search(request.system)
    owner = found["name"] if found else ""
    lines = [line for line in request.last_user_text.splitlines() if line.strip()]
    scenes = [_scene(request, line, external, owner) for line in lines] if len(lines) > 1 else []
    if len(scenes) < 2 or any(scene.intent.name in ("unknown", "question") for scene in scenes):
        return _play(_scene(request, request.last_user_text, external, owner), external, request)
    return _burst([_play(scene, external, request) for scene in scenes])


def _scene(request: ModelRequest, text: str, external: bool, owner: str) -> Scene:
    intent: Intent = person_intent(text, owner) if external else owner_intent(text)
    language = language_of(text, request.last_reply)
    return Scene(
        intent, language, local_now(request.context_text), text, request.last_reply, owner, request.context_text
    )


def _play(scene: Scene, external: bool, request: ModelRequest) -> Play:
    origin = _ORIGIN_LINE.search(request.context_text)
    if not external and origin is not None and origin["origin"] not in ("owner", "telegram"):
        return _event(origin["origin"], scene)
    return (PERSON_PLAYS if external else OWNER_PLAYS)[scene.intent.name](scene)


def _event(origin: str, scene: Scene) -> Play:
    """A turn that no person started: a due reminder is told, a heartbeat is quiet, other news is passed on as it is."""
    if origin == "heartbeat":
        quiet = next((word for word in _QUIET if word in scene.said), _QUIET[-1])
        return told(quiet)
    return told(scene.say("scheduled", text=scene.said) if origin.startswith("sched") else scene.said)


def _notified(text: str) -> Play:
    """Whatever has woken the session is told the owner."""
    yield call(NOTIFY_TOOL.removeprefix(JOBS_PREFIX), text=text)
    return ""


def _burst(plays: list[Play]) -> Play:
    """Several requests in one turn, one after the other; the answers stand below each other."""
    answers = []
    for play in plays:
        answers.append((yield from play))  # noqa: PERF401 (a comprehension cannot delegate to a generator)
    return "\n\n".join(answers)
