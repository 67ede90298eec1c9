"""Which tools a person's session gets: the access table, applied."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from jobs.memory.tools import MemoryTools
from jobs.spine.outbox import Outbox
from jobs.spine.tool import Tool
from jobs.tools.notices import Notices
from jobs.tools.schedule_tools import ScheduleTools
from jobs.tools.watch_tools import WatchTools
from jobs.users.access import allowed
from jobs.users.model import Person, Role
from jobs.users.repository import UsersRepository
from jobs.users.task_answers import Answers
from jobs.users.tasks import Tasks
from jobs.users.tools_external import ExternalTools
from jobs.users.tools_files import FileTools
from jobs.users.tools_owner import OwnerTools
from jobs.users.tools_standing import StandingTools
from jobs.users.tools_tasks import OwnerTaskTools


class HasTools(Protocol):
    def tools(self) -> list[Tool[Any]]: ...


def tools_by_role(
    users: UsersRepository,
    outbox: Outbox,
    tasks: Tasks,
    owner_tools: OwnerTools,
    task_tools: OwnerTaskTools,
    memory: MemoryTools,
    schedule: ScheduleTools,
    files: FileTools,
    standing: StandingTools,
    workspace: Path,
    notices: Notices,
    watches: WatchTools,
    others: Sequence[HasTools] = (),
) -> Callable[[Person], list[Tool[Any]]]:
    """A function from a person to the tools of their session, bound to them. `others`: more of the owner's."""

    def tools_of(person: Person) -> list[Tool[Any]]:
        if person.role is not Role.EXTERNAL:
            built = [
                *owner_tools.tools(),
                *task_tools.tools(),
                *standing.tools(),
                *files.tools(person.id),
                *memory.tools(person.id),
                *schedule.tools(person.id),
                *watches.tools(),
                *notices.tools(person.id),
                *(tool for each in others for tool in each.tools()),
            ]
        else:  # nothing that anybody else's session could reach is even built for it
            built = ExternalTools(users, outbox, Answers(tasks, person.id, workspace), person.id).tools()
        by_name = {tool.name: tool for tool in built}
        return [by_name[name] for name in allowed(person.role)]

    return tools_of
