"""People, their tasks, and their sessions. The accessors return the parts that the running app built."""

from typing import TYPE_CHECKING

from jobs.door import Door

if TYPE_CHECKING:
    from jobs.users.repository import UsersRepository
    from jobs.users.session_manager import SessionManager

session_manager_door: Door["SessionManager"] = Door("the session manager")
users_repository_door: Door["UsersRepository"] = Door("the users repository")

get_session_manager = session_manager_door.get
get_users_repository = users_repository_door.get
