"""Addresses that settings name: a proxy, a Telegram server of one's own, a service."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self
from urllib.parse import unquote, urlsplit

HTTP_SCHEMES = ("http", "https")
SOCKS_SCHEMES = ("socks4", "socks5", "socks5h")


@dataclass(frozen=True)
class TelegramServer:
    """A Telegram data centre other than the real ones: `TG_SERVER=<dc>@<host>:<port>`."""

    dc: int
    host: str
    port: int

    @classmethod
    def parse(cls, value: str) -> Self:
        match = re.fullmatch(r"(\d+)@([^@:]+):(\d+)", value.strip())
        if not match or not 0 < int(match[3]) < 65536:
            raise ValueError("not a Telegram server")
        return cls(int(match[1]), match[2], int(match[3]))


@dataclass(frozen=True)
class Proxy:
    """The proxy of `HTTP_PROXY`, taken apart. `url` still holds the password: never log it."""

    scheme: str
    host: str
    port: int
    username: str | None
    password: str | None
    url: str

    def __repr__(self) -> str:
        return f"Proxy({self.scheme}://{self.host}:{self.port})"

    @property
    def is_socks(self) -> bool:
        return self.scheme in SOCKS_SCHEMES

    @classmethod
    def parse(cls, value: str) -> Self:
        try:
            parts = urlsplit(value.strip())
            port = parts.port
        except ValueError:
            parts, port = urlsplit(""), None
        if parts.scheme not in (*HTTP_SCHEMES, *SOCKS_SCHEMES) or not parts.hostname or not port:
            raise ValueError("not a proxy")
        username = unquote(parts.username) if parts.username else None
        password = unquote(parts.password) if parts.password else None
        return cls(parts.scheme, parts.hostname, port, username, password, value.strip())


def names_host(names: Iterable[str], host: str | None) -> bool:
    """Whether one of the names, as NO_PROXY has them, is the host's, or a domain's it is in; `*` is every host's."""
    bare = (name.lstrip("*.").lower() for name in names if name != ".")
    host = (host or "").lower()
    return any(not name or host == name or host.endswith(f".{name}") for name in bare)


def is_http_url(value: str) -> bool:
    """Whether it is http:// or https:// and names a host."""
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in HTTP_SCHEMES and bool(parts.hostname)
