"""Jobs: a personal assistant that lives in Telegram and gets things done through people."""

__version__ = "0.1.0"
