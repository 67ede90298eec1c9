# Jobs in a container. Build and run: docker compose up (docs/operations.md).
# Everything from the Python registry is pinned with hashes; pin the base by its digest where you deploy (docs/operations.md).
FROM docker.io/library/python:3.12-slim-bookworm AS build
WORKDIR /opt/jobs
COPY requirements/runtime.txt requirements/servers.txt requirements/
RUN python -m venv /opt/venv \
    && /opt/venv/bin/python -m pip install --no-cache-dir --no-input --require-hashes -r requirements/runtime.txt \
        -r requirements/servers.txt \
    && /opt/venv/bin/python -m pip uninstall --yes --quiet pip
COPY src src
RUN /opt/venv/bin/python -m compileall -q src

FROM docker.io/library/python:3.12-slim-bookworm
# What the owner's agent works with, and an init that takes in what it leaves behind.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates curl git procps tini \
    && rm -rf /var/lib/apt/lists/*
# Roles are Unix users. Jobs' own is in the others' groups, so that it may hand folders to them.
RUN groupadd --gid 10001 jobs && groupadd --gid 10002 agent && groupadd --gid 10003 guest && groupadd --gid 10004 work \
    && useradd --uid 10001 --gid jobs --groups agent,guest,work --home-dir /data --no-create-home --shell /usr/sbin/nologin jobs \
    && useradd --uid 10002 --gid agent --groups work --home-dir /workspace --no-create-home --shell /bin/bash agent \
    && useradd --uid 10003 --gid guest --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin guest \
    && install --directory --owner jobs --group jobs --mode 0711 /data \
    && install --directory --owner agent --group work --mode 2770 /workspace
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/jobs/src /opt/jobs/src
COPY --chmod=0755 container/entrypoint.sh container/health.py /opt/jobs/container/
RUN ln -s /opt/jobs/container/entrypoint.sh /usr/local/bin/jobs
ENV JOBS_CONTAINER=1 \
    JOBS_ROOT=/data \
    AGENT_USER=agent \
    EXTERNAL_USER=guest \
    PYTHONPATH=/opt/jobs/src \
    PYTHONDONTWRITEBYTECODE=1 \
    PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin
WORKDIR /workspace
VOLUME ["/data", "/workspace"]
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 CMD ["python", "-ISB", "/opt/jobs/container/health.py"]
ENTRYPOINT ["/usr/bin/tini", "--", "/opt/jobs/container/entrypoint.sh"]
CMD ["up"]
