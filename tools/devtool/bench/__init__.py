"""tools/dev bench: one table of what the stack can do, median of three, with the stolen CPU."""

import json
import os
import platform
import statistics
import time
from pathlib import Path

from .. import build, install, paths
from ..process import Process
from ..progress import bold, dim, phase
from . import soak, special, workflows
from .cost import cpu_times, stolen_share
from .rows import Row, all_rows

STATE = paths.TOOLS / "bench" / "stack"
REPEATS = 3
# Names for --only beside those of the rows.
SPECIALS = ("expressions", "engine", "idle", "floor", "failover", "soak")


def run(seconds: float, only: str | None, output: Path | None, soak_minutes: float = 0) -> int:
    install.debian_packages()

    def wants(name: str) -> bool:
        return name == only or (only is None and name != "soak")

    document = {"cores": os.cpu_count(), "machine": platform.machine(), "seconds": seconds}
    if wants("expressions"):
        document["expressions"] = special.expressions(seconds)
        _print_expressions(document["expressions"])
    if wants("engine"):
        document["engine"] = special.engine(seconds)
    if only not in ("expressions", "engine", "failover"):
        _on_a_stack(document, seconds, only, soak_minutes)
    if wants("failover"):
        build.cpp("release", [*build.SERVICE_TARGETS, "agentflow-bench"])
        document["failover"] = special.failover(REPEATS)
        _print_line("executor kill -9 to its lanes elsewhere", "< 5 s", "< 2.5 s",
                    f"{document['failover']['median']:.2f} s")
    if output:
        output.write_text(json.dumps(document, indent=1) + "\n")
    else:
        print(json.dumps(document))
    return 0


def _on_a_stack(document: dict, seconds: float, only: str | None, soak_minutes: float) -> None:
    build.cpp("release", [*build.SERVICE_TARGETS, "agentflow-bench", "agentflow-floor"])
    stack = special.fresh(STATE)
    worker = Process(stack.state, "bench-worker")
    try:
        stack.up()
        if only in (None, "idle"):
            document["idle"] = special.idle(stack)
            _print_line("idle stack", "< 5/s, < 2 %", "< 2/s",
                        f"{document['idle']['transactions_per_second']}/s, "
                        f"{document['idle']['cpu_percent']} %")
        with phase("Bench workflows"):
            workflows.publish(stack)
            worker.start([paths.binary("release", "agentflow-bench"), "worker", "--stack",
                          stack.state, "--in-flight", "4096"])
        if only == "soak":
            document["soak"] = soak.run(stack, soak_minutes or 10)
        chosen = [row for row in all_rows()
                  if not only or only in row.name or (only == "floor" and row.counts_cost)]
        document["stolen_share"] = _measure(stack, chosen, seconds)
        if chosen:
            _print_rows(chosen, document["stolen_share"])
            document["rows"] = [_described(row) for row in chosen]
        if only in (None, "floor"):
            document["floor"] = special.floor(stack, seconds, chosen)
            _print_floor(document["floor"])
    finally:
        worker.stop()
        stack.down()


def _measure(stack, rows: list[Row], seconds: float) -> float:
    """Each row three times, the repeats apart from each other in time. Gives the stolen share."""
    before = cpu_times()
    for repeat in range(REPEATS):
        for row in rows:
            with phase(f"{row.name} ({row.target}), {repeat + 1} of {REPEATS}") as shown:
                row.results.append(row.measure(stack, seconds))
                shown.note(row.text(row.results[-1:]))
            time.sleep(0.5)
    return round(stolen_share(before, cpu_times()), 4)


def _described(row: Row) -> dict:
    return {"name": row.name, "target": row.target, "must": row.must, "aim": row.aim,
            "median": statistics.median(map(row.figure, row.results)), "runs": row.results}


def _print_line(name: str, must: str, aim: str, text: str) -> None:
    print(f"{name:40} {'':7} {must:19} {aim:10} {text}")


def _print_rows(rows: list[Row], stolen: float) -> None:
    print(bold(f"\n{'':40} {'by':7} {'must':19} {'aim':10} {'median of three':28} spread"))
    for row in rows:
        figures = [row.figure(result) for result in row.results]
        spread = f"{min(figures):,.1f} to {max(figures):,.1f}"
        print(f"{row.name:40} {row.target:7} {row.must:19} {row.aim:10} "
              f"{row.text(row.results):28} {dim(spread)}")
    costs = [(row, row.results[-1]["per_workflow"]) for row in rows if row.counts_cost]
    if costs:
        print(bold(f"\n{'a workflow':40} {'by':7} {'rows':>6} {'tx':>6} {'WAL':>7}  CPU in us"))
    for row, cost in costs:
        cpu = ", ".join(f"{name} {used:.0f}" for name, used in
                        sorted(cost["cpu_us"].items(), key=lambda item: -item[1]) if used >= 1)
        print(f"{row.name:40} {row.target:7} {cost['rows']:>6} {cost['transactions']:>6} "
              f"{cost['wal_bytes']:>7}  {cpu}")
    print(dim(f"{os.cpu_count()} cores shared by load and stack, fsync and synchronous_commit on, "
              f"stolen CPU {stolen:.1%}\n"))


def _print_floor(floor: dict) -> None:
    print(bold(f"\n{'floor: the same rows, nothing decided':40} {'a second':>12}  ratio to it"))
    for kind, found in floor.items():
        ratios = ", ".join(f"{target} {ratio:.2f}" for target, ratio in found["ratio"].items())
        print(f"{kind:40} {found['per_second']:>12,.0f}  {ratios}")


def _print_expressions(result: dict) -> None:
    print(bold(f"\n{'':34} {'a second':>12} {'jq':>12} {'times':>7}"))
    for name in ("condition", "filter_1000"):
        row = result[name]
        print(f"{name:34} {row['cel_per_second']:>12,.0f} {row['jq_per_second']:>12,.0f} "
              f"{row['ratio']:>7.1f}")
    print(bold(f"\n{'hostile input':34} {'worst ms':>12}"))
    for name, milliseconds in sorted(result["hostile_worst_ms"].items(), key=lambda row: -row[1]):
        print(f"{name:34} {milliseconds:>12,.1f}")
