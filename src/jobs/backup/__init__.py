"""Backups: one file with everything that Jobs cannot make again, and its way back."""

from jobs.backup.archive import Backup, BackupError, make_backup, unreadable
from jobs.backup.restore import Restored, restore_backup
from jobs.backup.rotation import Rotation, before_upgrade

__all__ = [
    "Backup",
    "BackupError",
    "Restored",
    "Rotation",
    "before_upgrade",
    "make_backup",
    "restore_backup",
    "unreadable",
]
