"""Who may use what: the one table. The session builder reads it, the README shows it, a test holds both to it."""

from jobs.users.model import Role

OWNER = frozenset({Role.OWNER})
EXTERNAL = frozenset({Role.EXTERNAL})
ERRANDS = frozenset({Role.ISOLATED, Role.HEARTBEAT, Role.WATCH})
"""Sessions that nobody talks with. None of them writes to other people."""
WORKS = OWNER | {Role.ISOLATED}
LOOKS = WORKS | {Role.HEARTBEAT}

TOOLS: dict[str, frozenset[Role]] = {
    "send_to_user": OWNER,
    "send_file": WORKS,
    "create_user_task": OWNER,
    "get_user_tasks": LOOKS,
    "update_user_task": OWNER,
    "cancel_user_task": OWNER,
    "get_overdue_tasks": LOOKS,
    "resolve_user": WORKS,
    "list_users": LOOKS,
    "set_user_note": OWNER,
    "ban_user": OWNER,
    "unban_user": OWNER,
    "memory_search": LOOKS,
    "memory_read": LOOKS,
    "memory_append": WORKS,
    "memory_log": WORKS,
    "memory_forget": OWNER,
    "memory_context": LOOKS,
    "memory_reindex": OWNER,
    "schedule_task": WORKS,
    "list_scheduled_tasks": LOOKS,
    "update_scheduled_task": WORKS,
    "run_scheduled_task_now": OWNER,
    "cancel_scheduled_task": WORKS,
    "watch_channel": OWNER,
    "watch_files": OWNER,
    "list_watches": OWNER,
    "unwatch": OWNER,
    "notify_owner": ERRANDS,
    "mcp_search": OWNER,
    "mcp_install": OWNER,
    "mcp_set_env": OWNER,
    "mcp_list": OWNER,
    "mcp_enable": OWNER,
    "mcp_disable": OWNER,
    "mcp_remove": OWNER,
    "mcp_test": OWNER,
    "skill_create": OWNER,
    "skill_list": OWNER,
    "skill_show": OWNER,
    "skill_edit": OWNER,
    "skill_remove": OWNER,
    "skill_install": OWNER,
    "get_my_tasks": EXTERNAL,
    "update_task": EXTERNAL,
    "send_summary_to_owner": EXTERNAL,
}
"""Jobs' own tools."""

BUILT_INS: frozenset[Role] = LOOKS
"""Who has the CLI's own tools (Bash, Read, Write, the web, …): all of them, a few (FEW_BUILT_INS), or none."""

FEW_BUILT_INS: dict[Role, tuple[str, ...]] = {
    Role.HEARTBEAT: ("Bash", "Read", "Glob", "Grep", "Edit", "WebFetch"),
}
"""Roles that have only some of them: each tool's description is read, and paid for, at every turn."""

ONLY_TELL = frozenset({Role.HEARTBEAT, Role.WATCH})
"""Whose turn ends when they have notified the owner."""

MCP_SERVERS: frozenset[Role] = WORKS
"""Who has the tools of the servers in mcp_servers.json."""

SKILLS: frozenset[Role] = WORKS
"""Whose prompt names the skills in WORKSPACE_DIR/.claude/skills."""


def allowed(role: Role) -> list[str]:
    """The names of Jobs' tools that a role has, in the table's order."""
    return [name for name, roles in TOOLS.items() if role in roles]
