"""What an answer of the Messages API used, read from its bytes as they pass."""

import json
from typing import Any

LARGEST_LINE = 4 * 1024 * 1024
"""Bytes without a line's end that are looked through; of more only the beginning is."""
DELTA_OVERHEAD = 110
"""Bytes of a delta's event that are not its text."""
BYTES_A_TOKEN = 3.0


class Meter:
    """`begin` with the head of the answer, `feed` it the body; `finish` gives the API's own usage, as far as heard."""

    def __init__(self) -> None:
        self.usage: dict[str, Any] = {}
        self.model = ""
        """As the answer names it; "" until it has."""
        self._is_stream = False
        self._is_error = False
        self._rest = b""
        self._deltas = 0
        self._is_told = False

    def begin(self, status: int, content_type: str) -> None:
        """An answer with an error status costs nothing."""
        self._is_error = status >= 400
        self._is_stream = content_type.startswith("text/event-stream")

    def feed(self, data: bytes) -> None:
        if self._is_error:
            return
        self._rest += data
        if self._is_stream:
            *lines, self._rest = self._rest.split(b"\n")
            for line in lines:
                self._line(line)
        self._rest = self._rest[:LARGEST_LINE]

    def finish(self) -> dict[str, Any]:
        """The usage. Of an answer that was cut, output is estimated from the text that has passed."""
        if not self._is_stream:
            self._take(self._rest)
        elif self.usage and not self._is_told:
            told = self.usage.get("output_tokens") or 0
            self.usage["output_tokens"] = max(told, round(self._deltas / BYTES_A_TOKEN))
        return self.usage

    def _line(self, line: bytes) -> None:
        if b'"usage"' in line:
            self._is_told = self._is_told or b'"message_delta"' in line
            self._take(line.removeprefix(b"data:"))
        elif b"_delta" in line and line.startswith(b"data:"):
            self._deltas += max(0, len(line) - DELTA_OVERHEAD)

    def _take(self, text: bytes) -> None:
        try:
            value = json.loads(text)
        except ValueError:
            return
        if not isinstance(value, dict):
            return
        message = value.get("message")
        told = message if isinstance(message, dict) else value
        usage = told.get("usage")
        if isinstance(told.get("model"), str):
            self.model = told["model"]
        if isinstance(usage, dict):
            self.usage.update({name: amount for name, amount in usage.items() if amount is not None})
