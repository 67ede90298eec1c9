"""Connecting: transports, the key exchange, sessions, and a server that comes and goes."""

import asyncio
from pathlib import Path

import pytest
from telethon import TelegramClient, errors, functions
from telethon.crypto import AuthKey
from telethon.network import ConnectionTcpAbridged, ConnectionTcpFull, ConnectionTcpIntermediate

from jobs_simulator.telegram import TelegramSimulator


@pytest.mark.parametrize("transport", [ConnectionTcpFull, ConnectionTcpAbridged, ConnectionTcpIntermediate])
async def test_a_new_client_makes_a_key_and_is_nobody(sim: TelegramSimulator, transport: type) -> None:
    async with sim.connected(None, connection=transport) as client:
        assert await client.get_me() is None
        assert not await client.is_user_authorized()
        assert len(sim.world.authorizations) == 1


async def test_a_client_made_by_hand_connects_with_endpoint_and_key_file(sim: TelegramSimulator) -> None:
    dc, _, address = sim.endpoint.partition("@")
    host, _, port = address.partition(":")
    assert "RSA PUBLIC KEY" in sim.public_key_path.read_text()
    client = sim.client(None)
    client.session.set_dc(int(dc), host, int(port))
    await client.connect()
    config = await client(functions.help.GetConfigRequest())
    assert [(option.id, option.ip_address, option.port) for option in config.dc_options] == [(int(dc), host, int(port))]
    await client.disconnect()


async def test_a_written_session_file_is_signed_in(sim: TelegramSimulator, tmp_path: Path) -> None:
    masha = sim.add_user("Мария", "Иванова", username="masha")
    path = sim.write_session(masha, tmp_path / "masha")
    assert path == tmp_path / "masha.session"
    client = TelegramClient(str(path), 1, "x")
    await client.connect()
    me = await client.get_me()
    assert (me.id, me.first_name, me.last_name, me.username) == (masha.id, "Мария", "Иванова", "masha")
    await client.disconnect()


async def test_pings_and_large_requests_pass(sim: TelegramSimulator) -> None:
    async with sim.connected(sim.add_user("Alice")) as client:
        assert (await client(functions.PingRequest(7))).ping_id == 7
        # Compressible and above Telethon's threshold, so that it is sent gzipped.
        await client.send_message("me", "word " * 800)


async def test_many_requests_at_once_are_all_answered(sim: TelegramSimulator) -> None:
    async with sim.connected(sim.add_user("Alice")) as client:
        sent = await asyncio.gather(*(client.send_message("me", str(number)) for number in range(50)))
        assert len({message.id for message in sent}) == 50


async def test_state_outlasts_stop_and_start(sim: TelegramSimulator) -> None:
    alice, bob = sim.add_user("Alice", username="alice_a"), sim.add_user("Bob", username="bob_b")
    async with sim.connected(alice) as client:
        await client.send_message("bob_b", "before")
        port = sim.port
        await sim.stop()
        waiting = asyncio.create_task(client.send_message("bob_b", "while away"))
        await asyncio.sleep(0)
        assert [m.text for m in sim.messages(bob, alice)] == ["before"]
        await sim.start()
        assert sim.port == port
        async with asyncio.timeout(5):
            await waiting
    assert [m.text for m in sim.messages(bob, alice)] == ["before", "while away"]


async def test_dropped_connections_come_back(sim: TelegramSimulator) -> None:
    alice = sim.add_user("Alice")
    async with sim.connected(alice) as client:
        sim.drop_connections(alice)
        async with asyncio.timeout(5):
            assert (await client.get_me()).id == alice.id


async def test_a_revoked_login_is_unregistered(sim: TelegramSimulator) -> None:
    alice = sim.add_user("Alice")
    async with sim.connected(alice) as client:
        sim.revoke(alice)
        assert await client.get_me() is None
        with pytest.raises(errors.AuthKeyUnregisteredError):
            await client.send_message("me", "hello")


async def test_a_forgotten_key_ends_the_client(sim: TelegramSimulator) -> None:
    alice = sim.add_user("Alice")
    client = sim.client(alice)
    await client.connect()
    disconnected = client.disconnected
    sim.forget_keys(alice)
    async with asyncio.timeout(5):
        with pytest.raises(errors.AuthKeyNotFound):
            await disconnected
    await client.disconnect()


async def test_a_deactivated_account_is_told_so(sim: TelegramSimulator) -> None:
    alice, bob = sim.add_user("Alice", username="alice_a"), sim.add_user("Bob", username="bob_b")
    async with sim.connected(alice) as client, sim.connected(bob) as other:
        target = await other.get_input_entity("alice_a")
        sim.deactivate(alice)
        with pytest.raises(errors.UserDeactivatedError):
            await client(functions.updates.GetStateRequest())
        with pytest.raises(errors.InputUserDeactivatedError):
            await other.send_message(target, "hello")
        assert (await other.get_entity(target)).deleted


async def test_an_unknown_request_is_named_and_counted(sim: TelegramSimulator) -> None:
    async with sim.connected(sim.add_user("Alice")) as client:
        with pytest.raises(errors.RPCError, match=r"NOT_IMPLEMENTED_messages\.GetAllStickersRequest"):
            await client(functions.messages.GetAllStickersRequest(0))
    assert sim.unsupported == {"messages.GetAllStickersRequest": 1}


async def test_a_packet_made_with_another_key_ends_only_that_connection(sim: TelegramSimulator) -> None:
    alice = sim.add_user("Alice")
    liar = sim.client(alice, auto_reconnect=False)
    key_id = liar._sender.auth_key.key_id
    liar._sender.auth_key.key = AuthKey(bytes(256)).key
    liar._sender.auth_key.key_id = key_id
    async with sim.connected(alice) as client:
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            async with asyncio.timeout(5):
                await liar.connect()
        assert (await client.get_me()).id == alice.id
    await liar.disconnect()
