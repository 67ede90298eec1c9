"""People are told commands as they have to type them."""

import pytest

from jobs.called import as_called
from jobs.texts import CATALOGUE, say

LINE = "run ./jobs setup, then ./jobs up; see ./jobs doctor"


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JOBS_CONTAINER", raising=False)
    monkeypatch.delenv("JOBS_UNIT", raising=False)


def test_in_the_projects_folder_a_command_is_what_the_readme_says() -> None:
    assert as_called(LINE) == LINE


def test_in_a_container_a_command_is_one_of_docker_compose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOBS_CONTAINER", "1")
    assert as_called(LINE) == (
        "run docker compose run --rm jobs setup, then docker compose up -d; see docker compose exec jobs jobs doctor"
    )
    assert say("setup_left", "en").endswith("docker compose run --rm jobs setup.")


def test_beside_the_systemd_unit_a_command_is_jobsctls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOBS_UNIT", "1")
    assert as_called(LINE) == "run jobsctl setup, then systemctl start jobs; see jobsctl doctor"


@pytest.mark.parametrize(
    "key", [key for key, texts in CATALOGUE.items() if any("./jobs" in text for text in texts.values())]
)
def test_no_text_keeps_a_command_that_a_container_does_not_have(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOBS_CONTAINER", "1")
    assert all("./jobs" not in as_called(text) for text in CATALOGUE[key].values())
