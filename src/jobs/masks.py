"""Secrets in a text: recognised by their value where it is known, by their form where it is not; shown as ***.

The forms are the vendors' published prefixes, as the rules of gitleaks (config/gitleaks.toml) and detect-secrets
(detect_secrets/plugins) have them; Telegram's from core.telegram.org/bots/api and Telethon's sessions/string.py.
"""

import base64
import re
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

MASK = "***"
SHORTEST = 4
"""Characters: a shorter known value would be found in every other word."""

# What comes after a beginning that may stand anywhere is bounded: each beginning is looked at, and texts are anybody's.
_FORMS = re.compile(
    "|".join(
        (
            r"\bsk-ant-[\w-]{16,}",  # Anthropic: API keys and OAuth tokens
            r"\bsk-(?=[\w-]{0,200}\d)(?:proj-|svcacct-|admin-|or-v1-)?[A-Za-z0-9_-]{20,}",  # OpenAI and its likes
            r"\b\d{6,12}:[A-Za-z0-9_-]{35}(?![\w-])",  # a Telegram bot's token
            r"\b1[A-Za-z0-9_-]{340,}={0,2}",  # a Telethon session as a string
            r"\bgh[pousr]_[A-Za-z0-9]{36,}",  # GitHub
            r"\bgithub_pat_\w{60,}",
            r"\bglpat-[\w-]{20,}",  # GitLab
            r"\bxox[abeoprs]-[\w-]{10,}",  # Slack
            r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",  # AWS
            r"\bAIza[\w-]{35}",  # Google
            r"\bya29\.[\w-]{20,}",
            r"\b[sr]k_(?:live|test)_[A-Za-z0-9]{16,}",  # Stripe
            r"\bhf_[A-Za-z0-9]{30,}",  # Hugging Face
            r"\bnpm_[A-Za-z0-9]{36}",
            r"\bpypi-[\w-]{50,}",
            r"\beyJ[\w-]{10,2000}+\.eyJ[\w-]{10,}\.[\w-]{5,}",  # a JSON web token
            r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
        )
    ),
    re.DOTALL,
)
_IN_URL = re.compile(r"(?<=://)[^\s/:@]+:[^\s/@]+(?=@)")

_SECRET_NAME = r"[\w.-]*(?:key(?!board|word)|token(?!s)|secret|passw|pwd|auth(?!ors?(?!i))|credential)[\w.-]*"
_OPTION = re.compile(rf"--?{_SECRET_NAME}", re.IGNORECASE)
_SET = re.compile(
    rf"\A((?:--?[\w-]+=)?(?:--?)?{_SECRET_NAME}(?:=|:\s*+))(?!(?:Bearer |Basic )?\$\{{).*", re.IGNORECASE | re.DOTALL
)
_IN_QUERY = re.compile(rf"([?&]{_SECRET_NAME}=)(?!\$\{{)[^&#]*", re.IGNORECASE)

_CODE = r"(?P<code>\d(?:[\s-]?\d){4,6}(?!\d))"
_LOGIN_CODE = re.compile(
    r"(?:log[\s-]?in\s+code|code\s+to\s+log\s+in|confirmation\s+code|код\s+(?:для\s+)?(?:входа|подтверждения|авторизации))"
    rf"[^\d\n]{{0,40}}{_CODE}",
    re.IGNORECASE,
)
_LOGIN_LINK = re.compile(r"(?P<code>(?:tg://login\?code=|t\.me/login/)[\w-]+)", re.IGNORECASE)
_ANY_CODE = re.compile(_CODE)


class Masks:
    """Call it with a text to have the text without secrets. `known`: values that are secret here."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._known = sorted({value for value in known if len(value) >= SHORTEST}, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        for value in self._known:
            text = text.replace(value, MASK)
        return without_codes(_IN_URL.sub(MASK, _FORMS.sub(MASK, text)))


def without_codes(text: str, *, by_telegram: bool = False) -> str:
    """The text with Telegram's login codes masked. `by_telegram`: its own words, in which every such number is one."""
    text = _LOGIN_LINK.sub(MASK, _LOGIN_CODE.sub(lambda found: found[0].replace(found["code"], MASK), text))
    return _ANY_CODE.sub(MASK, text) if by_telegram else text


def arguments_without_secrets(arguments: Iterable[str], instead: str = MASK) -> list[str]:
    """A program's arguments, with `instead` in the place of each secret, by the names alone: `--api-key K`, `TOKEN=K`,
    `--header "Authorization: K"`.

    What names a variable (`${…}`) is none.
    """
    kept: list[str] = []
    follows = False
    for argument in arguments:
        if follows and not argument.startswith("--") and "${" not in argument:
            kept.append(instead)
        else:
            kept.append(url_without_secrets(_SET.sub(rf"\g<1>{instead}", argument), instead))
        follows = _OPTION.fullmatch(argument) is not None
    return kept


def url_without_secrets(url: str, instead: str = MASK) -> str:
    """The same for an address: `?api_key=K`."""
    return _IN_QUERY.sub(rf"\g<1>{instead}", url)


def session_secrets(session: Path) -> list[str]:
    """The key that is a Telethon session file's whole worth, in the forms in which it can stand in a text.

    Empty when there is no such file, or nobody has signed in with it.
    """
    if not session.is_file():
        return []
    try:
        with closing(sqlite3.connect(f"file:{session}?mode=ro", uri=True)) as db:
            keys = [row[0] for row in db.execute("SELECT auth_key FROM sessions") if row[0]]
    except sqlite3.Error:
        return []
    forms = [(key.hex(), key.hex().upper(), base64.b64encode(key), base64.urlsafe_b64encode(key)) for key in keys]
    return [form if isinstance(form, str) else form.decode() for each in forms for form in each]
