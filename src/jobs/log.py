"""Logs: one line an event, without anybody's words and without secrets."""

import logging
import sys
from collections.abc import Callable, MutableMapping
from typing import Any

import structlog


def set_up(level: str, masked: Callable[[str], str]) -> None:
    """Log to standard error from `level` ("debug" … "error") on; whatever is said passes through `masked`."""

    def mask(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        for key, value in event.items():
            if not isinstance(value, (bool, int, float, type(None))):
                event[key] = masked(value if isinstance(value, str) else repr(value))
        return event

    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            mask,
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    for handler in logging.getLogger().handlers:
        handler.addFilter(_Masking(masked))


class _Masking(logging.Filter):
    """The same for libraries that log by the standard library."""

    def __init__(self, masked: Callable[[str], str]) -> None:
        super().__init__()
        self._masked = masked

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self._masked(record.getMessage()), None
        if record.exc_info:
            record.exc_text = self._masked(logging.Formatter().formatException(record.exc_info))
        return True
