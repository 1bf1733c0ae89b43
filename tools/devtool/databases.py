"""A private PostgreSQL and a private Redis in a folder of their own, never a system server."""

import os
import pwd
import shutil
import subprocess
from pathlib import Path

from . import network
from .process import Process, require_alive, wait_until
from .progress import Failure
from .shell import run

PG_BIN = Path("/usr/lib/postgresql/15/bin")

# Durable as in production; sized for a developer's machine.
PG_SETTINGS = {
    "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "max_connections": "200",
    "shared_buffers": "256MB", "wal_buffers": "16MB", "max_wal_size": "4GB",
    "checkpoint_timeout": "15min", "wal_compression": "lz4", "jit": "off",
    "random_page_cost": "1.1", "password_encryption": "scram-sha-256",
    "fsync": "on", "synchronous_commit": "on", "full_page_writes": "on",
    # After a crash: one call for the whole file system, instead of one for each of 2,000 files.
    "recovery_init_sync_method": "syncfs",
}


class Postgres:
    """PostgreSQL 15. It refuses to run as root: then it runs as the user `postgres`."""

    def __init__(self, state: Path, port: int, password: str, settings=None):
        self.state, self.port, self.password = state, port, password
        self.settings = {**PG_SETTINGS, **(settings or {})}
        self.process = Process(state, "postgres")
        self.data = _reachable_folder(state) / "postgres"
        self.mark = state / "postgres.made"

    def start(self) -> None:
        if self.process.pid():
            return
        if not self._is_ours():
            shutil.rmtree(self.data, ignore_errors=True)
            self._create()
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        options = [item for key, value in self.settings.items() for item in ("-c", f"{key}={value}")]
        self.process.start([*_unprivileged(), PG_BIN / "postgres", "-D", self.data,
                            "-p", self.port, *options], cwd="/")
        if not wait_until(self._ready, 60):
            require_alive(self.process)
            raise Failure(f"PostgreSQL does not answer; see {self.process.log}")

    def _is_ours(self) -> bool:
        """Whether the data were made for this state folder. Data that lie outside it survive its
        removal, and then nobody has their passwords any more."""
        inside = self.data.is_relative_to(self.state)
        return (self.data / "PG_VERSION").exists() and (inside or self.mark.exists())

    def _ready(self) -> bool:
        require_alive(self.process)
        check = [PG_BIN / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(check, check=False).returncode == 0

    def _create(self) -> None:
        self.data.parent.mkdir(parents=True, exist_ok=True)
        self.data.mkdir(mode=0o700, exist_ok=True)
        password_file = self.data.parent / "postgres.password"
        password_file.write_text(self.password)
        if os.geteuid() == 0:
            shutil.chown(self.data, "postgres", "postgres")
            shutil.chown(password_file, "postgres", "postgres")
        run([*_unprivileged(), PG_BIN / "initdb", "-D", self.data, "-U", "postgres", "-A",
             "scram-sha-256", "--pwfile", password_file, "--data-checksums", "-E", "UTF8",
             "--locale=C.UTF-8"], "initdb", cwd="/")
        password_file.unlink()
        self.mark.touch()

    def url(self, user: str = "postgres", password: str = "", database: str = "agentflow",
            port: int = 0) -> str:
        secret = password or self.password
        return f"postgresql://{user}:{secret}@127.0.0.1:{port or self.port}/{database}"

    def sql(self, *arguments: str, database: str = "agentflow") -> str:
        """psql as the superuser; the arguments are psql's own."""
        done = subprocess.run(
            ["psql", "-v", "ON_ERROR_STOP=1", "-q", "-X", "-t", "-A", "-d",
             self.url(database=database), *arguments], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failure(f"psql failed: {done.stderr.strip()}")
        return done.stdout.strip()


class Redis:
    """Redis 7 without persistence: it holds an index that may be lost at any moment."""

    def __init__(self, state: Path, port: int, password: str):
        self.state, self.port, self.password = state, port, password
        self.process = Process(state, "redis")

    def start(self) -> None:
        if self.process.pid():
            return
        folder = self.state / "redis"
        folder.mkdir(parents=True, exist_ok=True)
        config = folder / "redis.conf"
        config.touch(mode=0o600)
        config.write_text(f"bind 127.0.0.1\nport {self.port}\ndir {folder}\nsave \"\"\n"
                          f"appendonly no\nrequirepass {self.password}\n")
        self.process.start(["redis-server", config])
        if not wait_until(lambda: network.accepts(self.port), 20):
            require_alive(self.process)
            raise Failure(f"Redis does not answer; see {self.process.log}")

    def url(self, port: int = 0) -> str:
        return f"redis://:{self.password}@127.0.0.1:{port or self.port}/0"


def _unprivileged() -> list[str]:
    return [] if os.geteuid() != 0 else ["setpriv", "--reuid=postgres", "--regid=postgres",
                                         "--init-groups", "--inh-caps=-all"]


def _reachable_folder(state: Path) -> Path:
    """`state`, or a folder under /var/lib where the user postgres cannot get to `state`."""
    if os.geteuid() != 0:
        return state
    state.mkdir(parents=True, exist_ok=True)
    postgres = pwd.getpwnam("postgres")
    check = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups",
             "test", "-x", str(state)]
    if subprocess.run(check, check=False, cwd="/").returncode == 0:
        return state
    elsewhere = Path("/var/lib/agentflow-dev") / str(state).strip("/").replace("/", "-")
    elsewhere.mkdir(parents=True, exist_ok=True)
    os.chown(elsewhere, postgres.pw_uid, postgres.pw_gid)
    return elsewhere
