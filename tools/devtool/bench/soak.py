"""Minutes at half load: whether memory, hot tables or the 99th percentile grow."""

import time

from ..process import Process
from ..progress import dim, phase
from .cost import resident_mb
from .rows import scenario

HOT_TABLES = ("live_execution", "owner", "start_key", "event_batch")
RATE = 1500  # starts a second; about half of what two cores do of strict steps
ROUND_S = 30


def run(stack, minutes: float) -> list[dict]:
    """One line of figures for each half minute."""
    lines = []
    rounds = max(1, round(minutes * 60 / ROUND_S))
    with phase(f"{minutes:g} minutes at {RATE} starts a second") as shown:
        for number in range(rounds):
            result = scenario(stack, "start", "--workflow", "bench-strict", "--rate", str(RATE),
                              "--seconds", str(ROUND_S))
            lines.append({"minute": round((number + 1) * ROUND_S / 60, 1),
                          "p50_ms": result["acknowledgement"]["p50_ms"],
                          "p99_ms": result["acknowledgement"]["p99_ms"],
                          "refused": result["refused"],
                          "resident_mb": _resident(stack), "tables_mb": _tables(stack)})
            shown.note(str({key: lines[-1][key] for key in ("minute", "p50_ms", "p99_ms")}))
    for line in lines:
        print(dim(f"  {line}"))
    return lines


def _resident(stack) -> dict[str, float]:
    time.sleep(0.2)
    found = {}
    for name in sorted(file.stem for file in (stack.state / "run").glob("*.json")):
        pid = Process(stack.state, name).pid()
        if pid and name != "postgres":
            found[name] = round(resident_mb(pid), 1)
    return found


def _tables(stack) -> dict[str, float]:
    names = ",".join(f"'{name}'" for name in HOT_TABLES)
    rows = stack.postgres.sql(
        "-c", "SELECT relname, pg_total_relation_size(relid) FROM pg_stat_user_tables "
              f"WHERE schemaname = 'executor' AND relname IN ({names})").splitlines()
    return {name: round(int(size) / 1e6, 2) for name, size in (row.split("|") for row in rows)}
