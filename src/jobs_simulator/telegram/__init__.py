"""A loopback Telegram: a server that speaks MTProto 2.0 to unmodified Telethon clients.

>>> async with TelegramSimulator() as sim:
...     alice, jobs = sim.add_user("Alice"), sim.add_user("Jobs")
...     async with sim.connected(alice) as client:
...         await client.send_message(...)
"""

from .errors import RpcFailure
from .faults import Fault, Faults, PushFault
from .journal import Event, Journal
from .model import Account, Channel, Group, Media, Peer, SimMessage
from .simulator import TelegramSimulator

__all__ = [
    "Account",
    "Channel",
    "Event",
    "Fault",
    "Faults",
    "Group",
    "Journal",
    "Media",
    "Peer",
    "PushFault",
    "RpcFailure",
    "SimMessage",
    "TelegramSimulator",
]
