"""tools/dev bench: one table of what the stack can do, median of three, with the stolen CPU."""

import json
import os
import platform
import shutil
import statistics
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from . import build, install, paths
from .process import Process
from .progress import Failure, bold, dim, phase
from .stack import Stack

STATE = paths.TOOLS / "bench" / "stack"
REPEATS = 3

CHAINED = """
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: bench-chained}
inputs: {type: object}
nodes:
  a: {type: data.transform@1, with: {value: "=inputs.n + 1"}POLICY}
  b: {type: data.transform@1, with: {value: "=nodes.a.output * 2"}POLICY}
  c: {type: data.transform@1, with: {value: "=nodes.b.output - 3"}POLICY}
edges: [start -> a, a -> b, b -> c]
"""
DISPATCHED = """
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: bench-dispatched}
inputs: {type: object}
nodes:
  a: {type: ai.agent@1, with: {agent: bench, input: "=inputs"}}
  b: {type: ai.agent@1, with: {agent: bench, input: "=nodes.a.output"}}
  c: {type: ai.agent@1, with: {agent: bench, input: "=nodes.b.output"}}
edges: [start -> a, a -> b, b -> c]
"""
WORKFLOWS = {
    "bench-chained": CHAINED.replace("POLICY", ""),
    "bench-strict": CHAINED.replace("POLICY", ", policy: {checkpoint: true}").replace(
        "bench-chained", "bench-strict"),
    "bench-dispatched": DISPATCHED,
}


@dataclass
class Row:
    """One line of the table: what, where, and how to get the figure from the program's answer."""
    name: str
    scenario: str
    workflow: str
    target: str
    must: str
    figure: callable
    text: callable
    options: tuple = ()


def _rate(result):
    return result["workflows_per_second"]


def _p99(result):
    return result["acknowledgement"]["p99_ms"]


def _per_second(results):
    return f"{statistics.median(map(_rate, results)):,.0f}/s"


def _quantiles(pick):
    def text(results):
        p50, p99 = (statistics.median(pick(r)[key] for r in results)
                    for key in ("p50_ms", "p99_ms"))
        return f"p50 {p50:.1f} ms, p99 {p99:.1f} ms"
    return text


ROWS = [
    *[Row(f"3 steps {kind}", "throughput", f"bench-{kind}", target, must, _rate, _per_second,
          ("--in-flight", "256"))
      for kind, must in (("chained", "1,500/s"), ("strict", "800/s"), ("dispatched", "400/s"))
      for target in ("public", "direct")],
    *[Row("start acknowledgement at 200/s", "start", "bench-chained", target, "p99 < 50 ms", _p99,
          _quantiles(lambda r: r["acknowledgement"]), ("--rate", "200"))
      for target in ("public", "direct")],
    Row("REST GET at 200/s", "rest", "bench-chained", "public", "", lambda r: r["get"]["p99_ms"],
        _quantiles(lambda r: r["get"]), ("--rate", "200")),
    Row("REST list at 200/s", "rest", "bench-chained", "public", "", lambda r: r["list"]["p99_ms"],
        _quantiles(lambda r: r["list"]), ("--rate", "200")),
]


def run(seconds: float, only: str | None, output: Path | None) -> int:
    install.debian_packages()
    expressions = _expressions(seconds) if only in (None, "expressions") else None
    if only == "expressions":
        _write({"expressions": expressions}, output)
        return 0
    build.cpp("release", [*build.SERVICE_TARGETS, "agentflow-bench"])
    _fresh_state()
    stack = Stack(STATE, "release", any_ports=True)
    worker = Process(stack.state, "bench-worker")
    try:
        stack.up()
        with phase("Bench workflows"):
            _publish(stack)
            worker.start([paths.binary("release", "agentflow-bench"), "worker", "--stack",
                          stack.state, "--in-flight", "4096"])
        rows = [row for row in ROWS if not only or only in row.name]
        results, stolen = _measure(stack, rows, seconds)
        _print(rows, results, stolen)
        document = _document(rows, results, stolen, seconds)
        if expressions:
            document["expressions"] = expressions
        _write(document, output)
    finally:
        worker.stop()
        stack.down()
    return 0


def _expressions(seconds: float) -> dict:
    """Expressions beside jq, and how long hostile ones take to meet their limit; needs no stack."""
    build.cpp("release", ["cel_bench"])
    with phase("Expressions"):
        done = subprocess.run([paths.binary("release", "cel_bench"), str(seconds / 8)],
                              capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failure(f"cel_bench: {done.stderr}")
    result = json.loads(done.stdout)
    print(bold(f"\n{'':34} {'a second':>12} {'jq':>12} {'times':>7}"))
    for name in ("condition", "filter_1000"):
        row = result[name]
        print(f"{name:34} {row['cel_per_second']:>12,.0f} {row['jq_per_second']:>12,.0f} "
              f"{row['ratio']:>7.1f}")
    print(bold(f"\n{'hostile input':34} {'worst ms':>12}"))
    for name, milliseconds in result["hostile_worst_ms"].items():
        print(f"{name:34} {milliseconds:>12,.1f}")
    return result


def _write(document: dict, output: Path | None) -> None:
    if output:
        output.write_text(json.dumps(document, indent=1) + "\n")
    else:
        print(json.dumps(document))


def _fresh_state() -> None:
    if (STATE / "ports.json").exists():
        old = Stack(STATE)
        old.down()
        shutil.rmtree(old.postgres.data, ignore_errors=True)
    shutil.rmtree(STATE, ignore_errors=True)


def _publish(stack: Stack) -> None:
    cli = paths.binary("release", "agentflow")
    made = stack.credentials()
    env = {**os.environ, "AGENTFLOW_URL": made["url"], "AGENTFLOW_API_KEY": made["api_key"]}
    for name, source in WORKFLOWS.items():
        done = subprocess.run([cli, "apply", "-f", "-", "--publish"], input=source, text=True,
                              env=env, capture_output=True, check=False)
        if done.returncode != 0:
            raise Failure(f"{name} was not published: {done.stderr or done.stdout}")


def _measure(stack: Stack, rows: list[Row], seconds: float):
    """Each row three times, the repeats apart from each other in time."""
    results = {index: [] for index in range(len(rows))}
    before = _cpu_times()
    for repeat in range(REPEATS):
        for index, row in enumerate(rows):
            with phase(f"{row.name} ({row.target}), {repeat + 1} of {REPEATS}") as shown:
                results[index].append(_one(stack, row, seconds))
                shown.note(row.text(results[index][-1:]))
            time.sleep(0.5)
    after = _cpu_times()
    total = sum(after) - sum(before)
    return results, (after[7] - before[7]) / total if total else 0


def _one(stack: Stack, row: Row, seconds: float) -> dict:
    done = subprocess.run(
        [paths.binary("release", "agentflow-bench"), row.scenario, "--stack", stack.state,
         "--target", row.target, "--workflow", row.workflow, "--seconds", str(seconds),
         *row.options], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failure(f"{row.name}: {done.stderr}")
    result = json.loads(done.stdout)
    wrong = {key: result[key] for key in ("failed", "refused", "unfinished") if result.get(key)}
    if wrong:
        print(dim(f"  {row.name} ({row.target}): {wrong}"))
    return result


def _cpu_times() -> list[int]:
    return [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]


def _print(rows: list[Row], results: dict, stolen: float) -> None:
    print(bold(f"\n{'':34} {'by':7} {'must':12} {'median of three':28} spread"))
    for index, row in enumerate(rows):
        figures = [row.figure(result) for result in results[index]]
        spread = f"{min(figures):,.1f} to {max(figures):,.1f}"
        print(f"{row.name:34} {row.target:7} {row.must:12} {row.text(results[index]):28} "
              f"{dim(spread)}")
    print(dim(f"{os.cpu_count()} cores shared by load and stack, fsync and synchronous_commit on, "
              f"stolen CPU {stolen:.1%}\n"))


def _document(rows: list[Row], results: dict, stolen: float, seconds: float) -> dict:
    return {"cores": os.cpu_count(), "machine": platform.machine(), "seconds": seconds,
            "stolen_share": round(stolen, 4),
            "rows": [{"name": row.name, "target": row.target, "must": row.must,
                      "median": statistics.median(map(row.figure, results[index])),
                      "runs": results[index]} for index, row in enumerate(rows)]}
