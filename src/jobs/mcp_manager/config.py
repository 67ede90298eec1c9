"""`DATA_DIR/mcp_servers.json`, in the format of Claude Desktop and Claude Code (`{"mcpServers": {name: …}}`)."""

import json
import os
import re
import shutil
from codecs import BOM_UTF8
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, cast

import structlog

from jobs.texts import Refusal, Saying

log = structlog.get_logger()

NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")
"""What a server may be called: it becomes a part of its tools' names (`mcp__<name>__<tool>`)."""
OWN_NAME = "jobs"

Kind = Literal["stdio", "http", "sse"]

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


def reason(key: str, **values: object) -> Saying:
    """Why a server, or the file, cannot be used: `mcp_reason_<key>` of the catalogue."""
    return Saying(f"mcp_reason_{key}", values)


class ConfigError(Refusal):
    """The file, or an entry, cannot be used; one sentence that says what to do."""

    def __init__(self, key: str, **values: object) -> None:
        """`key` and `values` as `reason` takes them."""
        super().__init__(f"mcp_reason_{key}", **values)


@dataclass(frozen=True)
class ServerConfig:
    """One entry, as it stands in the file: `${VAR}` and `${VAR:-default}` are still to be replaced."""

    name: str
    kind: Kind
    command: str
    args: tuple[str, ...]
    env: Mapping[str, str]
    url: str
    headers: Mapping[str, str]
    disabled: bool

    @property
    def fingerprint(self) -> str:
        """What the owner said yes to: a change of anything that is run, sent or handed over makes another one."""
        parts = [self.kind, self.command, self.args, sorted(self.env.items()), self.url, sorted(self.headers.items())]
        return sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()

    @property
    def variables(self) -> list[str]:
        """The names of all variables that it gets or that stand in what it is started with."""
        texts = [self.command, *self.args, *self.env.values(), self.url, *self.headers.values()]
        named = [match[1] for text in texts for match in _VARIABLE.finditer(text)]
        return list(dict.fromkeys([*self.env, *named]))

    def resolved(self, environment: Mapping[str, str]) -> "ServerConfig":
        """With the variables replaced: by the entry's own `env`, then by `environment`. Raises ConfigError.

        Within `env` itself by those that name no other, so that `{"TOKEN": "${TOKEN}"}` is what it is elsewhere.
        """

        def filled(text: str, known: Mapping[str, str]) -> str:
            def value(match: re.Match[str]) -> str:
                found = known.get(match[1]) or match[2]
                if found is None:
                    raise ConfigError("unset", variable=match[1])
                return found

            return _VARIABLE.sub(value, text)

        plain = {name: text for name, text in self.env.items() if not _VARIABLE.search(text)}
        env = {name: filled(text, {**environment, **plain}) for name, text in self.env.items()}
        known = {**environment, **env}
        if missing := [name for name, text in env.items() if not text]:
            raise ConfigError("empty", variable=missing[0])
        return ServerConfig(
            self.name,
            self.kind,
            filled(self.command, known),
            tuple(filled(text, known) for text in self.args),
            env,
            filled(self.url, known),
            {name: filled(text, known) for name, text in self.headers.items()},
            self.disabled,
        )

    def program(self) -> str:
        """The path of what is run, of an entry that is resolved. Raises ConfigError when there is no such program."""
        path = self.env.get("PATH") or os.environ.get("PATH", os.defpath)
        if program := shutil.which(self.command, path=path):
            return program
        known = {"npx": "no_npx", "uvx": "no_uvx"}
        raise ConfigError(known.get(os.path.basename(self.command), "no_program"), program=self.command)


class McpConfig:
    """The configured servers. A file that cannot be read keeps the last good state in force; `problem` says why."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int, int] | None = None
        self._entries: dict[str, dict[str, Any]] = {}
        self._servers: dict[str, ServerConfig] = {}
        self.problem: Saying | None = None

    def servers(self) -> dict[str, ServerConfig]:
        """Name → server, read again when the file has changed; empty without a file."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            self._stamp, self._entries, self._servers, self.problem = None, {}, {}, None
            return {}
        stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                text = self._text()
                entries = _entries(text)
                servers = {name: parse_entry(name, entry, text) for name, entry in entries.items()}
            except ConfigError as error:
                self._refuse(error.saying)
            except OSError as error:
                self._stamp = None  # to be read again: who mends its owner or mode leaves its times as they were
                self._refuse(reason("unreadable", why=error.strerror))
            else:
                self._entries, self._servers, self.problem = entries, servers, None
        return dict(self._servers)

    def _refuse(self, problem: Saying) -> None:
        if problem != self.problem:
            log.error("mcp_servers.json is not used", reason=str(problem))
        self.problem = problem

    def _text(self) -> str:
        """What the file says, without the byte order mark that some editors set. Raises OSError, or ConfigError."""
        content = self._path.read_bytes().removeprefix(BOM_UTF8)
        try:
            return content.decode()
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise ConfigError("line", line=line, what=reason("no_utf8")) from None

    def put(self, name: str, entry: dict[str, Any]) -> ServerConfig:
        """Write an entry, new or in the place of the old one. Raises ConfigError."""
        server = parse_entry(name, entry)
        self._write(lambda entries: {**entries, name: entry})
        return server

    def change(self, name: str, changes: dict[str, Any]) -> None:
        """Change fields of an entry; None removes one. Raises ConfigError when there is no such entry."""

        def changed(entries: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
            if name not in entries:
                raise ConfigError("no_server", name=name)
            entry = {**entries[name], **changes}
            return {**entries, name: {key: value for key, value in entry.items() if value is not None}}

        self._write(changed)

    def set_variable(self, name: str, variable: str, value: str) -> None:
        """Set one variable of a server. Raises ConfigError."""
        self.servers()
        self.change(name, {"env": {**self._entries.get(name, {}).get("env", {}), variable: value}})

    def remove(self, name: str) -> bool:
        """Take an entry out; returns whether it was there."""
        there = name in self.servers()
        if there:
            self._write(lambda entries: {key: entry for key, entry in entries.items() if key != name})
        return there

    def _write(self, change: Any) -> None:
        self.servers()
        if self.problem:
            raise ConfigError("file", what=self.problem)
        document: dict[str, Any] = {}
        if self._path.exists():
            document = json.loads(self._text())
        document["mcpServers"] = change(dict(self._entries))
        fresh = self._path.with_suffix(".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), 0o600)
            json.dump(document, file, ensure_ascii=False, indent=2)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
        self.servers()


def _entries(text: str) -> dict[str, dict[str, Any]]:
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise ConfigError("line", line=error.lineno, what=reason("no_json", what=error.msg)) from None
    except RecursionError:
        raise ConfigError("too_deep") from None
    entries = document.get("mcpServers") if isinstance(document, dict) else None
    if not isinstance(entries, dict):
        raise ConfigError("form")
    return entries


def parse_entry(name: str, entry: Any, text: str = "") -> ServerConfig:
    """Check one entry. `text` is the file it stands in, for the line. Raises ConfigError."""

    def wrong(key: str, **values: object) -> ConfigError:
        if not text:
            return ConfigError(key, name=name, **values)
        before = text.partition(f'"{name}"')[0]
        return ConfigError("line", line=before.count("\n") + 1, what=reason(key, name=name, **values))

    def texts(key: str, kind: type) -> Any:
        value = entry.get(key) or kind()
        values = value.values() if isinstance(value, dict) else value
        if not isinstance(value, kind) or not all(isinstance(each, str) for each in values):
            raise wrong("no_texts", field=key)
        return value

    if not NAME.fullmatch(name) or name == OWN_NAME:
        raise wrong("name")
    if not isinstance(entry, dict):
        raise wrong("no_object")
    command, url = entry.get("command", ""), entry.get("url", "")
    if not isinstance(command, str) or not isinstance(url, str) or bool(command) == bool(url):
        raise wrong("command_or_url")
    kind = str(entry.get("type") or ("stdio" if command else "http"))
    kind = {"streamable-http": "http", "streamableHttp": "http"}.get(kind, kind)
    if kind not in (("stdio",) if command else ("http", "sse")):
        raise wrong("type", type=kind)
    if url and not re.match(r"https?://|\$\{", url):
        raise wrong("url")
    return ServerConfig(
        name,
        cast(Kind, kind),
        command,
        tuple(texts("args", list)),
        texts("env", dict),
        url,
        texts("headers", dict),
        bool(entry.get("disabled", False)),
    )
