"""The official registry's API, v0.1: finding servers and turning what it says of one into an entry of the file.

The form of its answers: docs/reference/api/openapi.yaml of modelcontextprotocol/registry (2025-12-01).
"""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jobs.mcp_manager.config import NAME

SECONDS = 10.0
CACHED_SECONDS = 6 * 3600.0
RUNNERS = {"npm": "npx", "pypi": "uvx"}
"""How a package of each registry is run; others (oci, nuget, mcpb) have to be installed by hand."""


class RegistryError(Exception):
    """The registry cannot be asked, or has no such server; one sentence."""


@dataclass(frozen=True)
class Variable:
    """Something that a server has to be given."""

    name: str
    description: str
    required: bool
    secret: bool
    default: str


@dataclass(frozen=True)
class Plan:
    """An entry for the file, and what it still wants."""

    name: str
    entry: dict[str, Any]
    variables: tuple[Variable, ...]


@dataclass
class Registry:
    """`url`: MCP_REGISTRY_URL. `cache`: a folder; an answer in it that is too old is still used while offline."""

    url: str
    cache: Path
    proxy: str | None = None
    _memory: dict[str, tuple[float, Any]] = field(default_factory=dict)

    async def search(self, words: str, cursor: str = "", limit: int = 10) -> dict[str, Any]:
        """One page of servers whose name has the words: {"servers": […], "next_cursor": …}. Raises RegistryError."""
        parameters = {
            "search": words,
            "version": "latest",
            "limit": str(limit),
            **({"cursor": cursor} if cursor else {}),
        }
        answer = await self._get("/v0.1/servers", parameters)
        with _in_its_form():
            servers = [_summary(each["server"]) for each in answer.get("servers") or []]
            return {"servers": servers, "next_cursor": (answer.get("metadata") or {}).get("nextCursor") or None}

    async def plan(self, server: str, name: str = "") -> Plan:
        """How a server of the registry is run. `name`: what it is to be called here. Raises RegistryError."""
        answer = await self._get(f"/v0.1/servers/{quote(server, safe='')}/versions/latest", {})
        with _in_its_form():
            return plan_of(answer["server"], name)

    async def _get(self, path: str, parameters: dict[str, str]) -> dict[str, Any]:
        key = path + "?" + "&".join(f"{name}={quote(value)}" for name, value in sorted(parameters.items()))
        known = self._known(key)
        if known and time.time() - known[0] < CACHED_SECONDS:
            return dict(known[1])
        try:
            answer = await self._ask(path, parameters)
        except RegistryError:
            if known:
                return dict(known[1])
            raise
        self._keep(key, answer)
        return answer

    async def _ask(self, path: str, parameters: dict[str, str]) -> dict[str, Any]:
        import httpx2

        try:
            async with httpx2.AsyncClient(proxy=self.proxy, trust_env=False, timeout=SECONDS) as client:
                answer = await client.get(self.url.rstrip("/") + path, params=parameters)
        except httpx2.HTTPError as error:
            raise RegistryError(
                f"the registry at {self.url} cannot be reached ({type(error).__name__}): Jobs may be offline. "
                "A server can still be installed by hand, with its command or url"
            ) from None
        if answer.status_code == httpx2.codes.NOT_FOUND:
            raise RegistryError("the registry has no such server; look for it with mcp_search")
        try:
            answer.raise_for_status()
            found = answer.json()
        except (httpx2.HTTPError, ValueError):
            raise RegistryError(f"the registry answered with {answer.status_code} and nothing usable") from None
        if not isinstance(found, dict):
            raise RegistryError("the registry answered with something that is no object")
        return found

    def _known(self, key: str) -> tuple[float, Any] | None:
        if not self._memory:
            try:
                self._memory = {name: (at, answer) for name, (at, answer) in json.loads(self._file.read_text()).items()}
            except (OSError, ValueError, TypeError):
                self._memory = {}
        return self._memory.get(f"{self.url} {key}")

    def _keep(self, key: str, answer: dict[str, Any]) -> None:
        self._memory[f"{self.url} {key}"] = (time.time(), answer)
        newest = sorted(self._memory.items(), key=lambda item: item[1][0])[-200:]
        self._memory = dict(newest)
        self.cache.mkdir(parents=True, exist_ok=True)
        self._file.write_text(json.dumps(self._memory, ensure_ascii=False), encoding="utf-8")

    @property
    def _file(self) -> Path:
        return self.cache / "mcp_registry.json"


@contextmanager
def _in_its_form() -> Iterator[None]:
    """What is read of an answer here has the form of the API, or RegistryError is raised."""
    try:
        yield
    except (AttributeError, KeyError, TypeError) as error:
        raise RegistryError(f"the registry's answer does not have the form of the API ({error})") from None


def _summary(server: Mapping[str, Any]) -> dict[str, Any]:
    packages = [f"{each.get('registryType')}:{each.get('identifier')}" for each in server.get("packages") or []]
    return {
        "server": server.get("name"),
        "description": str(server.get("description") or "")[:300],
        "version": server.get("version"),
        "packages": packages,
        "remotes": [each.get("url") for each in server.get("remotes") or []],
    }


def plan_of(server: Mapping[str, Any], name: str = "") -> Plan:
    """The first package that Jobs can run, else the first remote address. Raises RegistryError."""
    called = name or "-".join(str(server.get("name") or "").rpartition("/")[2].replace(".", "-").split())[:40]
    if not NAME.fullmatch(called):
        raise RegistryError("give it a name of up to 40 letters, digits, - and _")
    for package in server.get("packages") or []:
        runner = RUNNERS.get(str(package.get("registryType")))
        if runner and (package.get("transport") or {}).get("type", "stdio") == "stdio":
            return _of_package(called, package, runner)
    for remote in server.get("remotes") or []:
        if remote.get("type") in ("streamable-http", "sse"):
            return _of_remote(called, remote)
    raise RegistryError("this server has no npm or PyPI package and no address; install it by hand")


def _of_package(name: str, package: Mapping[str, Any], runner: str) -> Plan:
    identifier, version = str(package.get("identifier")), package.get("version")
    if runner == "npx":
        run = ["-y", f"{identifier}@{version}" if version else identifier]
    else:
        run = [f"{identifier}=={version}" if version else identifier]
    wanted: list[Variable] = []
    before = _arguments(package.get("runtimeArguments"), wanted)
    after = _arguments(package.get("packageArguments"), wanted)
    before = [each for each in before if each not in ("-y", "--yes")]
    variables = [_of_environment(each, wanted) for each in package.get("environmentVariables") or []]
    entry: dict[str, Any] = {"command": runner, "args": [*before, *run, *after]}
    if env := {each.name: each.default for each in variables if each.default or each.required}:
        entry["env"] = env
    return Plan(name, entry, (*variables, *wanted))


def _of_remote(name: str, remote: Mapping[str, Any]) -> Plan:
    kind = "http" if remote["type"] == "streamable-http" else "sse"
    entry: dict[str, Any] = {"type": kind, "url": str(remote.get("url"))}
    wanted: list[Variable] = []
    headers = {}
    for header in remote.get("headers") or []:
        variable = _variable(header)
        own = _own_name(variable.name)
        value = str(header.get("value") or "")
        for inner, about in (header.get("variables") or {}).items():
            value = value.replace(f"{{{inner}}}", f"${{{_own_name(inner)}}}")
            wanted.append(_variable({**about, "name": _own_name(inner)}))
        if not value:
            value = variable.default or f"${{{own}}}"
            wanted.append(Variable(own, variable.description, variable.required, variable.secret, variable.default))
        if variable.required or variable.default or header.get("value"):
            headers[variable.name] = value
    for inner, about in (remote.get("variables") or {}).items():
        entry["url"] = entry["url"].replace(f"{{{inner}}}", f"${{{_own_name(inner)}}}")
        wanted.append(_variable({**about, "name": _own_name(inner), "isRequired": True}))
    if headers:
        entry["headers"] = headers
    if env := {each.name: each.default for each in wanted if each.default}:
        entry["env"] = env
    return Plan(name, entry, tuple(wanted))


def _of_environment(given: Mapping[str, Any], wanted: list[Variable]) -> Variable:
    """A variable of the environment; what its value is made of is wanted too."""
    variable = _variable(given)
    value = variable.default
    for inner, about in (given.get("variables") or {}).items():
        value = value.replace(f"{{{inner}}}", f"${{{_own_name(inner)}}}")
        wanted.append(_variable({**about, "name": _own_name(inner)}))
    return replace(variable, default=value)


def _arguments(given: Any, wanted: list[Variable]) -> list[str]:
    """Arguments of a package as they stand in the registry; what somebody has to fill in becomes a variable."""
    arguments: list[str] = []
    for each in given or []:
        value = str(each.get("value") or each.get("default") or "")
        for inner, about in (each.get("variables") or {}).items():
            value = value.replace(f"{{{inner}}}", f"${{{_own_name(inner)}}}")
            wanted.append(_variable({**about, "name": _own_name(inner)}))
        if not value and each.get("isRequired"):
            own = _own_name(str(each.get("valueHint") or each.get("name") or "argument"))
            value = f"${{{own}}}"
            wanted.append(_variable({**each, "name": own}))
        if each.get("type") == "named" and (value or each.get("isRequired")):
            arguments.append(str(each.get("name")))
        if value:
            arguments.append(value)
    return arguments


def _variable(given: Mapping[str, Any]) -> Variable:
    return Variable(
        str(given.get("name")),
        str(given.get("description") or "")[:300],
        bool(given.get("isRequired", False)),
        bool(given.get("isSecret", False)),
        str(given.get("value") or given.get("default") or ""),
    )


def _own_name(name: str) -> str:
    """A header's or an argument's name as that of a variable: `X-Api-Key` → `X_API_KEY`."""
    return "".join(sign if sign.isalnum() else "_" for sign in name.strip("-")).upper()
