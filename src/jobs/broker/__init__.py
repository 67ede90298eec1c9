"""The credential broker: sessions call the model through a loopback address that adds the real credential.

No process that a session runs has the key or the proxy's password; each session has a throw-away token of its own.
"""

from jobs.broker.broker import Broker
from jobs.broker.ledger import Ledger, Used, spent
from jobs.broker.passes import Budget, Pass

__all__ = ["Broker", "Budget", "Ledger", "Pass", "Used", "spent"]
