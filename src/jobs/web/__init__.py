"""What Jobs serves on 127.0.0.1:HTTP_PORT: its health, its figures, and whatever other parts add as routes."""

from jobs.web.server import WebServer
from jobs.web.vitals import Stage, Vitals

__all__ = ["Stage", "Vitals", "WebServer"]
