"""A bot's menu of commands: the owner's chat has the owner's, every other chat the few that are for all."""

import structlog
from telethon.errors import RPCError
from telethon.tl import functions, types

from jobs.telegram.chats import Chats
from jobs.telegram.client import Client
from jobs.telegram.commands import Commands
from jobs.texts import Language
from jobs.users.model import Role

log = structlog.get_logger()

LANGUAGE_CODES: tuple[tuple[str, Language], ...] = (("", "en"), ("ru", "ru"))
"""Telegram's code of a client's language, and the one its menu is in; the empty code is every other language."""


async def set_menu(client: Client, chats: Chats, owner_id: int, commands: Commands) -> None:
    """Tell Telegram both menus in both languages. What it refuses is logged: the commands work without a menu.

    The owner's is refused while they have never written to the bot; the next start sets it.
    """
    scopes = (
        (Role.EXTERNAL, types.BotCommandScopeDefault()),
        (Role.OWNER, types.BotCommandScopePeer(chats.peer(owner_id))),
    )
    for role, scope in scopes:
        for code, language in LANGUAGE_CODES:
            menu = [types.BotCommand(name, about) for name, about in commands.menu(role, language)]
            try:
                await client(functions.bots.SetBotCommandsRequest(scope, code, menu))
            except (RPCError, ConnectionError, OSError) as error:
                log.warning("menu not set", role=role.value, error=str(error) or type(error).__name__)
