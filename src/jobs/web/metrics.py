"""The figures in Prometheus' text format. Names follow prometheus.io/docs/practices/naming."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric

from jobs import __version__
from jobs.times import from_text, now
from jobs.web.vitals import Stage, Vitals

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

OLDEST = {
    "inbox": "SELECT min(created_at) FROM inbox WHERE state IN ('waiting', 'taken')",
    "outbox": "SELECT min(created_at) FROM outbox WHERE state = 'queued'",
}
ROWS = {
    ("inbox", "waiting"): "SELECT count(*) FROM inbox WHERE state IN ('waiting', 'taken') AND state = 'waiting'",
    ("inbox", "taken"): "SELECT count(*) FROM inbox WHERE state IN ('waiting', 'taken') AND state = 'taken'",
    ("outbox", "queued"): "SELECT count(*) FROM outbox WHERE state = 'queued'",
    ("outbox", "failed"): "SELECT count(*) FROM outbox WHERE error IS NOT NULL AND state = 'failed'",
    ("turns", "set_aside"): "SELECT count(*) FROM turns WHERE state = 'set_aside'",
}
"""Each by a partial index, so that a scrape costs the same however many old rows there are."""


def exposition(vitals: Vitals) -> bytes:
    """All figures as they are now."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)  # memory, CPU and file descriptors of this process
    registry.register(_Figures(vitals))
    return generate_latest(registry)


class _Figures:
    def __init__(self, vitals: Vitals) -> None:
        self._vitals = vitals

    def collect(self) -> Iterator[Metric]:
        vitals = self._vitals
        yield InfoMetricFamily("jobs", "The program.", {"version": __version__})
        yield _gauge("jobs_ready", "1 while people are answered.", vitals.stage is Stage.READY)
        yield _gauge("jobs_telegram_connected", "1 while Telegram answers.", vitals.telegram())
        processes, turns = vitals.sessions()
        yield _gauge("jobs_session_processes", "Sessions that have a process.", processes)
        yield _gauge("jobs_turns_running", "Turns that run now.", turns)
        yield from self._rows()

    def _rows(self) -> Iterator[Metric]:
        db, moment = self._vitals.db, now()
        rows = GaugeMetricFamily(
            "jobs_rows", "Rows that are not finished, or were given up.", labels=["table", "state"]
        )
        for (table, state), sql in ROWS.items():
            rows.add_metric([table, state], db.value(sql))
        yield rows
        age = GaugeMetricFamily("jobs_oldest_row_seconds", "Age of the oldest open row.", labels=["table"])
        for table, sql in OLDEST.items():
            oldest = db.value(sql)
            age.add_metric([table], (moment - from_text(oldest)).total_seconds() if oldest else 0)
        yield age


def _gauge(name: str, about: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, about, value=float(value))
