"""Speech to text by `POST /audio/transcriptions`, as OpenAI and many others offer it.

Source of the form's fields: the API reference of OpenAI, "Create transcription".
"""

from pathlib import Path

from jobs.config import Settings
from jobs.texts import Language

DEFAULT_URL = "https://api.openai.com/v1"
LARGEST = 25 * 1024 * 1024
"""Bytes of a file that the service takes."""
SECONDS = 120.0
TRIES = 2

HINTS: dict[Language, str] = {
    "ru": "Голосовое сообщение, скорее всего по-русски.",
    "en": "A voice message, most likely in English.",
}
"""The model's `prompt`: it leans towards the language without forcing it, as the field `language` would."""


class ServiceEngine:
    def __init__(self, settings: Settings) -> None:
        self._url = (settings.openai_base_url or DEFAULT_URL).rstrip("/")
        self._key = settings.openai_api_key
        self._model = settings.transcription_model
        self._proxy = settings.proxy_for(self._url)

    async def transcribe(self, path: Path, language: Language) -> str:
        """See `jobs.voice.transcriber.Engine`."""
        import httpx2  # 16 MB that are wanted only once somebody speaks

        if path.stat().st_size > LARGEST:
            raise ValueError(f"the transcription service takes no more than {LARGEST // 1024**2} MB")
        headers = {"Authorization": f"Bearer {self._key.get_secret_value()}"} if self._key else {}
        fields = {"model": self._model, "response_format": "json", "prompt": HINTS[language]}
        sound = path.read_bytes()
        reason = ""
        async with httpx2.AsyncClient(proxy=self._proxy, trust_env=False, timeout=SECONDS) as client:
            for _ in range(TRIES):
                try:
                    answer = await client.post(
                        f"{self._url}/audio/transcriptions",
                        headers=headers,
                        data=fields,
                        files={"file": (_name(path), sound)},
                    )
                except httpx2.TransportError as error:
                    reason = f"the transcription service cannot be reached ({type(error).__name__})"
                    continue
                if answer.status_code == httpx2.codes.OK:
                    return _text(answer.content)
                reason = f"the transcription service answered {answer.status_code}"
                if answer.status_code < httpx2.codes.INTERNAL_SERVER_ERROR:
                    break
        raise ValueError(reason)


def _name(path: Path) -> str:
    """The service goes by the ending, and knows `.ogg` where Telegram says `.oga`."""
    return f"audio{path.with_suffix('.ogg').suffix if path.suffix in ('.oga', '.opus', '') else path.suffix.lower()}"


def _text(body: bytes) -> str:
    from pydantic import BaseModel, ValidationError

    class Transcription(BaseModel):
        text: str

    try:
        return Transcription.model_validate_json(body).text
    except ValidationError:
        raise ValueError("the transcription service's answer has no text in it") from None
