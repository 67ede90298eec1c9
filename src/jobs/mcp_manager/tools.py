"""The owner's tools on MCP servers."""

from collections.abc import Callable
from typing import Any, Literal

from pydantic import BaseModel, Field

from jobs.masks import Masks, arguments_without_secrets, url_without_secrets
from jobs.mcp_manager.config import ConfigError, parse_entry
from jobs.mcp_manager.manager import McpManager, State
from jobs.mcp_manager.registry import Registry, RegistryError, Variable
from jobs.mcp_manager.secrets import Secrets
from jobs.spine.tool import Effect, NoArguments, Tool, ToolError

MASKS = Masks()
ASKED = "The owner is shown what will be run and asked to allow it; until then it is not started. Do not ask again."


class McpSearch(BaseModel):
    words: str = Field(min_length=1, max_length=100, description="Part of a server's name")
    cursor: str = Field("", description="next_cursor of the page before")


class McpInstall(BaseModel):
    server: str = Field("", description="A server's name in the registry, as mcp_search gives it")
    name: str = Field("", description="What to call it here; needed when it is installed by hand")
    command: str = Field("", description="By hand: the program, such as npx or uvx")
    args: list[str] = Field(default_factory=list, description="By hand: its arguments")
    url: str = Field("", description="By hand: the address of a remote server")
    type: Literal["", "stdio", "http", "sse"] = Field("", description="By hand: http unless told, for a url")
    env: dict[str, str] = Field(default_factory=dict, description="Variables without secrets; ${NAME} may stand in")
    headers: dict[str, str] = Field(default_factory=dict, description="For a url; a secret as ${NAME}")


class McpSetEnv(BaseModel):
    name: str
    variable: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    value: str | None = Field(
        None, description="Leave out for a secret: Jobs then asks the owner itself, and you never see it"
    )


class McpName(BaseModel):
    name: str


class McpTools:
    def __init__(self, manager: McpManager, registry: Registry, secrets: Secrets) -> None:
        self._manager = manager
        self._registry = registry
        self._secrets = secrets

    def tools(self) -> list[Tool[Any]]:
        return [
            Tool("mcp_search", "Search the registry of MCP servers by name.", McpSearch, self.search, reaches_out=True),
            Tool(
                "mcp_install",
                "Add an MCP server, of the registry by `server` or by hand by `command` or `url`. The owner is asked.",
                McpInstall,
                self.install,
                has_effect=True,
            ),
            Tool(
                "mcp_set_env",
                "Set a variable of an MCP server. Never ask for a secret yourself: leave the value out.",
                McpSetEnv,
                self.set_env,
                has_effect=True,
            ),
            Tool("mcp_list", "All MCP servers: state, tools, last error.", NoArguments, self.list),
            Tool("mcp_enable", "Switch an MCP server on.", McpName, self.enable, has_effect=True),
            Tool(
                "mcp_disable", "Switch an MCP server off; it stays installed.", McpName, self.disable, has_effect=True
            ),
            Tool("mcp_remove", "Remove an MCP server.", McpName, self.remove, has_effect=True),
            Tool("mcp_test", "Connect to an MCP server now and say what came of it.", McpName, self.test),
        ]

    async def search(self, call: McpSearch) -> Any:
        try:
            return await self._registry.search(call.words, call.cursor)
        except RegistryError as error:
            raise ToolError(str(error)) from None

    async def install(self, call: McpInstall) -> Effect:
        name, entry, variables = await self._planned(call)
        if name in self._manager.config.servers():
            raise ToolError(f"There is a server {name} already; remove it first, or give this one another name.")
        missing = [each for each in variables if each.required and not each.default and each.name not in call.env]

        def effect() -> Any:
            self._put(name, {**entry, **({"env": {**entry.get("env", {}), **call.env}} if call.env else {})})
            wants = [{"variable": each.name, "secret": each.secret, "about": each.description} for each in missing]
            return {"installed": name, "runs": _what(entry), "needs": wants, "note": ASKED}

        return effect

    async def _planned(self, call: McpInstall) -> tuple[str, dict[str, Any], tuple[Variable, ...]]:
        if call.server:
            try:
                plan = await self._registry.plan(call.server, call.name)
            except RegistryError as error:
                raise ToolError(str(error)) from None
            return plan.name, plan.entry, plan.variables
        entry = {
            "type": call.type,
            "command": call.command,
            "args": call.args,
            "url": call.url,
            "env": call.env,
            "headers": call.headers,
        }
        entry = {key: value for key, value in entry.items() if value}
        try:
            parse_entry(call.name, entry)
        except ConfigError as error:
            raise ToolError(str(error)) from None
        return call.name, entry, ()

    def add(self, name: str, entry: dict[str, Any]) -> None:
        """Add a server that something else brought; the owner is asked as ever. Raises ToolError."""
        if name in self._manager.config.servers():
            raise ToolError(f"There is a server {name} already.")
        self._put(name, entry)

    def _put(self, name: str, entry: dict[str, Any]) -> None:
        try:
            self._manager.config.put(name, entry)
        except ConfigError as error:
            raise ToolError(str(error)) from None
        self._manager.look_soon()

    async def set_env(self, call: McpSetEnv) -> Effect:
        self._known(call.name)

        def effect() -> Any:
            if call.value is None:
                self._secrets.ask(call.name, call.variable)
                return {"asked": "Jobs has asked the owner for it and will take the answer; you will not see it."}
            self._change(lambda: self._manager.config.set_variable(call.name, call.variable, call.value or ""))
            return {"set": call.variable, "note": ASKED}

        return effect

    async def list(self, _: NoArguments) -> Any:
        states = [_told(state) for state in await self._manager.states()]
        problem = self._manager.config.problem
        return {
            "servers": states,
            **({"problem": f"mcp_servers.json is not used as it is: {problem}"} if problem else {}),
        }

    async def enable(self, call: McpName) -> Effect:
        self._known(call.name)
        return lambda: self._switched(call.name, disabled=None)

    async def disable(self, call: McpName) -> Effect:
        self._known(call.name)
        return lambda: self._switched(call.name, disabled=True)

    def _switched(self, name: str, *, disabled: bool | None) -> Any:
        self._change(lambda: self._manager.config.change(name, {"disabled": disabled}))
        return {"name": name, "enabled": not disabled}

    async def remove(self, call: McpName) -> Effect:
        self._known(call.name)

        def effect() -> Any:
            self._change(lambda: self._manager.config.remove(call.name))
            self._manager.forget(call.name)
            return {"removed": call.name}

        return effect

    async def test(self, call: McpName) -> Any:
        self._known(call.name)
        state = await self._manager.settled(call.name)
        if state is None:
            raise ToolError(f"There is no MCP server {call.name}.")
        return _told(state)

    def _change(self, change: Callable[[], object]) -> None:
        try:
            change()
        except ConfigError as error:
            raise ToolError(str(error)) from None
        self._manager.look_soon()

    def _known(self, name: str) -> None:
        if name not in self._manager.config.servers():
            known = ", ".join(self._manager.config.servers()) or "none"
            raise ToolError(f"There is no MCP server {name}; there are: {known}.")


def _told(state: State) -> dict[str, Any]:
    config = state.config
    told = {
        "name": config.name,
        "state": state.word,
        "reason": state.reason,
        "runs": _what({"command": config.command, "args": list(config.args), "url": config.url}),
        "variables": config.variables,
        "tools": list(state.tools),
    }
    return {key: value for key, value in told.items() if value}


def _what(entry: dict[str, Any]) -> str:
    """What is run, as the model is told: the file may have a secret there that a person has pasted."""
    if url := entry.get("url"):
        return MASKS(url_without_secrets(str(url)))
    return MASKS(" ".join([entry.get("command", ""), *arguments_without_secrets(entry.get("args", []))]))
