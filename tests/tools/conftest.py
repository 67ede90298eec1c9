"""The scheduler and its tools on a spine without sessions."""

from collections.abc import Iterator

import pytest
from tests.rig import schedule_tools
from tests.support import Spine

from jobs.tools.schedule_tools import ScheduleTools
from jobs.tools.scheduler import Scheduler


@pytest.fixture
def scheduler(spine: Spine) -> Iterator[Scheduler]:
    made = spine.scheduler()
    spine.turns.on_ended = made.turn_ended
    yield made
    made.stop()


@pytest.fixture
def tools(spine: Spine, scheduler: Scheduler) -> ScheduleTools:
    return schedule_tools(spine, scheduler)
