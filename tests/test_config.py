"""Settings: every variable is read in one place, and what is wrong with one is said in one line that helps."""

import subprocess
import sys
from datetime import time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from jobs import config
from jobs.addresses import Proxy, TelegramServer, names_host
from jobs.config import SettingsError
from jobs.setup.env_file import EnvFile
from jobs.times import QuietHours
from jobs_simulator.telegram.primes import PUBLIC_KEY_PATH

SOURCE = Path(config.__file__).parents[1]
HASH = "0123456789abcdef" * 2


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("JOBS_ROOT", str(tmp_path))
    monkeypatch.delenv("TZ", raising=False)
    (tmp_path / "nokey.pem").write_text("hello", encoding="ascii")
    (tmp_path / "notext.pem").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "broken.pem").write_text(
        "-----BEGIN RSA PUBLIC KEY-----\nhello\n-----END RSA PUBLIC KEY-----\n", encoding="ascii"
    )
    return tmp_path


def wrong(**variables: str) -> list[str]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        with pytest.raises(SettingsError) as caught:
            config.load()
    for saying, name in zip(caught.value.sayings, caught.value.names, strict=True):
        assert saying.said("ru").startswith(name)
        assert "secret" not in saying.said("ru")
    return str(caught.value).splitlines()


def up(root: Path, command: str = "up", **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(root), "JOBS_ROOT": str(root), "PYTHONPATH": str(SOURCE)}
    return subprocess.run(
        [sys.executable, "-m", "jobs", command],
        env={**environment, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize(
    ("name", "value", "mend"),
    [
        ("TG_API_ID", "abc", "whole number"),
        ("TG_API_ID", "-5", "above 0"),
        ("TG_API_ID", "99999999999", "2147483647 or less"),
        ("TG_USER_ID", "1" * 30, "or less"),
        ("TG_API_HASH", "not-a-hash-but-secret", "my.telegram.org"),
        ("TG_USER_ID", "@ivan", "whole number"),
        ("TG_USER_ID", "0", "above 0"),
        ("TG_BOT_TOKEN", "secret-token", "@BotFather"),
        ("TG_SERVER", "localhost", "2@127.0.0.1:4430"),
        ("TG_SERVER", "2@127.0.0.1:99999", "2@127.0.0.1:4430"),
        ("TG_SERVER", "5", "2@127.0.0.1:4430"),
        ("ACTIVE_HOURS", "9", "9-22"),
        ("ACTIVE_HOURS", "9-25", "time of day"),
        ("HEARTBEAT_DAILY_USD", "lots", "a number"),
        ("TG_SERVER", "2@127.0.0.1:4430", "TG_SERVER_KEY is missing"),
        ("TG_SERVER_KEY", "/nowhere/key.pem", "not a file"),
        ("TG_SERVER_KEY", "nokey.pem", "BEGIN RSA PUBLIC KEY"),
        ("TG_SERVER_KEY", "notext.pem", "BEGIN RSA PUBLIC KEY"),
        ("TG_SERVER_KEY", "broken.pem", "BEGIN RSA PUBLIC KEY"),
        ("ANTHROPIC_BASE_URL", "api.example.com", "http://"),
        ("ANTHROPIC_BASE_URL", "http://", "http://"),
        ("ANTHROPIC_BASE_URL", "http://[x", "http://"),
        ("MCP_REGISTRY_URL", "registry.example.com", "http://"),
        ("HTTP_PROXY", "http://[x", "http://user:password@host:port"),
        ("HTTP_PROXY", "proxy.example.com:3128", "http://user:password@host:port"),
        ("HTTP_PROXY", "ftp://proxy.example.com:21", "socks5://"),
        ("HTTP_PROXY", "http://bob:secret-word@host:port", "http://user:password@host:port"),
        ("HTTP_PROXY", "3128", "http://user:password@host:port"),
        ("HEARTBEAT_INTERVAL_MINUTES", "often", "whole number"),
        ("HEARTBEAT_INTERVAL_MINUTES", "-1", "0 or more"),
        ("HEARTBEAT_INTERVAL_MINUTES", "99999999999", "525600 or less"),
        ("KEEP_ROWS_DAYS", "99999999999", "36500 or less"),
        ("KEEP_UPLOADS_DAYS", "99999999999", "36500 or less"),
        ("SCHEDULE_RUN_USD", "0", "has to be above 0"),
        ("SCHEDULE_RUN_USD", "inf", "a number, such as 1.50"),
        ("EXTERNAL_DAILY_USD", "-1", "has to be 0 or more"),
        ("DATA_DIR", "~nobody-of-that-name/data", "home"),
        ("WHISPER_MODEL", "~nobody-of-that-name/model", "home"),
        ("AGENT_FOLDERS", "~nobody-of-that-name/work", "home"),
        ("AGENT_USER", "agent", "EXTERNAL_USER is missing"),
        ("EXTERNAL_USER", "guest", "AGENT_USER is missing"),
        ("OPENAI_BASE_URL", "api.example.com", "http://"),
        ("WHISPER_MODEL", "nowhere", "not a folder"),
        ("TZ", "Mars/Olympus", "Europe/Moscow"),
        ("TZ", "../../etc/passwd", "Europe/Moscow"),
        ("LOG_LEVEL", "loud", "debug, info, warning, error"),
        ("MAX_WARM_SESSIONS", "0", "1 or more"),
        ("MAX_WARM_SESSIONS", "101", "100 or less"),
        ("MAX_WARM_SESSIONS", "many", "whole number"),
        ("MAX_UPLOAD_MB", "0", "1 or more"),
        ("FIRST_MESSAGES_PER_DAY", "-1", "0 or more"),
        ("FIRST_MESSAGES_PER_DAY", "few", "whole number"),
        ("ANSWER_OTHERS", "maybe", "1 or 0"),
        ("CONFIRM_FIRST_MESSAGES", "perhaps", "1 or 0"),
        ("QUIET_HOURS", "night", "21-9"),
        ("QUIET_HOURS", "25-9", "a time of day"),
        ("DIGEST_TIME", "morning", "a time of day"),
    ],
)
def test_a_wrong_value_is_one_line_with_its_name_and_its_mend(name: str, value: str, mend: str) -> None:
    (line,) = wrong(**{name: value})
    assert name in line
    assert mend in line
    assert "secret" not in line
    assert "\n" not in line


def test_every_wrong_value_has_a_line_of_its_own() -> None:
    lines = wrong(TG_API_ID="x", LOG_LEVEL="loud", TZ="Nowhere/At_All")
    assert [line.split()[0] for line in sorted(lines)] == ["LOG_LEVEL", "TG_API_ID", "TZ"]


def test_all_variables_are_read(monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    key = root / "key.pem"
    key.write_bytes(PUBLIC_KEY_PATH.read_bytes())
    (root / "whisper").mkdir()
    for name, value in {
        "TG_API_ID": "12",
        "TG_API_HASH": HASH,
        "TG_USER_ID": "7000000001",
        "TG_BOT_TOKEN": "123456:ABC-DEF_ghi1",
        "TG_SERVER": "2@127.0.0.1:4430",
        "TG_SERVER_KEY": "key.pem",
        "ANTHROPIC_API_KEY": "sk-one",
        "CLAUDE_CODE_OAUTH_TOKEN": "oauth-two",
        "ANTHROPIC_BASE_URL": "http://127.0.0.1:1",
        "CLAUDE_MODEL": "opus",
        "EXTERNAL_MODEL": "haiku",
        "OPENAI_API_KEY": "sk-three",
        "OPENAI_BASE_URL": "http://127.0.0.1:2/v1",
        "TRANSCRIPTION_MODEL": "gpt-4o-mini-transcribe",
        "WHISPER_MODEL": "whisper",
        "HTTP_PROXY": "socks5://bob:p%40ss@proxy:1080",
        "HEARTBEAT_INTERVAL_MINUTES": "0",
        "DATA_DIR": "elsewhere/data",
        "WORKSPACE_DIR": str(root / "desk"),
        "TZ": "Asia/Tokyo",
        "LOG_LEVEL": "DEBUG",
        "MAX_WARM_SESSIONS": "9",
        "ANSWER_OTHERS": "1",
        "MAX_UPLOAD_MB": "7",
        "CONFIRM_FIRST_MESSAGES": "0",
        "QUIET_HOURS": "22:30-8",
        "DIGEST_TIME": "off",
    }.items():
        monkeypatch.setenv(name, value)
    loaded = config.load()
    assert (loaded.tg_api_id, loaded.tg_user_id) == (12, 7000000001)
    assert loaded.tg_server == TelegramServer(2, "127.0.0.1", 4430)
    assert loaded.tg_server_key == key
    assert (loaded.openai_base_url, loaded.transcription_model) == ("http://127.0.0.1:2/v1", "gpt-4o-mini-transcribe")
    assert loaded.whisper_model == root / "whisper"
    assert (loaded.claude_model, loaded.external_model) == ("opus", "haiku")
    assert (loaded.heartbeat_interval_minutes, loaded.max_warm_sessions, loaded.answer_others) == (0, 9, True)
    assert loaded.max_upload_mb == 7
    assert (loaded.confirm_first_messages, loaded.digest_time) == (False, None)
    assert loaded.quiet_hours == QuietHours(time(22, 30), time(8))
    assert (loaded.data_dir, loaded.workspace_dir) == (root / "elsewhere/data", root / "desk")
    assert (loaded.tz, loaded.log_level) == (ZoneInfo("Asia/Tokyo"), "debug")
    assert set(loaded.secrets()) == {HASH, "123456:ABC-DEF_ghi1", "sk-one", "oauth-two", "sk-three", "p@ss", "p%40ss"}
    shown = repr(loaded) + str(loaded)
    assert not [secret for secret in [*loaded.secrets(), "p%40ss"] if secret in shown]


def test_an_env_file_is_read_from_the_root_and_the_environment_wins(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / ".env").write_text("TG_API_ID=1\nTG_USER_ID=2\nLOG_LEVEL=\nUNKNOWN=3\nCLAUDE_MODEL='имя # 1'\n", "utf-8")
    monkeypatch.setenv("TG_USER_ID", "22")
    loaded = config.load()
    assert (loaded.tg_api_id, loaded.tg_user_id, loaded.log_level) == (1, 22, "info")
    assert loaded.claude_model == "имя # 1"
    assert loaded.data_dir == root / "data"


def test_an_env_file_that_is_no_text_is_a_line_and_no_traceback(root: Path) -> None:
    (root / ".env").write_bytes(b"TG_API_ID=\xff\xfe\x00")
    (line,) = wrong()
    assert str(root / ".env") in line


def test_an_env_file_saved_with_a_byte_order_mark_has_its_first_variable(root: Path) -> None:
    """As Windows' editors write it."""
    (root / ".env").write_text("MAX_WARM_SESSIONS=7\nLOG_LEVEL=debug\n", encoding="utf-8-sig")
    assert config.load().max_warm_sessions == 7
    EnvFile(root / ".env").set("MAX_WARM_SESSIONS", "8")
    assert (root / ".env").read_bytes() == b"MAX_WARM_SESSIONS=8\nLOG_LEVEL=debug\n"


def test_a_line_of_an_env_file_that_sets_nothing_is_named_and_is_not_the_demo(root: Path) -> None:
    (root / ".env").write_text("# mine\nTG_API_ID: 1\nTZ=UTC\nTG_API_HASH='0\nLOG_LEVEL=info\n", encoding="utf-8")
    first, second = wrong()
    assert f"{root / '.env'}, line 2, " in first
    assert "line 4, " in second


def test_an_env_file_that_is_a_folder_or_leads_nowhere_is_told_and_is_not_the_demo(root: Path) -> None:
    (root / ".env").mkdir()
    (line,) = wrong()
    assert "is a folder" in line
    (root / ".env").rmdir()
    (root / ".env").symlink_to(root / "away")
    (line,) = wrong()
    assert "not there" in line


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://host:3128", ("http", "host", 3128, None, None)),
        ("http://bob:s3cret@host:3128", ("http", "host", 3128, "bob", "s3cret")),
        ("socks5://b%40b:p%3Aw@10.0.0.1:1080", ("socks5", "10.0.0.1", 1080, "b@b", "p:w")),
        ("socks5h://[::1]:1080", ("socks5h", "::1", 1080, None, None)),
    ],
)
def test_a_proxy_is_taken_apart_with_user_and_password(url: str, expected: tuple[object, ...]) -> None:
    proxy = Proxy.parse(url)
    assert (proxy.scheme, proxy.host, proxy.port, proxy.username, proxy.password) == expected
    assert "s3cret" not in repr(proxy)
    assert proxy.is_socks is url.startswith("socks")


@pytest.mark.parametrize(
    ("no_proxy", "direct"),
    [
        ("", ["127.0.0.1", "localhost"]),
        ("api.corp.example other", ["127.0.0.1", "localhost", "api.corp.example"]),
        (".corp.example, ,.", ["127.0.0.1", "localhost", "api.corp.example"]),
        ("*.Corp.example", ["127.0.0.1", "localhost", "api.corp.example"]),
        ("*", ["127.0.0.1", "localhost", "api.corp.example", "notcorp.example"]),
    ],
)
def test_hosts_of_no_proxy_and_of_its_domains_are_reached_directly(no_proxy: str, direct: list[str]) -> None:
    loaded = config.load(HTTP_PROXY="http://bob:s3cret@proxy:3128", NO_PROXY=no_proxy)
    hosts = ["127.0.0.1", "localhost", "api.corp.example", "notcorp.example"]
    assert [host for host in hosts if loaded.proxy_for(f"https://{host}/v1") is None] == direct
    assert [host for host in hosts if names_host(loaded.unproxied_hosts, host.upper())] == direct


def test_up_with_half_the_settings_names_each_that_is_missing(root: Path) -> None:
    done = up(root, TG_API_ID="1")
    assert done.returncode == 2
    assert done.stdout == ""
    said = done.stderr.splitlines()
    assert [line.split()[:2] for line in said] == [["jobs:", "TG_API_HASH"], ["jobs:", "TG_USER_ID"]]
    assert all("./jobs setup" in line for line in said)


def test_a_terminal_that_lacks_letters_shows_a_question_mark_and_no_traceback(root: Path) -> None:
    done = up(root, "setup", LC_ALL="ru_RU.UTF-8", PYTHONIOENCODING="ascii")
    assert done.returncode == 2
    assert "my.telegram.org, ?????" in done.stdout
    assert "Traceback" not in done.stderr


def test_up_without_a_models_key_says_so(root: Path) -> None:
    done = up(root, TG_API_ID="1", TG_API_HASH=HASH, TG_USER_ID="5")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "ANTHROPIC_API_KEY" in done.stderr
    assert "CLAUDE_CODE_OAUTH_TOKEN" in done.stderr
    assert HASH not in done.stderr


def test_up_without_a_login_says_how_to_sign_in(root: Path) -> None:
    (root / ".env").write_text(f"TG_API_ID=1\nTG_API_HASH={HASH}\nTG_USER_ID=5\nANTHROPIC_API_KEY=sk-hidden\n")
    done = up(root)
    assert done.returncode == 2
    assert done.stderr == "jobs: there is no Telegram login yet: run ./jobs setup\n"
    assert done.stdout == ""


@pytest.mark.parametrize("closed", ["data", "data/telethon.session"])
def test_a_data_directory_or_a_login_that_is_closed_to_this_user_is_one_sentence(
    root: Path, monkeypatch: pytest.MonkeyPatch, closed: str
) -> None:
    config.load_with_data()
    (root / "data").mkdir()
    (root / "data" / "telethon.session").touch()
    config.load_with_data()
    monkeypatch.setattr(config.os, "access", lambda path, mode: path != root / closed)
    with pytest.raises(SettingsError, match=f"{closed} is closed to this user: run it as the one Jobs runs as"):
        config.load_with_data()


def test_a_data_directory_that_is_a_file_is_one_sentence(root: Path) -> None:
    (root / "data").write_text("")
    done = subprocess.run(
        [sys.executable, "-m", "jobs", "migrate"],
        env={"PATH": "/usr/bin:/bin", "JOBS_ROOT": str(root), "PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (2, f"jobs: DATA_DIR names {root / 'data'}, which is not a folder\n")


def test_up_with_a_damaged_login_says_so_in_one_line(root: Path) -> None:
    (root / ".env").write_text(f"TG_API_ID=1\nTG_API_HASH={HASH}\nTG_USER_ID=5\nANTHROPIC_API_KEY=sk-hidden\n")
    (root / "data").mkdir()
    (root / "data" / "telethon.session").write_bytes(b"no database" * 100)
    done = up(root)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
    assert "telethon.session is damaged" in done.stderr
    assert "./jobs setup" in done.stderr


def test_other_peoples_words_wait_for_a_yes_unless_it_is_said_otherwise() -> None:
    assert config.load().untrusted_text == "ask"
    assert wrong(UNTRUSTED_TEXT="maybe")[0].startswith("UNTRUSTED_TEXT has to be one of ask, allow")


def test_in_a_container_the_folders_are_at_the_root(monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    assert (config.load().data_dir, config.load().workspace_dir) == (root / "data", root / "workspace")
    monkeypatch.setenv("JOBS_CONTAINER", "1")
    assert (config.load().data_dir, config.load().workspace_dir) == (Path("/data"), Path("/workspace"))
