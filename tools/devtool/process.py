"""Long-running processes of a stack: started apart, named by pid files, ended by id only."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

from .progress import Failure


class Process:
    """One process with its pid file and log in the stack's folder."""

    def __init__(self, state: Path, name: str):
        self.name = name
        self.pid_file = state / "run" / f"{name}.json"
        self.log = state / "log" / f"{name}.log"

    def start(self, argv, env=None, cwd=None) -> None:
        self.pid_file.parent.mkdir(parents=True, exist_ok=True)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with open(self.log, "ab") as log:
            child = subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=log,
                                     stderr=log, cwd=cwd, env={**os.environ, **(env or {})},
                                     start_new_session=True)
        _children[child.pid] = child
        record = {"pid": child.pid, "started": start_ticks(child.pid)}
        self.pid_file.write_text(json.dumps(record))

    def pid(self) -> int | None:
        """The pid, if the very process we started still runs (pids are used again)."""
        try:
            record = json.loads(self.pid_file.read_text())
        except (OSError, ValueError):
            return None
        ticks = start_ticks(record["pid"])
        return record["pid"] if ticks and ticks == record["started"] else None

    def exit_code(self) -> int | None:
        """How it ended, where this program started it: -9 after SIGKILL. None: not known."""
        try:
            child = _children.get(json.loads(self.pid_file.read_text())["pid"])
        except (OSError, ValueError):
            return None
        return child.poll() if child else None

    def send(self, number: int) -> None:
        pid = self.pid()
        if pid:
            _signal(pid, number)

    def stop(self, timeout_s: float = 20, number: int = signal.SIGTERM) -> None:
        """Asks with `number`, then SIGKILL for what has not ended in time."""
        pid = self.pid()
        if pid:
            _signal(pid, number)
            if not _ended_within(self, timeout_s):
                _signal(pid, signal.SIGKILL)
                _ended_within(self, 5)
        self.pid_file.unlink(missing_ok=True)

    def kill(self) -> None:
        """SIGKILL at once: what a crash looks like."""
        pid = self.pid()
        if pid:
            _signal(pid, signal.SIGKILL)
            _ended_within(self, 5)

    def log_tail(self, lines: int = 25) -> str:
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        except OSError:
            return ""


_children: dict[int, subprocess.Popen] = {}


def start_ticks(pid: int) -> int | None:
    """When the process started, in clock ticks since boot; None for none or a zombie."""
    child = _children.get(pid)
    if child:
        child.poll()
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else int(fields[19])


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def _ended_within(process: Process, seconds: float) -> bool:
    return wait_until(lambda: process.pid() is None, seconds)


def wait_until(done, seconds: float, every_s: float = 0.05) -> bool:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(every_s)
    return True


def require_alive(process: Process) -> None:
    if process.pid() is None:
        raise Failure(f"{process.name} ended. The end of {process.log}:\n{process.log_tail()}")
