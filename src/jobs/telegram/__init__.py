"""Telegram over MTProto: one transport for a user account and for a bot."""
