"""One run: a cluster, a load, faults; then the comparison, and a report."""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

import agentflow

from check import Check, Findings
from cluster import Cluster, Failure, default_state
from faults import Fault, Injector, plan
from ledger import IN_TIME_S, Answer, Call, Ledger, is_right
from load import Load

SETTLE_S = 90.0
# How long after its end a fault may still be why a call is late.
AFTERMATH_S = 2.0


@dataclass
class Report:
    seed: int
    seconds: float
    faults: list[tuple[Fault, float, float]]
    calls: list[Call]
    answers: list[Answer]
    found: Findings
    crashes: list[str]
    restarts: list[str]
    settled_s: float
    begin: float    # monotonic

    def answered_in_time(self) -> float:
        """The share of single answers, refusals with a time to come again among them."""
        return _share(answer.right and answer.seconds <= IN_TIME_S for answer in self.answers)

    def done_in_time(self, verb: str = "", database_up: bool = False) -> float:
        """The share of calls that had what they wanted, with all their retries; of `verb`, of
        those during which PostgreSQL was up."""
        return _share(is_right(call) and call.seconds <= IN_TIME_S
                      for call in self.calls if verb in ("", call.verb)
                      and not (database_up and self._without_database(call)))

    def _without_database(self, call: Call) -> bool:
        return any(fault.target == "postgres" and
                   begin <= call.at + call.seconds and call.at <= end
                   for fault, begin, end in self.faults)

    def violations(self) -> list[str]:
        return self.found.all() + [f"crashed: {text}" for text in self.crashes]

    def summary(self) -> dict:
        found = self.found
        return {
            "seed": self.seed, "seconds": round(self.seconds, 1), "faults": len(self.faults),
            "secondsPerFault": round(self.seconds / max(1, len(self.faults)), 1),
            "faultsByKind": dict(Counter(fault.kind for fault, *_ in self.faults).most_common()),
            "executions": found.executions, "children": found.children,
            "steps": found.steps, "events": found.events,
            "effects": found.effects, "repeatsUnderOneKey": found.repeats,
            "lost": len(found.lost), "stuck": len(found.stuck), "doubled": len(found.doubled),
            "wrong": len(found.wrong), "crashed": len(self.crashes), "settledS": self.settled_s,
            "calls": len(self.calls), "answeredInTime": round(self.answered_in_time(), 5),
            "doneInTime": round(self.done_in_time(), 5),
            "doneInTimeDatabaseUp": round(self.done_in_time(database_up=True), 5),
            "lateByFault": self.late_by_fault(),
        }

    def text(self) -> str:
        found = self.found
        each = self.seconds / max(1, len(self.faults))
        lines = [f"seed {self.seed}, {self.seconds:.0f} s, a fault every {each:.1f} s, "
                 f"settled {self.settled_s:.1f} s after the last one", ""]
        lines += [f"  {count:5}  {kind}" for kind, count in
                  Counter(fault.kind for fault, *_ in self.faults).most_common()]
        lines += [f"  {len(self.faults):5}  faults", "",
                  f"  {found.executions:6}  executions and {found.children} children, "
                  f"{found.steps} steps, {found.events} events",
                  f"  {found.effects:6}  effects outside, {found.repeats} of them repeated under "
                  "their key",
                  f"  {len(found.lost):6}  lost", f"  {len(found.stuck):6}  stuck",
                  f"  {len(found.doubled):6}  doubled", f"  {len(found.wrong):6}  wrong answers",
                  f"  {len(self.crashes):6}  crashes", ""]
        lines += self._calls()
        if self.restarts:
            lines.append(f"  started again by the supervisor: {dict(Counter(self.restarts))}")
        return "\n".join(lines)

    def _calls(self) -> list[str]:
        late = Counter(answer.outcome for answer in self.answers
                       if answer.seconds > IN_TIME_S or not answer.right)
        lines = [f"  {self.done_in_time():8.3%}  of {len(self.calls)} calls done within "
                 f"{IN_TIME_S:.0f} s, retries included",
                 f"  {self.done_in_time(database_up=True):8.3%}  of those during which PostgreSQL "
                 "was up",
                 f"  {self.answered_in_time():8.3%}  of {len(self.answers)} single answers right "
                 f"and within {IN_TIME_S:.0f} s, or an honest refusal; not: {dict(late)}"]
        for verb in sorted({call.verb for call in self.calls}):
            calls = [call for call in self.calls if call.verb == verb]
            slowest = sorted(call.seconds for call in calls)
            failed = Counter(call.outcome for call in calls if not is_right(call))
            lines.append(f"  {self.done_in_time(verb):8.3%}  {verb:7} {len(calls):6} calls, "
                         f"p50 {slowest[len(slowest) // 2] * 1000:.0f} ms, p99 "
                         f"{slowest[len(slowest) * 99 // 100] * 1000:.0f} ms, longest "
                         f"{slowest[-1]:.1f} s{f', failed {dict(failed)}' if failed else ''}")
        return lines + [""] + self._by_fault()

    def late_by_fault(self) -> dict[str, dict]:
        """Calls that took longer or failed, by the kind of the fault that had begun last: how many,
        the longest, and how long after the fault's begin the last of them ended."""
        late: dict[str, dict] = {}
        begins = sorted((begin, fault.kind) for fault, begin, _ in self.faults)
        for call in self.calls:
            if is_right(call) and call.seconds <= IN_TIME_S:
                continue
            end = call.at + call.seconds
            begin, kind = next(((begin, kind) for begin, kind in reversed(begins)
                                if begin <= end), (call.at, "none"))
            known = late.setdefault(kind, {"calls": 0, "longestS": 0.0, "overAfterS": 0.0})
            known["calls"] += 1
            known["longestS"] = round(max(known["longestS"], call.seconds), 1)
            known["overAfterS"] = round(max(known["overAfterS"], end - begin), 1)
        return late

    def late(self, most: int) -> list[str]:
        """The calls that took longest or failed: when, what, how long, what was under way, and
        each answer that came on the way with how long it took."""
        late = sorted((call for call in self.calls
                       if not is_right(call) or call.seconds > IN_TIME_S),
                      key=lambda call: -call.seconds)
        return [f"  {call.at - self.begin:7.2f} s  {call.verb:7} {call.seconds:5.2f} s  "
                f"{call.outcome}: " + ", ".join(f"{answer.outcome} {answer.seconds:.2f}"
                                                for answer in call.answers) +
                f"  [{', '.join(sorted(self.under_way(call)))}]"
                for call in sorted(late[:most], key=lambda call: call.at)]

    def under_way(self, call: Call) -> set[str]:
        """Faults that were there while the call was, or had just been mended."""
        return {f"{fault.kind} {fault.target}" for fault, begin, end in self.faults
                if begin <= call.at + call.seconds and call.at <= end + AFTERMATH_S}

    def _by_fault(self) -> list[str]:
        return ["  calls not done within 1 s, by the fault that came before their end:"] + [
            f"  {late['calls']:8}  {kind}: longest {late['longestS']:.1f} s, the last "
            f"{late['overAfterS']:.1f} s after the fault"
            for kind, late in sorted(self.late_by_fault().items(),
                                     key=lambda item: -item[1]["calls"])] + [""]


def _share(rights) -> float:
    rights = list(rights)
    return sum(rights) / len(rights) if rights else 0.0


def run(seconds: float, seed: int, per_second: float, preset: str = "dev",
        state: Path | None = None, keep: bool = False, only: str = "", calm: bool = False,
        pauses: float = 1.0, note=print) -> Report:
    faults = [] if calm else plan(seed, seconds, only, pauses)
    effects = subprocess.Popen([sys.executable, Path(__file__).with_name("effects.py")],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    effects_url = f"http://127.0.0.1:{effects.stdout.readline().strip()}"
    cluster = Cluster(state or default_state(), preset, effects_url)
    try:
        cluster.start()
        with agentflow.Client(cluster.urls, cluster.api_key) as client:
            report = _run(cluster, client, effects_url, faults, seconds, seed, per_second, note)
        if keep and report.violations():
            note("\n".join(report.violations()))
            input(f"Everything still runs, in {cluster.state}. Enter ends it. ")
        return report
    finally:
        cluster.stop()
        effects.stdin.close()
        effects.wait(10)


def _run(cluster: Cluster, client: agentflow.Client, effects_url: str,
         faults: list[list[Fault]], seconds: float, seed: int, per_second: float, note) -> Report:
    ledger = Ledger()
    ledger.listen(client)
    load = Load(client, ledger, seed, per_second)
    load.publish()
    begin = time.monotonic()
    injector = Injector(cluster, faults,
                        lambda text: note(f"{time.monotonic() - begin:7.2f}  {text}"))
    load.start()
    injector.start()
    time.sleep(seconds)
    injector.stop()
    healed = time.monotonic()
    load.stop()
    calls, answers = list(ledger.calls), list(ledger.answers)
    note(f"{time.monotonic() - begin:7.2f}  no more faults, {len(ledger.entries)} starts")
    cluster.wait_ready()
    load.resolve(SETTLE_S)
    load.wait_over(SETTLE_S)
    settled = time.monotonic() - healed
    note(f"{time.monotonic() - begin:7.2f}  settled")
    with urllib.request.urlopen(f"{effects_url}/effects", timeout=60) as answer:
        taken = json.load(answer)
    found = Check(client, ledger, load.run, taken).run()
    found.wrong += [f"a fault could not be made: {text}" for text in injector.failed]
    note(f"{time.monotonic() - begin:7.2f}  checked")
    return Report(seed, healed - begin, injector.done, calls, answers, found, cluster.crashes,
                  cluster.restarts, round(settled, 1), begin)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--rate", type=float, default=20.0, help="starts per second")
    parser.add_argument("--only", default="", help="faults whose kind contains this")
    parser.add_argument("--pauses", type=float, default=1.0, metavar="F",
                        help="F times as long between faults; with 1 there is one every 2.1 s")
    parser.add_argument("--preset", default="dev")
    parser.add_argument("--calm", action="store_true", help="no faults: what there is without")
    parser.add_argument("--late", type=int, default=0, metavar="N",
                        help="show the N calls that took longest or failed")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--keep", action="store_true",
                        help="after a violation, leave everything running until Enter")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.randrange(1_000_000)
    print(f"seed {seed}", flush=True)
    try:
        report = run(options.minutes * 60, seed, options.rate, options.preset, keep=options.keep,
                     only=options.only, calm=options.calm, pauses=options.pauses)
    except Failure as failure:
        print(f"✗ {failure}")
        return 1
    print(report.text())
    print("\n".join(report.late(options.late)))
    for violation in report.violations():
        print(f"✗ {violation}")
    if options.json:
        options.json.write_text(json.dumps(report.summary(), indent=1))
    return 1 if report.violations() else 0


if __name__ == "__main__":
    sys.exit(main())
