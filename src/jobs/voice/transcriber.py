"""What a voice or video note says, from whichever engine is there."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import structlog

from jobs.config import Settings
from jobs.texts import Language
from jobs.voice.local import LocalEngine
from jobs.voice.service import ServiceEngine

log = structlog.get_logger()


class NotHeard(Exception):
    """There is no text. The message is the reason, for the log and the owner; it has nothing secret in it."""


class Engine(Protocol):
    async def transcribe(self, path: Path, language: Language) -> str:
        """The words in an audio or video file. The language is detected; `language` is only what is most likely.

        Raises OSError or ValueError with a reason.
        """
        ...


class Transcriber:
    """Asks the engines in their order until one has an answer."""

    def __init__(self, engines: Sequence[Engine]) -> None:
        self._engines = engines

    @classmethod
    def of(cls, settings: Settings) -> "Transcriber":
        """The engines that the settings name: the service first, the local one when it fails or is not there."""
        engines: list[Engine] = []
        if settings.openai_api_key or settings.openai_base_url:
            engines.append(ServiceEngine(settings))
        if settings.whisper_model:
            engines.append(LocalEngine(settings.whisper_model))
        return cls(engines)

    async def transcribe(self, path: Path, language: Language) -> str:
        """The words, in one line or more. Raises NotHeard when there is no engine, or all failed or heard nothing."""
        if not self._engines:
            raise NotHeard("no engine is set up: set OPENAI_API_KEY, or WHISPER_MODEL for a local one")
        reasons = []
        for engine in self._engines:
            try:
                if text := (await engine.transcribe(path, language)).strip():
                    return text
                reasons.append("nothing was said in it")
            except (OSError, ValueError) as error:
                reasons.append(str(error) or type(error).__name__)
            log.warning("not transcribed", engine=type(engine).__name__, reason=reasons[-1])
        raise NotHeard("; ".join(reasons))
