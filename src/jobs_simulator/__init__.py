"""A loopback Telegram and a loopback Messages API, for the tests and for the commands that try the system."""
