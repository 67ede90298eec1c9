"""What is served on HTTP_PORT, asked as a health check and a Prometheus server would."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.support import Spine

from jobs.serving import HOST
from jobs.web import Stage as Progress
from jobs.web import Vitals, WebServer
from jobs_simulator.model import echo
from jobs_simulator.stage import Stage

pytestmark = pytest.mark.usefixtures("warm")


def free_port() -> int:
    with closing(socket.create_server((HOST, 0))) as taken:
        return int(taken.getsockname()[1])


@asynccontextmanager
async def served(vitals: Vitals) -> AsyncIterator[httpx.AsyncClient]:
    web = WebServer(port := free_port(), vitals)
    web.start()
    async with httpx.AsyncClient(base_url=f"http://{HOST}:{port}", trust_env=False, timeout=20) as client:
        yield client
    await web.stop()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(HOST, port)


def running(spine: Spine) -> Vitals:
    vitals = Vitals(spine.db)
    vitals.stage, vitals.telegram, vitals.sessions = Progress.READY, lambda: True, lambda: (3, 1)
    return vitals


async def test_while_it_runs_and_telegram_is_there_it_is_healthy_and_ready(spine: Spine) -> None:
    async with served(running(spine)) as client:
        for path in ("/healthz", "/readyz"):
            answer = await client.get(path)
            assert (answer.status_code, answer.json()) == (200, {"ok": True})
        assert (await client.get("/nothing")).status_code == 404
        assert (await client.post("/healthz")).status_code == 405


async def test_without_telegram_and_while_it_starts_it_lives_but_is_not_ready(spine: Spine) -> None:
    async with served(Vitals(spine.db)) as client:
        assert (await client.get("/healthz")).status_code == 200
        answer = await client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json() == {"ok": False, "jobs": "is starting", "telegram": "is not connected"}


async def test_when_the_database_cannot_be_read_it_is_not_healthy(spine: Spine) -> None:
    async with served(running(spine)) as client:
        spine.db.close()
        answer = await client.get("/healthz")
        assert answer.status_code == 503
        assert "cannot be read" in answer.json()["database"]


async def test_the_figures_count_what_waits_and_are_what_prometheus_reads(spine: Spine) -> None:
    spine.accept("one")
    spine.accept("two")
    async with served(running(spine)) as client:
        answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    samples = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    assert samples["jobs_ready",] == 1
    assert samples["jobs_telegram_connected",] == 1
    assert (samples["jobs_session_processes",], samples["jobs_turns_running",]) == (3, 1)
    assert samples["jobs_rows", "inbox", "waiting"] == 2
    assert samples["jobs_rows", "outbox", "queued"] == 0
    assert samples["jobs_oldest_row_seconds", "inbox"] >= 0
    assert samples["process_resident_memory_bytes",] > 1_000_000
    assert "masha" not in answer.text.lower()


async def test_the_program_serves_them_and_says_when_the_port_is_taken(tmp_path: Path) -> None:
    async with Stage(tmp_path, echo) as stage:
        with closing(socket.create_server((HOST, 0))) as taken:
            port = taken.getsockname()[1]
            program = await stage.start(HTTP_PORT=str(port))
            assert "HTTP_PORT is taken" in await program.line("HTTP_PORT")
            assert await program.stop() == 0
        program = await stage.start(HTTP_PORT=str(port))
        async with httpx.AsyncClient(base_url=f"http://{HOST}:{port}", trust_env=False) as client:
            assert json.loads((await client.get("/readyz")).text) == {"ok": True}
            async with stage.person(stage.owner) as owner:
                await owner.ask("a private word", "ECHO: a private word")
            figures = (await client.get("/metrics")).text
        assert "jobs_ready 1.0" in figures
        assert 'jobs_turns_total{outcome="done",role="owner"} 1.0' in figures
        assert 'jobs_cost_usd_total{role="owner"}' in figures
        line = await program.line("outcome=done")
        for part in ("origin=owner", "role=owner", "messages=1", "took_s=", "waited_s=", "tokens_out=", "cost_usd="):
            assert part in line
        assert "private" not in figures + "".join(program.lines)
        assert await program.stop() == 0
