"""Signing in, by code, password, QR code or bot token, and out."""

import os
import secrets
from datetime import timedelta
from typing import Any

from telethon.tl import functions, types

from jobs_simulator.telegram.errors import RpcFailure
from jobs_simulator.telegram.model import Account
from jobs_simulator.telegram.post import Draft
from jobs_simulator.telegram.srp import SrpChallenge, password_settings
from jobs_simulator.telegram.view import View
from jobs_simulator.telegram.world import Authorization, World, now

from .registry import Call, answers


@answers(functions.auth.SendCodeRequest, functions.auth.ResendCodeRequest, anyone=True)
def send_code(call: Call, request: Any) -> Any:
    """Send a login code; an account that is signed in elsewhere gets it from Telegram's service account too."""
    phone = _phone(request.phone_number)
    code_hash = call.world.phone_code_hashes[phone] = secrets.token_hex(8)
    account = call.world.by_phone(phone)
    if account is not None and call.world.logins(account):
        text = f"Login code: {account.login_code}. Do not give it to anyone, even if they say they are from Telegram!"
        call.post.send(call.world.service, account, Draft(text=text))
    return types.auth.SentCode(types.auth.SentCodeTypeApp(5), code_hash, timeout=60)


@answers(functions.auth.CancelCodeRequest, anyone=True)
def cancel_code(call: Call, request: Any) -> bool:
    """Forget a code that was sent."""
    return call.world.phone_code_hashes.pop(_phone(request.phone_number), None) is not None


@answers(functions.auth.SignInRequest, anyone=True)
def sign_in(call: Call, request: Any) -> Any:
    """Sign in with the code; an account with a password still has to give it."""
    phone = _phone(request.phone_number)
    if call.world.phone_code_hashes.get(phone) != request.phone_code_hash:
        raise RpcFailure("PHONE_CODE_EXPIRED")
    account = call.world.by_phone(phone)
    if account is not None and request.phone_code != account.login_code:
        raise RpcFailure("PHONE_CODE_INVALID" if request.phone_code else "PHONE_CODE_EMPTY")
    if account is None:
        return types.auth.AuthorizationSignUpRequired()
    if account.password is None:
        del call.world.phone_code_hashes[phone]
    return _enter_or_ask_password(call, account)


@answers(functions.account.GetPasswordRequest, anyone=True)
def get_password(call: Call, _request: Any) -> Any:
    """The challenge for the account's password."""
    account = call.authorization.awaiting_password or call.account
    if account.password is None:
        return password_settings()
    call.authorization.challenge = SrpChallenge(account.password)
    return call.authorization.challenge.offer()


@answers(functions.auth.CheckPasswordRequest, anyone=True)
def check_password(call: Call, request: Any) -> Any:
    """Finish the sign-in of an account with a password."""
    account, challenge = call.authorization.awaiting_password, call.authorization.challenge
    if account is None or challenge is None:
        raise RpcFailure("SRP_ID_INVALID")
    if not challenge.accepts(request.password):
        raise RpcFailure("PASSWORD_HASH_INVALID")
    return enter(call, account)


@answers(functions.auth.ExportLoginTokenRequest, anyone=True)
def export_login_token(call: Call, _request: Any) -> Any:
    """A token to show as a QR code; once it was accepted, the sign-in."""
    authorization = call.authorization
    if authorization.qr_account is not None:
        account, authorization.qr_account, authorization.qr_token = authorization.qr_account, None, None
        return types.auth.LoginTokenSuccess(_enter_or_ask_password(call, account))
    authorization.qr_token = os.urandom(32)
    return types.auth.LoginToken(now() + timedelta(seconds=30), authorization.qr_token)


@answers(functions.auth.AcceptLoginTokenRequest, bots=False)
def accept_login_token(call: Call, request: Any) -> Any:
    """Let the device that shows this token in."""
    accepted = token_owner(call.world, request.token)
    accepted.qr_account = call.account
    call.services.hub.login_token(accepted)
    return types.Authorization(accepted.hash, accepted.device, "", "", 1, "", "", now(), now(), "127.0.0.1", "", "")


@answers(functions.auth.ImportBotAuthorizationRequest, anyone=True)
def import_bot_authorization(call: Call, request: Any) -> Any:
    """Sign in as a bot."""
    for account in call.world.accounts.values():
        if account.is_bot and account.token == request.bot_auth_token:
            return enter(call, account)
    raise RpcFailure("ACCESS_TOKEN_INVALID")


@answers(functions.auth.LogOutRequest)
def log_out(call: Call, _request: Any) -> Any:
    """End this login."""
    call.world.journal.add("logout", call.account)
    call.authorization.account = None
    return types.auth.LoggedOut()


@answers(functions.auth.ResetAuthorizationsRequest, bots=False)
def reset_authorizations(call: Call, _request: Any) -> bool:
    """End all other logins of the account."""
    for login in call.world.logins(call.account):
        if login is not call.authorization:
            login.account = None
    return True


@answers(functions.account.ResetAuthorizationRequest, bots=False)
def reset_authorization(call: Call, request: Any) -> bool:
    """End one other login of the account."""
    for login in call.world.logins(call.account):
        if login.hash == request.hash and login is not call.authorization:
            login.account = None
            return True
    raise RpcFailure("HASH_INVALID")


def token_owner(world: World, token: bytes) -> Authorization:
    """The login that shows this QR token. Raises AUTH_TOKEN_INVALID."""
    for authorization in world.authorizations.values():
        if authorization.qr_token == token:
            return authorization
    raise RpcFailure("AUTH_TOKEN_INVALID")


def enter(call: Call, account: Account) -> Any:
    """Sign the caller in."""
    if account.deactivated:
        raise RpcFailure("USER_DEACTIVATED", 401)
    call.authorization.account = account
    call.authorization.awaiting_password = call.authorization.challenge = None
    call.world.journal.add("login", account)
    return types.auth.Authorization(View(call.world, account).user(account))


def _enter_or_ask_password(call: Call, account: Account) -> Any:
    if account.password is None:
        return enter(call, account)
    call.authorization.awaiting_password = account
    raise RpcFailure("SESSION_PASSWORD_NEEDED", 401)


def _phone(given: str) -> str:
    digits = "".join(filter(str.isdigit, given))
    if not 7 <= len(digits) <= 15:
        raise RpcFailure("PHONE_NUMBER_INVALID")
    return digits
