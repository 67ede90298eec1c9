"""The container's health check: exit code 0 while people are answered (/readyz), else 1 with what is in the way."""

import http.client
import os
import re
import sys
from pathlib import Path


def port() -> int:
    """HTTP_PORT, from where Jobs itself has it: the environment, then .env in JOBS_ROOT."""
    told = os.environ.get("HTTP_PORT", "")
    if not told:
        try:
            text = Path(os.environ.get("JOBS_ROOT", "/data"), ".env").read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            text = ""
        lines = re.findall(
            r"^[ \t]*(?:export[ \t]+)?HTTP_PORT[ \t]*=[ \t]*[\"']?(\d+)", text, re.IGNORECASE | re.MULTILINE
        )
        told = lines[-1] if lines else ""
    return int(told or 8470)


def main() -> int:
    asked = port()
    if asked == 0:
        print("HTTP_PORT=0: nothing is served that could be asked")
        return 0
    try:
        connection = http.client.HTTPConnection("127.0.0.1", asked, timeout=4)
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        print(answer.read().decode())
    except (OSError, http.client.HTTPException) as error:
        print(f"http://127.0.0.1:{asked}/readyz does not answer: {error or type(error).__name__}")
        return 1
    return 0 if answer.status == http.client.OK else 1


if __name__ == "__main__":
    sys.exit(main())
