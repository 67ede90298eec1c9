"""Tries what a session must not be able to do, from behind its walls, and says which of it worked.

Started by `launch.py` in the CLI's place; arguments: JSON of {name: [kind, what]}. Prints JSON of {name: whether it
worked}. It changes nothing: files are opened and closed, a signal is signal 0, a connection is closed at once.
"""

import json
import os
import socket
import sys

SECONDS = 2.0


def worked(kind: str, what: str) -> bool:
    try:
        match kind:
            case "read":
                file = os.open(what, os.O_RDONLY)
                try:
                    os.read(file, 1)
                finally:
                    os.close(file)
            case "list":
                os.listdir(what)
            case "write":  # a file is opened, in a folder one is made that is not kept
                is_folder = os.path.isdir(what)
                name = os.path.join(what, f".jobs-probe-{os.getpid()}") if is_folder else what
                os.close(os.open(name, os.O_WRONLY | (os.O_CREAT | os.O_EXCL if is_folder else 0), 0o600))
                if is_folder:
                    os.unlink(name)
            case "signal":
                os.kill(int(what), 0)
            case "connect":
                host, _, port = what.rpartition(":")
                socket.create_connection((host, int(port)), SECONDS).close()
            case "speak":  # by the name alone: a path of a socket may have 107 characters
                os.chdir(os.path.dirname(what))
                with socket.socket(socket.AF_UNIX) as speaking:
                    speaking.settimeout(SECONDS)
                    speaking.connect(os.path.basename(what))
            case "mode":  # to what it is
                os.chmod(what, os.stat(what).st_mode & 0o7777)
            case "become":
                os.setuid(int(what))
            case _:
                raise ValueError(f"nothing is known about trying {kind}")
    except OSError:
        return False
    return True


if __name__ == "__main__":
    tries = json.loads(sys.argv[1])
    print(json.dumps({name: worked(kind, str(what)) for name, (kind, what) in tries.items()}))
