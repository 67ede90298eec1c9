"""Who may use what: the one table. The session builder reads it, the README shows it, a test holds both to it."""

from jobs.users.model import Role

OWNER = frozenset({Role.OWNER})
EXTERNAL = frozenset({Role.EXTERNAL})

TOOLS: dict[str, frozenset[Role]] = {
    "send_to_user": OWNER,
    "send_file": OWNER,
    "create_user_task": OWNER,
    "get_user_tasks": OWNER,
    "update_user_task": OWNER,
    "cancel_user_task": OWNER,
    "get_overdue_tasks": OWNER,
    "resolve_user": OWNER,
    "list_users": OWNER,
    "set_user_note": OWNER,
    "ban_user": OWNER,
    "unban_user": OWNER,
    "memory_append": OWNER,
    "memory_search": OWNER,
    "schedule_task": OWNER,
    "list_scheduled_tasks": OWNER,
    "update_scheduled_task": OWNER,
    "run_scheduled_task_now": OWNER,
    "cancel_scheduled_task": OWNER,
    "mcp_search": OWNER,
    "mcp_install": OWNER,
    "mcp_set_env": OWNER,
    "mcp_list": OWNER,
    "mcp_enable": OWNER,
    "mcp_disable": OWNER,
    "mcp_remove": OWNER,
    "mcp_test": OWNER,
    "get_my_tasks": EXTERNAL,
    "update_task": EXTERNAL,
    "send_summary_to_owner": EXTERNAL,
}
"""Jobs' own tools."""

BUILT_INS: frozenset[Role] = OWNER
"""Who has the CLI's own tools (Bash, Read, Write, the web, …): all of them or none."""

MCP_SERVERS: frozenset[Role] = OWNER
"""Who has the tools of the servers in mcp_servers.json."""


def allowed(role: Role) -> list[str]:
    """The names of Jobs' tools that a role has, in the table's order."""
    return [name for name, roles in TOOLS.items() if role in roles]
