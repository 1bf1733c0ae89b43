"""The lines of the table: what is measured, what it must be, and how its answer reads."""

import json
import statistics
import subprocess
from dataclasses import dataclass, field

from .. import paths
from ..progress import Failure, dim
from . import workflows
from .cost import Cost, per_workflow


@dataclass
class Row:
    """One line: `scenario` of agentflow-bench by way of `target`."""
    name: str
    scenario: str
    workflow: str
    target: str
    must: str
    aim: str
    figure: callable  # of one result: the number that is compared
    text: callable    # of all results
    options: object = ()  # a tuple, or a function of the stack that gives one
    counts_cost: bool = False
    results: list = field(default_factory=list)

    def measure(self, stack, seconds: float) -> dict:
        cost = Cost(stack) if self.counts_cost else None
        options = self.options(stack) if callable(self.options) else self.options
        result = scenario(stack, self.scenario, "--target", self.target, "--workflow",
                          self.workflow, "--seconds", str(seconds), *options)
        if cost:
            result["per_workflow"] = per_workflow(cost.stop(), result["completed"])
        wrong = {key: result[key] for key in ("failed", "refused", "unfinished") if result.get(key)}
        if wrong:
            print(dim(f"  {self.name} ({self.target}): {wrong}"))
        return result


def scenario(stack, name: str, *options: str) -> dict:
    """One run of agentflow-bench."""
    done = subprocess.run(
        [paths.binary(stack.preset, "agentflow-bench"), name, "--stack", stack.state, *options],
        capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failure(f"{name}: {done.stderr}")
    return json.loads(done.stdout)


def rate_of(result) -> float:
    return result["workflows_per_second"]


def per_second(results) -> str:
    return f"{statistics.median(map(rate_of, results)):,.0f}/s"


def quantiles(pick):
    def text(results):
        p50, p99 = (statistics.median(pick(r)[key] for r in results)
                    for key in ("p50_ms", "p99_ms"))
        return f"p50 {p50:.1f} ms, p99 {p99:.1f} ms"
    return text


def _latency(name, scenario_name, workflow, targets, must, aim, part, *options):
    pick = lambda result: result[part]  # noqa: E731
    return [Row(name, scenario_name, workflow, target, must, aim, lambda r: pick(r)["p99_ms"],
                quantiles(pick), options) for target in targets]


def _once(name, workflow, must, aim, value=""):
    return [Row(name, "once", workflow, target, must, aim, lambda r: r["seconds"],
                lambda results: f"{statistics.median(r['seconds'] for r in results):.2f} s",
                ("--input", value)) for target in ("public", "direct")]


def _waiting(count: int, must: str, aim: str, target: str) -> Row:
    def text(results):
        memory, p99 = (statistics.median(values) for values in
                       zip(*((r["resident_mb"], r["resumed"]["p99_ms"]) for r in results)))
        return f"{memory:.0f} MB, p99 {p99 / 1000:.2f} s"

    def options(stack):
        return "--count", str(count), "--process", str(stack.services["executor"].pid())

    return Row(f"{count:,} waiting, all signalled", "waiting", "bench-waiting", target, must, aim,
               lambda result: result["resumed"]["p99_ms"], text, options)


BOTH = ("public", "direct")


def all_rows() -> list[Row]:
    expressions = ("--rate", "100", "--input", json.dumps(workflows.EXPRESSIONS_INPUT))
    items = json.dumps({"items": list(range(workflows.MAP_ITEMS))})
    return [
        *[Row(f"3 steps {kind}", "throughput", f"bench-{kind}", target, must, aim, rate_of,
              per_second, ("--in-flight", "256"), counts_cost=True)
          for kind, must, aim in (("chained", "5,000/s", "10,000/s"),
                                  ("strict", "3,000/s", "7,000/s"),
                                  ("dispatched", "1,500/s", "4,000/s"))
          for target in BOTH],
        *_latency("start acknowledgement at 1,000/s", "start", "bench-chained", BOTH,
                  "p50 < 5, p99 < 30", "2 / 8 ms", "acknowledgement", "--rate", "1000"),
        *_latency("start to first task at 200/s", "first-task", "bench-first", BOTH,
                  "p50 < 6, p99 < 25", "3 / 10 ms", "first_task", "--rate", "200"),
        *_latency("REST GET at 500/s, 1,000 starts/s", "rest", "bench-chained", ("public",),
                  "p99 < 50", "10 ms", "get", "--rate", "500", "--load", "1000"),
        *_latency("REST list at 500/s, 1,000 starts/s", "rest", "bench-chained", ("public",),
                  "p99 < 50", "10 ms", "list", "--rate", "500", "--load", "1000"),
        *_latency("check an expression, 28 nodes", "expressions", "bench-expressions", ("public",),
                  "p99 < 50", "5 ms", "check", *expressions),
        *_latency("evaluate an expression in a step", "expressions", "bench-expressions",
                  ("public",), "p99 < 50", "5 ms", "evaluate", *expressions),
        *[_waiting(10_000, "< 300 MB, < 2 s", "", target) for target in BOTH],
        _waiting(100_000, "", "< 1,000 MB", "direct"),
        *_once("2,000 nodes, 5,900 edges, all tasks", "bench-graph", "< 3 s", "< 1 s"),
        *_once("flow.map over 10,000 tasks", "bench-map", "< 5 s", "< 2 s", items),
    ]
