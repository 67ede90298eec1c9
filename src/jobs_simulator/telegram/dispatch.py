"""From a request to its answer: wrappers, who may ask, faults, the handler, the result."""

import asyncio
import inspect
import logging
from typing import TYPE_CHECKING, Any

from telethon.tl import functions, types

from .errors import RpcFailure
from .faults import Fault
from .requests import HANDLERS, Call
from .world import Authorization

if TYPE_CHECKING:
    from .connection import Connection
    from .requests.registry import Services

logger = logging.getLogger(__name__)


class Dispatcher:
    """Answers API requests. Those that need no waiting are answered at once and in order."""

    def __init__(self, services: "Services") -> None:
        self._services = services
        self._world = services.world
        self._running: set[asyncio.Task[None]] = set()

    def receive(self, connection: "Connection", authorization: Authorization, message_id: int, request: Any) -> None:
        """Take a request off the wire."""
        request = self._unwrap(connection, authorization, request)
        call = Call(self._services, connection, authorization)
        fault = self._world.faults.for_request(request, authorization.account)
        handler = HANDLERS.get(type(request))
        if (handler is None or not handler.waits) and (fault is None or fault.delay is None):
            self._answer(call, message_id, request, fault)
            return
        connection.acknowledge(message_id)
        task = asyncio.get_running_loop().create_task(self._answer_later(call, message_id, request, fault))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def cancel(self) -> None:
        """Abandon all requests that are waiting."""
        tasks = list(self._running)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _unwrap(self, connection: "Connection", authorization: Authorization, request: Any) -> Any:
        without_updates = False
        while True:
            if isinstance(request, functions.InvokeWithoutUpdatesRequest):
                without_updates = True
            elif isinstance(request, functions.InitConnectionRequest):
                authorization.device = request.device_model
            elif not isinstance(request, (functions.InvokeWithLayerRequest, functions.InvokeAfterMsgRequest)):
                break
            request = request.query
        connection.wants_updates = connection.wants_updates or not without_updates
        return request

    def _answer(self, call: Call, message_id: int, request: Any, fault: Fault | None) -> None:
        if self._struck_before(call, message_id, fault):
            return
        result = self._try(call, request)
        self._finish(call, message_id, result, fault)

    async def _answer_later(self, call: Call, message_id: int, request: Any, fault: Fault | None) -> None:
        delay = fault.delay if fault is not None else None
        if isinstance(delay, asyncio.Event):
            await delay.wait()
        elif delay is not None:
            await asyncio.sleep(delay)
        if self._struck_before(call, message_id, fault):
            return
        result = self._try(call, request)
        if inspect.isawaitable(result):
            try:
                result = await result
            except RpcFailure as failure:
                result = failure.to_tl()
            except Exception as error:
                logger.exception("%s failed", _name(request))
                result = self._bug(error)
        self._finish(call, message_id, result, fault)

    def _struck_before(self, call: Call, message_id: int, fault: Fault | None) -> bool:
        """Whether a fault took the place of the effect."""
        if fault is None:
            return False
        if fault.cut == "before":
            call.connection.cut()
            return True
        error = fault.rpc_error()
        if error is not None:
            call.connection.answer(message_id, types.RpcError(*error))
            return True
        if fault.answer is not None:
            call.connection.answer(message_id, fault.answer() if callable(fault.answer) else fault.answer)
            return True
        return False

    def _try(self, call: Call, request: Any) -> Any:
        name = _name(request)
        handler = HANDLERS.get(type(request))
        try:
            if handler is None:
                self._world.unsupported[name] += 1
                raise RpcFailure(f"NOT_IMPLEMENTED_{name}", 501)
            account = call.authorization.account
            if account is not None and account.deactivated:
                raise RpcFailure("USER_DEACTIVATED", 401)
            if account is None and not handler.anyone:
                raise RpcFailure("AUTH_KEY_UNREGISTERED", 401)
            if account is not None and account.is_bot and not handler.bots:
                raise RpcFailure("BOT_METHOD_INVALID")
            return handler.function(call, request)
        except RpcFailure as failure:
            return failure.to_tl()
        except Exception as error:
            logger.exception("%s failed", name)
            return self._bug(error)

    def _bug(self, error: Exception) -> Any:
        # A mistake of the simulator must not pass for a temporary trouble of Telegram's, which clients retry.
        self._world.bugs.append(error)
        return types.RpcError(501, f"SIMULATOR_BUG_{type(error).__name__}")

    def _finish(self, call: Call, message_id: int, result: Any, fault: Fault | None) -> None:
        if fault is not None and fault.cut == "after":
            call.connection.cut()
        elif fault is None or not fault.swallow:
            call.connection.answer(message_id, result)


def _name(request: Any) -> str:
    module = type(request).__module__.rpartition("functions")[2].strip(".")
    return f"{module}.{type(request).__name__}".lstrip(".")
