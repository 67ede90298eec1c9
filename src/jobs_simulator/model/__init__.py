"""A loopback Messages API with a scripted model, for the real CLI to talk to."""

from .echo import echo, fixed
from .faults import Faults
from .parts import ApiError, Cut, Delay, Reply, Stall, Text, Thinking, ToolCall
from .request import ModelRequest, Moment, RequestKind, ToolResult
from .scripted import ScriptedBrain
from .server import Brain, ModelSimulator

__all__ = [
    "ApiError",
    "Brain",
    "Cut",
    "Delay",
    "Faults",
    "ModelRequest",
    "ModelSimulator",
    "Moment",
    "Reply",
    "RequestKind",
    "ScriptedBrain",
    "Stall",
    "Text",
    "Thinking",
    "ToolCall",
    "ToolResult",
    "echo",
    "fixed",
]
