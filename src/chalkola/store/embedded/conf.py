"""The server's settings: for a machine that loads data and answers a dashboard, with no loss on a power cut."""

import re
from collections.abc import Mapping

_OURS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # a socket's path is limited to 107 characters; TCP works the same everywhere
    "password_encryption": "scram-sha-256",
    "max_connections": "50",
    "shared_buffers": "128MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "wal_level": "minimal",  # nobody replicates from here, and a load into a new table writes half as much
    "max_wal_senders": "0",
    "wal_compression": "on",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",  # compiling costs more than these queries take
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] ",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


def server_conf(settings: Mapping[str, str]) -> str:
    """Return the text of server.conf; `settings` win over ours. Raises `ValueError` for a name that is none."""
    lines = [_line(name, value) for name, value in {**_OURS, **settings}.items()]
    return "# Written at each start; change nothing here.\n" + "".join(lines)


def _line(name: str, value: str) -> str:
    if not re.fullmatch(r"[a-z_][a-z0-9_.]*", name) or "\n" in value:
        raise ValueError(f"not a PostgreSQL setting: {name!r} = {value!r}")
    quoted = value.replace("\\", "\\\\").replace("'", "''")
    return f"{name} = '{quoted}'\n"
