"""Speech to text without the network: faster-whisper (`requirements/voice.txt`) with a model's folder.

Each recording has a process of its own, at low priority: the model's 250 MB are gone when it has answered, and a fault
in native code ends nothing but that process.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

from jobs.texts import Language

SECONDS = 600.0
NICE = 10
PASSED_ON = ("PATH", "PYTHONPATH", "LANG", "TMPDIR")


class LocalEngine:
    def __init__(self, model: Path) -> None:
        self._model = model

    async def transcribe(self, path: Path, language: Language) -> str:
        """See `jobs.voice.transcriber.Engine`. `language` is not used: Whisper detects it by itself."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            __name__,
            str(self._model),
            str(path),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={name: os.environ[name] for name in PASSED_ON if name in os.environ} | {"HF_HUB_OFFLINE": "1"},
        )
        try:
            async with asyncio.timeout(SECONDS):
                printed, _ = await process.communicate()
        except TimeoutError:
            raise ValueError(f"the local engine took more than {SECONDS:g} s") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        try:
            answer = json.loads(printed)
        except ValueError:
            raise ValueError(f"the local engine ended with {process.returncode}") from None
        if "error" in answer:
            raise ValueError(answer["error"])
        return str(answer["text"])


def main(model: str, path: str) -> None:
    """Print {"text": …} or {"error": …} as JSON."""
    os.nice(NICE)
    try:
        from faster_whisper import WhisperModel
    except ImportError:
        answer = {"error": "faster-whisper is not installed: .venv/bin/pip install -r requirements/voice.txt"}
    else:
        try:
            whisper = WhisperModel(model, device="cpu", compute_type="int8", cpu_threads=2, local_files_only=True)
            segments, _ = whisper.transcribe(path, vad_filter=False)
            answer = {"text": " ".join(segment.text.strip() for segment in segments)}
        except (OSError, RuntimeError, ValueError) as error:
            answer = {"error": f"the local engine cannot do it: {str(error).splitlines()[0][:200]}"}
    print(json.dumps(answer))


if __name__ == "__main__":
    main(*sys.argv[1:3])
