"""Which part of Jobs has an errand in which lane of Jobs' own, and is told how its turns end."""

from jobs.spine.model import Turn, TurnEnd
from jobs.spine.own_lanes import LaneKind, OwnLane
from jobs.tools.file_watches import FileWatches
from jobs.tools.heartbeat import Heartbeat
from jobs.tools.hooks import Hooks
from jobs.tools.scheduler import Scheduler
from jobs.tools.watches import Watches
from jobs.users.errands import Errand


class Errands:
    def __init__(
        self, scheduler: Scheduler, heartbeat: Heartbeat, hooks: Hooks, watches: Watches, files: FileWatches
    ) -> None:
        self._scheduler = scheduler
        self._heartbeat = heartbeat
        self._hooks = hooks
        self._watches = watches
        self._files = files

    def of(self, lane: OwnLane) -> Errand | None:
        """What is to be done in a lane; None when it was taken back."""
        match lane.kind:
            case LaneKind.SCHEDULE:
                return self._scheduler.errand(lane.number)
            case LaneKind.HEARTBEAT:
                return self._heartbeat.errand()
            case LaneKind.HOOK:
                return self._hooks.errand(lane)
            case LaneKind.WATCH:
                return self._watches.errand(lane)
            case LaneKind.FILES:
                return self._files.errand(lane)

    def turn_ended(self, turn: Turn, end: TurnEnd) -> None:
        """A turn is over, in whatever lane. Joins the transaction that closes it."""
        self._scheduler.turn_ended(turn, end)
        lane = OwnLane.of(turn.lane)
        match lane.kind if lane else None:
            case LaneKind.HEARTBEAT:
                self._heartbeat.turn_ended(turn, end)
            case LaneKind.HOOK:
                self._hooks.turn_ended(turn, end)
            case LaneKind.WATCH:
                self._watches.turn_ended(turn, end)
            case LaneKind.FILES:
                self._files.turn_ended(turn, end)
