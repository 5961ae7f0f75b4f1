# `chalkola run` in a container; docs/running.md says how it is started. Every package is the one that the lock names.
FROM python:3.11-slim

RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /app
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore

# The packages by themselves first: they stay as they are while only our own code changes.
COPY requirements.lock ./
RUN pip install --require-hashes --no-deps --only-binary :all: -r requirements.lock

COPY pyproject.toml README.md LICENSE ./
COPY src ./src
RUN pip install --no-deps --no-build-isolation .

# /data has the archive, and the embedded database where DATABASE_URL is not set: put a volume there to keep them.
RUN useradd --system --uid 10001 --home-dir /data --create-home --shell /usr/sbin/nologin chalkola
USER chalkola
WORKDIR /data
# Fewer arenas: glibc would keep a tenth more memory than is in use.
ENV CHALKOLA_HOME=/data CHALKOLA_LOG=json PORT=8080 MALLOC_ARENA_MAX=2

EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=1m --timeout=10s --start-period=2m --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/health', timeout=8)"]

ENTRYPOINT ["chalkola"]
CMD ["run", "--health-host", "0.0.0.0"]
