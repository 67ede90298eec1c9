"""Checks for which somebody has to be asked: Telegram, the model's service, the running Jobs."""

import asyncio
import http.client
import json
from collections.abc import AsyncIterator
from datetime import UTC
from email.utils import parsedate_to_datetime

from jobs.broker.broker import API
from jobs.config import Settings
from jobs.db import DataLock, HolderUnknown
from jobs.doctor.finding import Finding, fail, ok, warn
from jobs.serving import HOST
from jobs.telegram.client import SIGNED_OUT, Account, DamagedLogin, NotSignedIn, check_login, make_client, who_am_i
from jobs.times import now
from jobs.users import sdk
from jobs.users.outcome import ModelUnavailable, SessionFailed

TELEGRAM_SECONDS = 20.0
HTTP_SECONDS = 10.0
CLOCK_OFF = 5.0
CLOCK_AHEAD, CLOCK_BEHIND = 30.0, 300.0
"""Seconds: what Telegram takes of a packet's time (core.telegram.org/mtproto/description, "Message Identifier")."""


def is_running(settings: Settings) -> bool:
    """Whether Jobs runs on this data directory, here or in another container."""
    try:
        return DataLock(settings.data_dir).holder() is not None
    except HolderUnknown:
        return True


async def telegram(settings: Settings) -> AsyncIterator[Finding]:
    """A running Jobs is asked instead of Telegram: one login must not be used by two programs."""
    if is_running(settings):
        yield _told_by_jobs(settings)
        return
    try:
        check_login(settings.telethon_session)
    except DamagedLogin as error:
        yield fail("telegram", "doctor_telegram_damaged", reason=error)
        return
    except NotSignedIn:
        yield fail("telegram", "doctor_telegram_none")
        return
    client = make_client(settings)
    try:
        async with asyncio.timeout(TELEGRAM_SECONDS):
            await client.connect()
            yield ok("telegram", "doctor_telegram", account=Account.of(await who_am_i(client), settings.tg_user_id))
    except (NotSignedIn, *SIGNED_OUT):
        yield fail("telegram", "doctor_telegram_out")
    except (TimeoutError, OSError, EOFError) as error:
        yield fail("telegram", "doctor_telegram_away", reason=type(error).__name__)
    finally:
        await client.disconnect()


def _told_by_jobs(settings: Settings) -> Finding:
    if settings.http_port == 0:
        return ok("telegram", "doctor_telegram_unasked")
    connection = http.client.HTTPConnection(HOST, settings.http_port, timeout=HTTP_SECONDS)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        told = json.loads(answer.read())
    except (OSError, ValueError, http.client.HTTPException) as error:
        return warn("telegram", "doctor_telegram_deaf", port=settings.http_port, reason=type(error).__name__)
    finally:
        connection.close()
    if told.pop("ok", False):
        return ok("telegram", "doctor_telegram_up")
    return fail("telegram", "doctor_telegram_down", reason=", ".join(f"{part} {why}" for part, why in told.items()))


async def model(settings: Settings) -> AsyncIterator[Finding]:
    """One tiny call, through the CLI and the broker, as every session's."""
    if not settings.has_model:
        return  # said by the settings' check
    await asyncio.to_thread(sdk.load)
    from jobs.setup.model_check import check_model

    try:
        usage = await check_model(settings)
    except ModelUnavailable as error:
        key = "doctor_model_refused" if error.is_owners_matter and not error.is_proxys else "doctor_model_away"
        yield fail("model", key, reason=error)
    except (SessionFailed, TimeoutError) as error:
        yield fail("model", "doctor_model_away", reason=str(error) or type(error).__name__)
    else:
        yield ok("model", "doctor_model", model=usage.model or "?", cost=f"{usage.cost_usd:.4f}")


async def clock(settings: Settings) -> AsyncIterator[Finding]:
    """Compared with the Date of the model's service (RFC 9110, whole seconds)."""
    import httpx2

    url = settings.anthropic_base_url or API
    proxy = settings.proxy_for(url)
    try:
        async with httpx2.AsyncClient(proxy=proxy, trust_env=False, timeout=HTTP_SECONDS) as client:
            answer = await client.head(url)
        told = parsedate_to_datetime(answer.headers["date"]).astimezone(UTC)
    except (httpx2.HTTPError, KeyError, ValueError):
        yield warn("clock", "doctor_clock_unknown", zone=settings.tz.key)
        return
    off = round((now() - told).total_seconds())
    if not -CLOCK_BEHIND <= off <= CLOCK_AHEAD:
        yield fail("clock", "doctor_clock_wrong", seconds=off)
    elif abs(off) > CLOCK_OFF:
        yield warn("clock", "doctor_clock_off", seconds=off)
    else:
        yield ok("clock", "doctor_clock", zone=settings.tz.key)
