"""The container's health check, as its engine runs it."""

import http.server
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

CHECK = Path(__file__).parents[2] / "container" / "health.py"


class Answer(http.server.BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status if self.path == "/readyz" else 404)
        self.end_headers()
        self.wfile.write(b"told")

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def served(status: int) -> Iterator[int]:
    """A Jobs that answers so; its port."""
    handler = type("Answering", (Answer,), {"status": status})
    with http.server.HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def check(root: Path, **environment: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-ISB", str(CHECK)],
        env={"JOBS_ROOT": str(root), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.stderr
    return done.returncode, done.stdout.strip()


def test_it_is_good_while_people_are_answered_and_else_says_what_is_in_the_way(tmp_path: Path) -> None:
    with served(200) as port:
        assert check(tmp_path, HTTP_PORT=str(port)) == (0, "told")
    with served(503) as port:
        assert check(tmp_path, HTTP_PORT=str(port)) == (1, "told")
    code, told = check(tmp_path, HTTP_PORT=str(port))
    assert (code, "does not answer" in told) == (1, True)


@pytest.mark.parametrize("name", ["HTTP_PORT", "http_port", "export Http_Port"])
def test_it_asks_at_the_port_that_the_settings_file_names(tmp_path: Path, name: str) -> None:
    with served(200) as port:
        (tmp_path / ".env").write_text(f"TZ=UTC\n{name}={port}\n")
        assert check(tmp_path) == (0, "told")
        (tmp_path / ".env").write_text(f"{name}={port}\n{name}=\n1\n")
        assert check(tmp_path) == (0, "told"), "an empty one is none, and the next line is not its value"


def test_where_nothing_is_served_it_is_not_bad_for_ever(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("HTTP_PORT=0\n")
    assert check(tmp_path)[0] == 0
