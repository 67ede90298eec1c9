"""The registry: found by words, page by page, and turned into an entry that runs; offline is said."""

from pathlib import Path
from typing import Any

import pytest

from jobs.mcp_manager.config import parse_entry
from jobs.mcp_manager.registry import Registry, RegistryError, plan_of
from jobs_simulator.mcp_registry import McpRegistry

NPM: dict[str, Any] = {
    "name": "io.example/brave-search",
    "description": "Search the web",
    "version": "1.2.0",
    "packages": [
        {"registryType": "oci", "identifier": "docker.io/x/y", "transport": {"type": "stdio"}},
        {
            "registryType": "npm",
            "identifier": "@x/brave",
            "version": "1.2.0",
            "transport": {"type": "stdio"},
            "runtimeHint": "npx",
            "runtimeArguments": [{"type": "positional", "value": "-y"}],
            "packageArguments": [
                {"type": "named", "name": "--mode", "value": "fast"},
                {"type": "positional", "valueHint": "folder_path", "isRequired": True},
            ],
            "environmentVariables": [
                {"name": "BRAVE_KEY", "description": "the key", "isRequired": True, "isSecret": True},
                {"name": "REGION", "default": "eu"},
                {"name": "DEBUG"},
            ],
        },
    ],
}
PYPI: dict[str, Any] = {
    "name": "io.example/weather",
    "version": "2.0.1",
    "description": "",
    "packages": [
        {"registryType": "pypi", "identifier": "mcp-weather", "version": "2.0.1", "transport": {"type": "stdio"}}
    ],
}
REMOTE: dict[str, Any] = {
    "name": "com.example/docs.server",
    "version": "1.0.0",
    "description": "",
    "remotes": [
        {
            "type": "streamable-http",
            "url": "https://{tenant}.example/mcp",
            "variables": {"tenant": {"description": "yours"}},
            "headers": [
                {"name": "X-Api-Key", "isRequired": True, "isSecret": True},
                {"name": "Authorization", "value": "Bearer {token}", "variables": {"token": {"isSecret": True}}},
            ],
        }
    ],
}


def test_an_npm_package_runs_by_npx_and_says_what_it_needs() -> None:
    plan = plan_of(NPM)
    assert plan.name == "brave-search"
    assert plan.entry == {
        "command": "npx",
        "args": ["-y", "@x/brave@1.2.0", "--mode", "fast", "${FOLDER_PATH}"],
        "env": {"BRAVE_KEY": "", "REGION": "eu"},
    }
    needed = {each.name: each.secret for each in plan.variables if each.required and not each.default}
    assert needed == {"BRAVE_KEY": True, "FOLDER_PATH": False}
    given = parse_entry("x", {**plan.entry, "env": {"BRAVE_KEY": "k", "FOLDER_PATH": "/f"}})
    assert given.resolved({}).args[-1] == "/f"


def test_a_pypi_package_runs_by_uvx() -> None:
    assert plan_of(PYPI, "w").entry == {"command": "uvx", "args": ["mcp-weather==2.0.1"]}


def test_a_variable_that_is_made_of_others_asks_for_those() -> None:
    token = {"description": "yours", "isRequired": True, "isSecret": True}
    variable = {"name": "AUTH", "value": "Bearer {api_token}", "variables": {"api_token": token}}
    package = {**PYPI["packages"][0], "environmentVariables": [variable]}
    plan = plan_of({**PYPI, "packages": [package]})
    assert plan.entry["env"] == {"AUTH": "Bearer ${API_TOKEN}"}
    needed = {each.name: each.secret for each in plan.variables if each.required and not each.default}
    assert needed == {"API_TOKEN": True}
    given = parse_entry("w", {**plan.entry, "env": {**plan.entry["env"], "API_TOKEN": "t"}})
    assert given.resolved({}).env["AUTH"] == "Bearer t"


@pytest.mark.parametrize(
    "answer",
    [
        {"servers": None},
        {"servers": [1]},
        {"servers": [{"server": None}]},
        {"server": 1},
        {"server": {"name": "a/b", "packages": 1}},
    ],
)
async def test_an_answer_in_another_form_is_said_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any]
) -> None:
    async def asked(*_: Any) -> dict[str, Any]:
        return answer

    monkeypatch.setattr(Registry, "_ask", asked)
    registry = Registry("http://127.0.0.1:1", tmp_path)
    if "servers" in answer and answer["servers"] is None:
        assert (await registry.search("x"))["servers"] == []
        return
    with pytest.raises(RegistryError, match="form"):
        await (registry.search("x") if "servers" in answer else registry.plan("x/y"))


def test_a_remote_server_is_reached_with_its_headers_and_variables() -> None:
    plan = plan_of(REMOTE)
    assert plan.name == "docs-server"
    assert plan.entry == {
        "type": "http",
        "url": "https://${TENANT}.example/mcp",
        "headers": {"X-Api-Key": "${X_API_KEY}", "Authorization": "Bearer ${TOKEN}"},
    }
    assert {each.name: each.secret for each in plan.variables} == {"X_API_KEY": True, "TOKEN": True, "TENANT": False}
    values = {"X_API_KEY": "a", "TOKEN": "b", "TENANT": "me"}
    resolved = parse_entry("docs", plan.entry).resolved(values)
    assert resolved.url == "https://me.example/mcp"
    assert resolved.headers == {"X-Api-Key": "a", "Authorization": "Bearer b"}


def test_what_cannot_be_run_here_is_refused_in_a_sentence() -> None:
    with pytest.raises(RegistryError, match="by hand"):
        plan_of({"name": "a/b", "packages": [{"registryType": "oci", "identifier": "x"}]})


async def test_it_is_searched_page_by_page_and_asked_once(tmp_path: Path) -> None:
    servers = [{**PYPI, "name": f"io.example/weather-{number:02}"} for number in range(25)]
    async with McpRegistry([*servers, NPM]) as loopback:
        registry = Registry(loopback.url, tmp_path)
        names: list[str] = []
        cursor = ""
        while True:
            page = await registry.search("weather", cursor)
            names += [server["server"] for server in page["servers"]]
            cursor = page["next_cursor"]
            if not cursor:
                break
        assert names == [server["name"] for server in servers]
        asked = len(loopback.asked)
        await registry.search("weather")
        assert len(loopback.asked) == asked, "the first page is known"
        assert (await registry.plan(NPM["name"])).entry["command"] == "npx"
        with pytest.raises(RegistryError, match="mcp_search"):
            await registry.plan("io.example/nothing")
    later = Registry(registry.url, tmp_path)
    assert (await later.search("weather"))["servers"], "what was asked before is known offline, after a restart too"
    with pytest.raises(RegistryError, match=r"cannot be reached.*offline"):
        await later.search("something else")
