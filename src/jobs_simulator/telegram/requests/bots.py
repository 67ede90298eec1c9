"""What only bots do, and pressing their buttons."""

import asyncio
from typing import Any

from telethon.tl import functions, types

from jobs_simulator.telegram.errors import RpcFailure
from jobs_simulator.telegram.model import Account
from jobs_simulator.telegram.view import View, peer_tl

from .registry import Call, answers


@answers(functions.messages.GetBotCallbackAnswerRequest, bots=False, waits=True)
async def press_button(call: Call, request: Any) -> Any:
    """Press an inline button and wait for the bot. Raises BOT_RESPONSE_TIMEOUT after `World.button_timeout` seconds."""
    me, bot = call.account, call.peer(request.peer)
    message = call.message(bot, request.msg_id)
    if not isinstance(bot, Account) or not bot.is_bot or request.data not in _button_data(message.reply_markup):
        raise RpcFailure("DATA_INVALID")
    theirs = bot.box.copy_of(message.uid)
    query_id = call.world.number() + 2**50
    answer = call.world.queries[query_id] = asyncio.get_running_loop().create_future()
    update = types.UpdateBotCallbackQuery(
        query_id, me.id, peer_tl(me), theirs.id if theirs else 0, chat_instance=me.id * 31 + bot.id, data=request.data
    )
    view = View(call.world, bot)
    view.see(me)
    call.world.journal.add("button", me, bot, request.data.decode(errors="replace"), message, (message.id,))
    call.services.hub.passing(bot, update, view)
    try:
        async with asyncio.timeout(call.world.button_timeout):
            return await answer
    except TimeoutError:
        raise RpcFailure("BOT_RESPONSE_TIMEOUT") from None
    finally:
        del call.world.queries[query_id]


def _button_data(markup: Any) -> set[bytes]:
    if not isinstance(markup, types.ReplyInlineMarkup):
        return set()
    return {data for row in markup.rows for button in row.buttons if (data := getattr(button.type, "data", None))}


@answers(functions.messages.SetBotCallbackAnswerRequest)
def answer_button(call: Call, request: Any) -> bool:
    """Answer the press of a button."""
    answer = call.world.queries.get(request.query_id)
    if not call.account.is_bot:
        raise RpcFailure("USER_BOT_REQUIRED")
    if answer is None or answer.done():
        raise RpcFailure("QUERY_ID_INVALID")
    call.world.journal.add("button answer", call.account, text=request.message or "")
    answer.set_result(
        types.messages.BotCallbackAnswer(
            request.cache_time, alert=request.alert, message=request.message, url=request.url, native_ui=True
        )
    )
    return True


@answers(functions.bots.SetBotCommandsRequest)
def set_commands(call: Call, request: Any) -> bool:
    """Fill the bot's menu, for all chats or for one, in a language."""
    chat = _menu_chat(call, request.scope)
    call.account.menus[chat.id if chat else None, request.lang_code] = request.commands
    text = " ".join(command.command for command in request.commands)
    call.world.journal.add("commands", call.account, chat, text=text)
    return True


@answers(functions.bots.GetBotCommandsRequest)
def get_commands(call: Call, request: Any) -> Any:
    """The bot's menu of exactly that scope and language."""
    chat = _menu_chat(call, request.scope)
    return call.account.menus.get((chat.id if chat else None, request.lang_code), [])


@answers(functions.bots.ResetBotCommandsRequest)
def reset_commands(call: Call, request: Any) -> bool:
    """Empty the bot's menu of that scope and language."""
    chat = _menu_chat(call, request.scope)
    call.account.menus.pop((chat.id if chat else None, request.lang_code), None)
    return True


def _menu_chat(call: Call, scope: Any) -> Account | None:
    """The private chat a scope names, None for all chats. Raises PEER_ID_INVALID for one the bot is not in."""
    _require_bot(call)
    if isinstance(scope, types.BotCommandScopeDefault):
        return None
    if not isinstance(scope, types.BotCommandScopePeer):
        raise RpcFailure("NOT_IMPLEMENTED_SCOPE", 501)
    chat = call.peer(scope.peer)
    if not isinstance(chat, Account) or chat not in call.account.box.dialogs:
        raise RpcFailure("PEER_ID_INVALID")
    return chat


def _require_bot(call: Call) -> None:
    if not call.account.is_bot:
        raise RpcFailure("USER_BOT_REQUIRED")
