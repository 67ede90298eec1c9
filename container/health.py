"""The container's health check: exit code 0 while people are answered (/readyz), else 1 with what is in the way."""

import http.client
import os
import sys

port = int(os.environ.get("HTTP_PORT") or 8470)
try:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=4)
    connection.request("GET", "/readyz")
    answer = connection.getresponse()
    print(answer.read().decode())
    sys.exit(0 if answer.status == 200 else 1)
except OSError as error:
    print(f"http://127.0.0.1:{port}/readyz does not answer: {error}")
    sys.exit(1)
