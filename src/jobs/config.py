"""Settings: every environment variable, read and checked once, in one place.

Values come from the environment, then from `.env` in the project's folder (`JOBS_ROOT`, else the working directory).
No other part of the program reads a setting from the environment.
"""

import io
import os
import re
from collections.abc import Callable
from datetime import time
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from dotenv.parser import parse_stream
from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from jobs.addresses import Proxy, TelegramServer, is_http_url, names_host
from jobs.texts import Saying
from jobs.times import ActiveHours, QuietHours, parse_clock

Streaming = Literal["off", "progress", "text"]
"""What the owner sees of a turn that works: nothing, what it is doing, or also the answer as it grows."""

UntrustedText = Literal["ask", "allow"]
"""Whether the owner's session waits for a yes before it acts, once other people's words stand in its conversation."""

Strangers = Literal["answer", "ask", "ignore"]
"""What is done with the first message of somebody unknown."""

MANY_DAYS = 36_500
"""A hundred years; much more is no date any more."""

LOOPBACK = ("127.0.0.1", "localhost", "::1")


class SettingsError(Exception):
    """Some setting is missing or wrong: a saying for each, with the variable, what is wrong, and what to do."""

    def __init__(self, sayings: list[Saying]) -> None:
        super().__init__("\n".join(map(str, sayings)))
        self.sayings = sayings

    @property
    def names(self) -> list[str]:
        """The variables that are wrong, or `.env` itself."""
        return [str(saying.values["name"]) for saying in self.sayings]


class Wrong(ValueError):
    """What a validator says of a value: `setting_<key>` of the catalogue. Nothing that may be a secret is in it."""

    def __init__(self, key: str, **values: object) -> None:
        self.saying = Saying(f"setting_{key}", values)
        super().__init__(str(self.saying))


def project_root() -> Path:
    """The folder that `.env` and the default `data` and `workspace` lie in."""
    return Path(os.environ.get("JOBS_ROOT") or Path.cwd())


def default_folder(name: str) -> Path:
    """Where a folder of Jobs' own is unless a setting says otherwise: at the root in a container, which a variable of
    its image tells (`JOBS_CONTAINER`), else in the project's folder."""
    return Path("/" if os.environ.get("JOBS_CONTAINER") else project_root()) / name


class Settings(BaseSettings):
    """Every setting. Field names are the variables' names in lower case."""

    model_config = SettingsConfigDict(
        env_file_encoding="utf-8-sig", extra="ignore", env_ignore_empty=True, frozen=True, allow_inf_nan=False
    )

    tg_api_id: int | None = Field(None, gt=0, le=2**31 - 1)  # an int of MTProto's
    tg_api_hash: SecretStr | None = None
    tg_user_id: int | None = Field(None, gt=0, le=2**52 - 1)  # core.telegram.org/api/bots/ids
    tg_bot_token: SecretStr | None = None
    tg_server: TelegramServer | None = None
    tg_server_key: Path | None = None

    anthropic_api_key: SecretStr | None = None
    claude_code_oauth_token: SecretStr | None = None
    anthropic_base_url: str | None = None
    claude_model: str | None = None
    external_model: str | None = None
    openai_api_key: SecretStr | None = None
    openai_base_url: str | None = None
    transcription_model: str = "whisper-1"
    whisper_model: Path | None = None

    http_proxy: Proxy | None = Field(None, validation_alias=AliasChoices("HTTP_PROXY", "http_proxy"))
    no_proxy: str = Field("", validation_alias=AliasChoices("NO_PROXY", "no_proxy"))
    schedule_model: str | None = None
    schedule_run_usd: float = Field(1.0, gt=0)
    backups_kept: int = Field(7, ge=0)
    keep_rows_days: int = Field(365, ge=0, le=MANY_DAYS)
    keep_uploads_days: int = Field(365, ge=0, le=MANY_DAYS)
    keep_uploads_mb: int = Field(10_000, ge=0)
    http_port: int = Field(8470, ge=0, le=65535)
    heartbeat_interval_minutes: int = Field(30, ge=0, le=525_600)
    heartbeat_model: str = "haiku"
    heartbeat_daily_usd: float = Field(0.5, ge=0)
    active_hours: Annotated[ActiveHours, NoDecode] = ActiveHours(time(9), time(22))
    mcp_registry_url: str = "https://registry.modelcontextprotocol.io"

    data_dir: Path = Field(default_factory=lambda: default_folder("data"))
    workspace_dir: Path = Field(default_factory=lambda: default_folder("workspace"))
    tz: ZoneInfo = Field(default_factory=lambda: ZoneInfo(_system_zone()), validation_alias=AliasChoices("TZ"))
    log_level: str = "info"
    memory_model: str = "haiku"
    memory_nightly: time | None = None
    memory_nightly_usd: float = Field(0.05, gt=0)
    embedding_model: str | None = None
    memory_budget_tokens: int = Field(4000, ge=0, le=100_000)
    agent_user: str | None = None
    external_user: str | None = None
    agent_folders: Annotated[tuple[Path, ...], NoDecode] = ()
    max_warm_sessions: int = Field(4, ge=1, le=100)
    answer_others: bool = False
    first_messages_per_day: int = Field(10, ge=0)
    confirm_first_messages: bool = True
    quiet_hours: QuietHours | None = QuietHours(time(21), time(9))
    digest_time: time | None = time(9)
    max_upload_mb: int = Field(50, ge=1, le=2000)
    streaming: Streaming = "progress"
    untrusted_text: UntrustedText = "ask"
    strangers: Strangers = "answer"
    external_daily_usd: float = Field(1.0, ge=0)
    external_person_usd: float = Field(0.5, ge=0)
    external_turns_per_day: int = Field(100, ge=0)
    external_messages_per_day: int = Field(300, ge=0)
    external_messages_per_minute: int = Field(20, ge=1)
    external_message_length: int = Field(4096, ge=1)

    @field_validator("tg_server", mode="before")
    @classmethod
    def _server(cls, value: Any) -> Any:
        return _parsed(TelegramServer.parse, value, "server")

    @field_validator("http_proxy", mode="before")
    @classmethod
    def _proxy(cls, value: Any) -> Any:
        return _parsed(Proxy.parse, value, "proxy")

    @field_validator("tz", mode="before")
    @classmethod
    def _zone(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return ZoneInfo(value.removeprefix(":"))
        except (KeyError, OSError, ValueError) as error:
            raise Wrong("zone") from error

    @field_validator("quiet_hours", mode="before")
    @classmethod
    def _quiet(cls, value: Any) -> Any:
        return None if _is_off(value) else _parsed(QuietHours.parse, value, "quiet_hours")

    @field_validator("active_hours", mode="before")
    @classmethod
    def _active(cls, value: Any) -> Any:
        return _parsed(ActiveHours.parse, value, "active_hours")

    @field_validator("memory_nightly", "digest_time", mode="before")
    @classmethod
    def _clock(cls, value: Any) -> Any:
        return None if _is_off(value) else _parsed(parse_clock, value, "clock")

    @field_validator("agent_folders", mode="before")
    @classmethod
    def _folders(cls, value: Any) -> Any:
        """Like PATH: absolute paths with colons between them."""
        if not isinstance(value, str):
            return value
        paths = tuple(_expanded(Path(part)) for part in value.split(":") if part.strip())
        if wrong := [str(path) for path in paths if not path.is_absolute()]:
            raise Wrong("folders", path=wrong[0])
        return paths

    @field_validator("tg_api_hash")
    @classmethod
    def _api_hash(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not re.fullmatch(r"[0-9a-f]{32}", value.get_secret_value()):
            raise Wrong("api_hash")
        return value

    @field_validator("tg_bot_token")
    @classmethod
    def _bot_token(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not re.fullmatch(r"\d+:[\w-]{10,}", value.get_secret_value()):
            raise Wrong("bot_token")
        return value

    @field_validator("anthropic_base_url", "openai_base_url", "mcp_registry_url")
    @classmethod
    def _base_url(cls, value: str | None) -> str | None:
        if value and not is_http_url(value):
            raise Wrong("url")
        return value

    @field_validator("log_level")
    @classmethod
    def _log_level(cls, value: str) -> str:
        if value.lower() not in ("debug", "info", "warning", "error"):
            raise Wrong("one_of", expected="debug, info, warning, error")
        return value.lower()

    @field_validator("data_dir", "workspace_dir", "tg_server_key", "whisper_model")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return (project_root() / _expanded(value)).absolute() if value else value

    @model_validator(mode="after")
    def _together(self) -> Self:
        if self.tg_server and not self.tg_server_key:
            raise Wrong("no_server_key", name="TG_SERVER_KEY")
        if self.tg_server_key and not self.tg_server_key.is_file():
            raise Wrong("no_file", name="TG_SERVER_KEY", path=self.tg_server_key)
        if self.tg_server_key and not _is_public_key(self.tg_server_key):
            raise Wrong("no_key", name="TG_SERVER_KEY", path=self.tg_server_key)
        if bool(self.agent_user) != bool(self.external_user):
            missing, there = ("EXTERNAL_USER", "AGENT_USER") if self.agent_user else ("AGENT_USER", "EXTERNAL_USER")
            raise Wrong("both_users", name=missing, other=there)
        if self.whisper_model and not self.whisper_model.is_dir():
            raise Wrong("no_model_folder", name="WHISPER_MODEL", path=self.whisper_model)
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, dotenv_settings

    @property
    def has_telegram(self) -> bool:
        """Whether anything of Telegram's is set at all; without it, `up` runs the demo."""
        return any((self.tg_api_id, self.tg_api_hash, self.tg_user_id, self.tg_bot_token))

    @property
    def has_model(self) -> bool:
        return bool(self.anthropic_api_key or self.claude_code_oauth_token)

    def proxy_for(self, url: str) -> str | None:
        """The proxy for an address that is reached by HTTP from here; None: none, or one that is not for it."""
        direct = names_host(self.unproxied_hosts, urlsplit(url).hostname)
        return None if direct or self.http_proxy is None or self.http_proxy.is_socks else self.http_proxy.url

    @property
    def keeps_notes(self) -> bool:
        """Whether a cheap model may be asked on memory's behalf."""
        return self.memory_model.lower() != "off"

    @property
    def unproxied_hosts(self) -> list[str]:
        """Hosts that are reached without the proxy: this machine, and those of NO_PROXY."""
        return [*LOOPBACK, *self.no_proxy_hosts]

    @property
    def no_proxy_hosts(self) -> list[str]:
        """Hosts and domains of NO_PROXY."""
        return [host for host in re.split(r"[\s,]+", self.no_proxy) if host]

    @property
    def telethon_session(self) -> Path:
        return self.data_dir / "telethon.session"

    def require_telegram(self) -> None:
        """Raise SettingsError with a line for each Telegram setting that is missing."""
        missing = [name for name in ("tg_api_id", "tg_api_hash", "tg_user_id") if getattr(self, name) is None]
        if missing:
            raise SettingsError([_saying(f"missing_{name}", name.upper()) for name in missing])

    def require_model(self) -> None:
        """Raise SettingsError when there is no credential for the model."""
        if not self.has_model:
            raise SettingsError([_saying("missing_model", "ANTHROPIC_API_KEY")])

    def require_data(self) -> None:
        """Raise SettingsError when DATA_DIR, or the login in it, is there and this user may not use it."""
        if self.data_dir.exists() and not self.data_dir.is_dir():
            raise SettingsError([_saying("data_no_folder", "DATA_DIR", path=self.data_dir)])
        for path, modes in ((self.data_dir, os.R_OK | os.W_OK | os.X_OK), (self.telethon_session, os.R_OK | os.W_OK)):
            if path.exists() and not os.access(path, modes):
                raise SettingsError([_saying("data_closed", "DATA_DIR", path=path)])

    @property
    def own_variables(self) -> frozenset[str]:
        """The names of Jobs' own settings in the environment, which are nobody else's to read."""
        return frozenset(name.upper() for name in type(self).model_fields)

    def secrets(self) -> list[str]:
        """The values that must never be shown anywhere, for masking."""
        values = [
            value.get_secret_value() for name in SECRET_FIELDS if (value := getattr(self, name, None)) is not None
        ]
        if self.http_proxy and self.http_proxy.password:
            # As it is, and as it stands in the URL that libraries may quote.
            values += [self.http_proxy.password, urlsplit(self.http_proxy.url).password or self.http_proxy.password]
        return values


SECRET_FIELDS = (
    "tg_api_hash",
    "tg_bot_token",
    "anthropic_api_key",
    "claude_code_oauth_token",
    "openai_api_key",
)


def load(**overrides: Any) -> Settings:
    """Read the settings. Raises SettingsError with one line for each that is wrong; `overrides` win over all."""
    env_file = project_root() / ".env"
    try:
        _require_readable(env_file)
        return Settings(_env_file=env_file, **overrides)  # type: ignore[call-arg]
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else Saying("setting_file_no_text", {})
        raise SettingsError([_saying("file_unreadable", env_file, why=why)]) from None
    except ValidationError as error:
        raise SettingsError([_wrong(detail) for detail in error.errors()]) from None


def _require_readable(env_file: Path) -> None:
    """Raise SettingsError for a `.env` that is there but is no file, and for each line of it that says nothing.

    Both would count as no settings at all, and `up` would run the demo.
    """
    if env_file.is_file():
        text = env_file.read_text(encoding="utf-8-sig")
        wrong = [binding.original for binding in parse_stream(io.StringIO(text)) if binding.error]
        if wrong:
            raise SettingsError([_saying("file_line", env_file, line=original.line) for original in wrong])
    elif env_file.is_dir():
        raise SettingsError([_saying("file_folder", env_file)])
    elif env_file.is_symlink() and not env_file.exists():
        raise SettingsError([_saying("file_link", env_file)])


def load_with_data() -> Settings:
    """The same, for what works on the data directory. Raises SettingsError also when this user may not use that."""
    settings = load()
    settings.require_data()
    return settings


def _saying(key: str, name: object, **values: object) -> Saying:
    return Saying(f"setting_{key}", {"name": name, **values})


def _wrong(detail: Any) -> Saying:
    """One sentence for one pydantic error, without the value (it may be a secret)."""
    kind, context = detail["type"], detail.get("ctx", {})
    error = context.get("error")
    if not detail["loc"]:
        assert isinstance(error, Wrong), "what is said of several settings is said by `_together`"
        return error.saying
    if isinstance(error, Wrong):
        what = error.saying
    elif kind.startswith("int_"):
        what = Saying("setting_whole", {})
    elif kind.startswith("float_") or kind == "finite_number":
        what = Saying("setting_number", {})
    elif kind.startswith("bool_"):
        what = Saying("setting_flag", {})
    elif kind == "literal_error":
        what = Saying("setting_one_of", {"expected": context["expected"].replace("'", "").replace(" or ", ", ")})
    elif kind == "greater_than":
        what = Saying("setting_above", {})
    elif kind == "greater_than_equal":
        what = Saying("setting_least", {"limit": context["ge"]})
    elif kind == "less_than_equal":
        what = Saying("setting_most", {"limit": context["le"]})
    else:
        what = Saying("setting_other", {"why": detail["msg"]})
    return _saying("wrong", str(detail["loc"][0]).upper(), what=what)


def _parsed(parse: Callable[[str], object], value: Any, key: str) -> Any:
    """A text parsed, or a number, which pydantic takes some texts for; else as it is. Raises Wrong with `key`."""
    if not isinstance(value, str | int | float):
        return value
    try:
        return parse(str(value))
    except ValueError:
        raise Wrong(key) from None


def _is_off(value: Any) -> bool:
    return isinstance(value, str) and value.strip().lower() == "off"


def _expanded(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError:
        raise Wrong("home") from None


def _is_public_key(path: Path) -> bool:
    """Whether Telethon will be able to read it."""
    import rsa  # for test servers only
    from pyasn1.error import PyAsn1Error  # type: ignore[import-untyped]

    try:
        rsa.PublicKey.load_pkcs1(path.read_bytes())
    except (OSError, ValueError, PyAsn1Error):
        return False
    return True


def _system_zone() -> str:
    """The machine's IANA zone, from /etc/localtime's target; UTC where that says nothing."""
    target = os.path.realpath("/etc/localtime")
    _, found, name = target.partition("zoneinfo/")
    try:
        return str(ZoneInfo(name)) if found else "UTC"
    except (KeyError, OSError, ValueError):
        return "UTC"
