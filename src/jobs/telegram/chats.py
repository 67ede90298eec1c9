"""Private chats in the database: how each is addressed, and how far its history has been read."""

from telethon.tl import types

from jobs.db import Database


class Chats:
    """Kept by Jobs itself, since Telethon writes its own notes only once a minute and a crash would lose them."""

    def __init__(self, db: Database, account_id: int, *, is_bot: bool) -> None:
        self._db = db
        self._account_id = account_id
        self.is_bot = is_bot

    def remember(self, user: types.User) -> None:
        """Note how to address a person. A `min` user's hash is not valid for sending, so it is not kept."""
        access_hash = 0 if user.min else user.access_hash or 0
        self._db.execute(
            """INSERT INTO telegram_chats (id, access_hash) VALUES (:id, :hash)
               ON CONFLICT (id) DO UPDATE SET access_hash = :hash WHERE :hash <> 0""",
            {"id": user.id, "hash": access_hash},
        )

    def is_own(self, chat: int) -> bool:
        """Whether a chat is Saved Messages, where what both sides write is the account's own."""
        return chat == self._account_id

    def can_address(self, chat: int) -> bool:
        """Whether anything can be sent to a chat: Telegram wants proof (a hash) that the account has met them."""
        return (
            self.is_bot
            or self.is_own(chat)
            or bool(self._db.value("SELECT access_hash FROM telegram_chats WHERE id = ?", (chat,)))
        )

    def peer(self, chat: int) -> types.InputPeerUser | types.InputPeerSelf:
        """How to address a chat in a request."""
        if self.is_own(chat):
            return types.InputPeerSelf()
        access_hash = self._db.value("SELECT access_hash FROM telegram_chats WHERE id = ?", (chat,))
        return types.InputPeerUser(chat, access_hash or 0)

    def read_up_to(self, chat: int) -> int | None:
        """The message id up to which the whole history has been read into the inbox; None when it never was."""
        up_to: int | None = self._db.value("SELECT last_message_id FROM telegram_chats WHERE id = ?", (chat,))
        return up_to

    def set_read_up_to(self, chat: int, message_id: int) -> None:
        """Only a reader of history may say this: pushed updates can leave a gap behind them."""
        self._db.execute(
            """INSERT INTO telegram_chats (id, last_message_id) VALUES (:id, :message)
               ON CONFLICT (id) DO UPDATE SET last_message_id = max(coalesce(last_message_id, 0), :message)""",
            {"id": chat, "message": message_id},
        )
