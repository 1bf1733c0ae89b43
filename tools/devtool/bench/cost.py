"""What a measurement cost: rows, transactions and log of PostgreSQL, CPU of every process."""

import os
import time
from pathlib import Path

from ..process import Process

TICK = os.sysconf("SC_CLK_TCK")
# PostgreSQL tells its counters about a second late.
COUNTERS_LATE_S = 1.2


def cpu_times() -> list[int]:
    return [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]


def stolen_share(before: list[int], after: list[int]) -> float:
    total = sum(after) - sum(before)
    return (after[7] - before[7]) / total if total else 0


def resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _cpu_seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0
    return (int(fields[11]) + int(fields[12])) / TICK


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for task in Path(f"/proc/{pid}/task").iterdir()
                for child in (task / "children").read_text().split()]
    except OSError:
        return []


def cpu_by_process(stack) -> dict[str, float]:
    """Seconds so far. PostgreSQL's are those of its living backends."""
    names = sorted(file.stem for file in (stack.state / "run").glob("*.json"))
    used = {}
    for name in names:
        pid = Process(stack.state, name).pid()
        if pid:
            used[name] = sum(map(_cpu_seconds, [pid, *_children(pid)]))
    return used


class Cost:
    """Counters of a stack between two moments."""

    def __init__(self, stack):
        self.stack = stack
        self.before = self._read()
        self.began = time.monotonic()

    def _read(self) -> dict:
        time.sleep(COUNTERS_LATE_S)
        row = self.stack.postgres.sql(
            "-c", "SELECT xact_commit, tup_inserted + tup_updated + tup_deleted, "
                  "pg_current_wal_lsn() - '0/0' FROM pg_stat_database WHERE datname = 'agentflow'")
        commits, rows, wal = (float(field) for field in row.split("|"))
        return {"commits": commits, "rows": rows, "wal": wal, "cpu": cpu_by_process(self.stack)}

    def stop(self) -> dict:
        seconds = time.monotonic() - self.began
        after = self._read()
        cpu = {name: after["cpu"][name] - self.before["cpu"].get(name, 0) for name in after["cpu"]}
        return {"seconds": seconds, "cpu_seconds": {k: round(v, 3) for k, v in cpu.items()},
                **{key: after[key] - self.before[key] for key in ("commits", "rows", "wal")}}


def per_workflow(cost: dict, workflows: int) -> dict:
    """Of one workflow: row operations, transactions, WAL bytes, CPU microseconds by process."""
    if not workflows:
        return {}
    return {"rows": round(cost["rows"] / workflows, 2),
            "transactions": round(cost["commits"] / workflows, 3),
            "wal_bytes": round(cost["wal"] / workflows),
            "cpu_us": {name: round(seconds / workflows * 1e6, 1)
                       for name, seconds in cost["cpu_seconds"].items() if seconds > 0}}
