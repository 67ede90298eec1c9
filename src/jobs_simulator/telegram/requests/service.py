"""Configuration and the account's standing."""

from datetime import timedelta
from typing import Any

from telethon.tl import functions, types

from jobs_simulator.telegram.model import Account
from jobs_simulator.telegram.view import DC_ID, status
from jobs_simulator.telegram.world import now

from .registry import Call, answers


@answers(functions.help.GetConfigRequest, anyone=True)
def get_config(call: Call, _request: Any) -> Any:
    """The configuration, in which this server is the only data centre."""
    host, port = call.services.address()
    return types.Config(
        date=now(),
        expires=now() + timedelta(hours=1),
        test_mode=False,
        this_dc=DC_ID,
        dc_options=[types.DcOption(DC_ID, host, port, static=True, this_port_only=True)],
        dc_txt_domain_name="localhost",
        chat_size_max=200,
        megagroup_size_max=200_000,
        forwarded_count_max=100,
        online_update_period_ms=210_000,
        offline_blur_timeout_ms=5_000,
        offline_idle_timeout_ms=30_000,
        online_cloud_timeout_ms=300_000,
        notify_cloud_delay_ms=30_000,
        notify_default_delay_ms=1_500,
        push_chat_period_ms=60_000,
        push_chat_limit=2,
        edit_time_limit=172_800,
        revoke_time_limit=2_147_483_647,
        revoke_pm_time_limit=2_147_483_647,
        rating_e_decay=2_419_200,
        stickers_recent_limit=200,
        channels_read_media_period=604_800,
        call_receive_timeout_ms=20_000,
        call_ring_timeout_ms=90_000,
        call_connect_timeout_ms=30_000,
        call_packet_timeout_ms=10_000,
        me_url_prefix="https://t.me/",
        caption_length_max=1024,
        message_length_max=4096,
        webfile_dc_id=DC_ID,
    )


@answers(functions.help.GetNearestDcRequest, anyone=True)
def get_nearest_dc(_call: Call, _request: Any) -> Any:
    """This server."""
    return types.NearestDc("XX", DC_ID, DC_ID)


@answers(functions.help.GetAppConfigRequest, anyone=True)
def get_app_config(_call: Call, _request: Any) -> Any:
    """No settings."""
    return types.help.AppConfig(1, types.JsonObject([]))


@answers(functions.account.UpdateStatusRequest, bots=False)
def update_status(call: Call, request: Any) -> bool:
    """Tell those the account talks with that it went online or offline."""
    account = call.account
    account.online = not request.offline
    for other in account.box.dialogs:
        if isinstance(other, Account) and other is not account:
            call.services.hub.passing(other, types.UpdateUserStatus(account.id, status(account)))
    return True


@answers(functions.account.GetAuthorizationsRequest, bots=False)
def get_authorizations(call: Call, _request: Any) -> Any:
    """The logins of the account."""
    logins = [
        types.Authorization(
            hash=0 if login is call.authorization else login.hash,
            current=login is call.authorization or None,
            device_model=login.device,
            platform="",
            system_version="",
            api_id=1,
            app_name="",
            app_version="",
            date_created=login.created,
            date_active=now(),
            ip="127.0.0.1",
            country="",
            region="",
        )
        for login in call.world.logins(call.account)
    ]
    return types.account.Authorizations(authorization_ttl_days=180, authorizations=logins)
