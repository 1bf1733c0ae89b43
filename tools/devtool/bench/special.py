"""Measurements that need more than one run of the load generator on one stack."""

import json
import os
import re
import shutil
import statistics
import subprocess
import time

from .. import build, configuration, paths
from ..process import Process, wait_until
from ..progress import Failure, phase
from ..stack import Stack
from . import workflows
from .cost import Cost
from .rows import rate_of, scenario

IDLE_SETTLE_S, IDLE_S = 15, 20
FAILOVER_STATE = paths.TOOLS / "bench" / "failover"


def fresh(state, **options) -> Stack:
    if (state / "ports.json").exists():
        Stack(state).down()
    shutil.rmtree(state, ignore_errors=True)
    return Stack(state, "release", any_ports=True, **options)


def idle(stack) -> dict:
    """Transactions a second and the share of one core that all services use, nothing going on."""
    with phase(f"Idle for {IDLE_S} s") as shown:
        time.sleep(IDLE_SETTLE_S)
        cost = Cost(stack)
        time.sleep(IDLE_S)
        spent = cost.stop()
        # Reading the counters is a transaction or two of its own.
        services = {name: seconds for name, seconds in spent["cpu_seconds"].items()
                    if name != "bench-worker"}
        result = {"transactions_per_second": round(spent["commits"] / spent["seconds"], 2),
                  "cpu_percent": round(100 * sum(services.values()) / spent["seconds"], 2),
                  "cpu_seconds": services}
        shown.note(f"{result['transactions_per_second']}/s, {result['cpu_percent']} % of a core")
    return result


def engine(seconds: float) -> dict:
    """The pure engine, in memory, on one core."""
    build.cpp("release", ["engine_bench"])
    with phase("Pure engine") as shown:
        done = subprocess.run([paths.binary("release", "engine_bench"), str(min(seconds, 2))],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failure(f"engine_bench: {done.stderr}")
        print(done.stdout.rstrip())
        rates = [float(number.replace(",", ""))
                 for number in re.findall(r"([\d,.]+) transitions/s", done.stdout)]
        if rates:
            shown.note(f"{max(rates):,.0f} transitions/s")
    return {"output": done.stdout.splitlines(), "transitions_per_second": rates}


def failover(repeats: int) -> dict:
    """kill -9 of one of two executors, until a start in each of the lanes was acknowledged."""
    stack = fresh(FAILOVER_STATE, copies={"executor": 2})
    times = []
    try:
        stack.up()
        workflows.publish(stack)
        for repeat in range(repeats):
            victim = stack.instances("executor")[(repeat + 1) % 2]
            with phase(f"executor kill -9, {repeat + 1} of {repeats}") as shown:
                if not wait_until(lambda: min(_lanes(stack)) > 0, 30):
                    raise Failure(f"lanes are not shared by the executors: {_lanes(stack)}")
                scenario(stack, "every-lane", "--workflow", "bench-chained")
                stack.services[victim].kill()
                result = scenario(stack, "every-lane", "--workflow", "bench-chained")
                times.append(result["lanes"]["max_ms"] / 1000)
                shown.note(f"{times[-1]:.2f} s")
                stack.start_service(victim)
                stack.wait_ready()
    finally:
        stack.down()
    return {"seconds": times, "median": statistics.median(times)}


def _lanes(stack) -> list[int]:
    """Lanes of each executor that lives."""
    owners = stack.postgres.sql(
        "-c", "SELECT count(l.lane) FROM (SELECT DISTINCT owner_id FROM executor.owner "
              "WHERE lease_until > now()) o LEFT JOIN executor.lane l USING (owner_id) "
              "GROUP BY owner_id").split()
    return [int(count) for count in owners] if len(owners) == 2 else [0, 0]


def floor(stack, seconds: float, rows) -> dict:
    """The same rows written by a loop that only batches and commits, and the ratios to it."""
    stack.services["executor"].stop()
    found = {}
    for kind, rounds in (("chained", 1), ("strict", 4), ("dispatched", 4)):
        measured = [row for row in rows if row.name == f"3 steps {kind}" and row.results]
        if not measured:
            continue
        # Sealing adds 30 bytes, to the floor's rows too.
        sizes = stack.postgres.sql(
            "-c", "SELECT coalesce(avg(length(j.events)) - 30, 0)::int FROM executor.closed_execution c "
                  "JOIN executor.journal j USING (execution_id, start_day, retention_days) WHERE "
                  f"c.workflow = 'workflows/bench-{kind}'")
        rates = [_floor_once(stack, seconds, rounds, int(sizes)) for _ in range(3)]
        median = statistics.median(rates)
        found[kind] = {"per_second": median, "journal_bytes": int(sizes), "rounds": rounds,
                       "ratio": {row.target: round(statistics.median(map(rate_of, row.results))
                                                   / median, 3) for row in measured}}
    return found


def _floor_once(stack, seconds: float, rounds: int, journal_bytes: int) -> float:
    process = Process(stack.state, "floor")
    process.log.unlink(missing_ok=True)
    url = stack.postgres.url("executor_engine", stack.secrets["executor_engine"])
    with phase(f"Floor of {rounds} commits") as shown:
        process.start([paths.binary("release", "agentflow-floor"), "--stack", stack.state,
                       "--rounds", rounds, "--journal-bytes", journal_bytes, "--change-bytes", 300],
                      env={**os.environ, "AGENTFLOW_FLOOR_DATABASE": url,
                           "AGENTFLOW_FLOOR_KEYS": configuration.master_keys(stack)})
        try:
            if not wait_until(lambda: process.log_tail(1).isdigit(), 10):
                raise Failure(f"the floor did not start: {process.log_tail()}")
            result = scenario(stack, "calls", "--target", "direct", "--workflow", "bench-chained",
                              "--executor", f"127.0.0.1:{process.log_tail(1)}",
                              "--in-flight", "256", "--seconds", str(seconds))
        finally:
            process.stop()
        shown.note(f"{rate_of(result):,.0f}/s")
    return rate_of(result)


def expressions(seconds: float) -> dict:
    """Expressions beside jq, and how long hostile ones take to meet their limit; needs no stack."""
    build.cpp("release", ["cel_bench"])
    with phase("Expressions"):
        done = subprocess.run([paths.binary("release", "cel_bench"), str(seconds / 8)],
                              capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failure(f"cel_bench: {done.stderr}")
    return json.loads(done.stdout)
