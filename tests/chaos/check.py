"""Compares what the client was promised, what the journal says and what happened outside."""

from __future__ import annotations

import itertools
import threading
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta

import agentflow

from ledger import OVER, Entry, Ledger
from workflows import KINDS

ENDS = {"ExecutionCompleted": "COMPLETED", "ExecutionFailed": "FAILED",
        "ExecutionCanceled": "CANCELED", "ExecutionTimedOut": "TIMED_OUT"}
# A step is over by one of these, and once.
STEP_ENDS = {"StepCompleted", "StepFailed", "StepSkipped", "StepCanceled"}
CHILD_KIND = next(kind for kind in KINDS if kind.name == "child")
# Two executors may differ by so much about the database's time.
CLOCKS = timedelta(milliseconds=50)
# An attempt is over by one of these, and once.
ATTEMPT_ENDS = {"StepCompleted", "AttemptFailed"}


@dataclass
class Findings:
    lost: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    executions: int = 0
    children: int = 0
    steps: int = 0
    events: int = 0
    effects: int = 0
    repeats: int = 0    # effects that came again under their key

    def all(self) -> list[str]:
        return [f"{name}: {text}" for name in ("lost", "stuck", "doubled", "wrong")
                for text in getattr(self, name)]


class Check:
    def __init__(self, client: agentflow.Client, ledger: Ledger, run: str, effects: list[dict]):
        self._client, self._ledger, self._run = client, ledger, run
        self._lock = threading.Lock()
        self._by_execution: dict[str, list[dict]] = defaultdict(list)
        for effect in effects:
            self._by_execution[effect["execution"]].append(effect)
        self._children: dict[str, Entry] = {}
        self._alone: dict[tuple, list[tuple]] = defaultdict(list)   # (begin, end, execution)
        self.found = Findings(effects=len(effects))

    def run(self) -> Findings:
        self.found.wrong += self._ledger.wrong
        named = [entry for entry in self._ledger.entries if entry.name]
        self.found.lost += [f"the start {entry.request_id} was never answered"
                            for entry in self._ledger.entries if not entry.name]
        self.found.executions = len({entry.name for entry in named})
        if len(named) != self.found.executions:
            self.found.wrong.append("two starts gave the same execution")
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(self._execution, named))
            children = list(self._children.values())
            list(pool.map(self._execution, children))
        self.found.children = len(children)
        self._lists(named)
        self._effects({entry.name for entry in [*named, *children]})
        self._never_together()
        return self.found

    def _lists(self, named: list[Entry]) -> None:
        """Every execution is in the list of the closed ones, and nobody else's."""
        listed = [execution.name for execution in self._client.executions.iterate_executions(
            filter=f'labels.run = "{self._run}"', page_size=1000)]
        names = {entry.name for entry in named}
        self.found.lost += [f"{name} is in no list" for name in sorted(names - set(listed))]
        self.found.wrong += [f"{name} was never asked for" for name in sorted(set(listed) - names)]
        self.found.doubled += [f"{name} is listed {count} times"
                               for name, count in Counter(listed).items() if count > 1]

    def _execution(self, entry: Entry) -> None:
        try:
            execution = self._client.executions.get_execution(name=entry.name)
            events = list(self._client.executions.iterate_events(parent=entry.name, page_size=1000))
            steps = list(self._client.executions.iterate_steps(parent=entry.name, page_size=1000))
        except agentflow.NotFoundError:
            with self._lock:
                self.found.lost.append(f"{entry.name} ({entry.kind.name}) is not found")
            return
        with self._lock:
            self._judge(entry, execution, events, steps)

    def _judge(self, entry: Entry, execution, events, steps) -> None:
        label = f"{entry.name} ({entry.kind.name})"
        self.found.steps += len(steps)
        self.found.events += len(events)
        if execution.state not in OVER:
            open_ = [f"{step.node} {step.state} attempt {step.attempt}" for step in steps
                     if step.state not in ("COMPLETED", "FAILED", "SKIPPED", "CANCELED")]
            self.found.stuck.append(f"{label} is {execution.state}: {', '.join(open_)}")
            return
        self._state(entry, execution, label)
        self._journal(execution, events, label)
        self._acts(entry, events, label)
        self._steps(steps, label, entry)
        self._find_children(entry, events, label)
        if entry.kind.alone:
            held = [event.time for event in events if event.node == entry.kind.alone
                    and event.type in ("KeyHeld", "StepCompleted")]
            self._alone[entry.kind.name, entry.inputs["n"] % 7].append((*held, entry.name))

    def _state(self, entry: Entry, execution, label: str) -> None:
        if execution.state != entry.kind.ends:
            reason = execution.error.reason if execution.error else ""
            self.found.wrong.append(f"{label} is {execution.state} {reason}, "
                                    f"not {entry.kind.ends}")
        elif execution.output != entry.kind.result(entry.inputs):
            self.found.wrong.append(f"{label} gave {execution.output} for {entry.inputs}")
        if entry.seen_over and entry.seen_over != execution.state:
            self.found.wrong.append(f"{label} was read as {entry.seen_over} before")

    def _journal(self, execution, events, label: str) -> None:
        if [event.sequence for event in events] != list(range(1, len(events) + 1)):
            self.found.lost.append(f"{label}: its journal has gaps")
        types = [event.type for event in events]
        ends = [index for index, name in enumerate(types) if name in ENDS]
        if types.count("ExecutionStarted") != 1 or types[0] != "ExecutionStarted":
            self.found.doubled.append(f"{label}: its journal does not begin once")
        if len(ends) != 1 or ends[0] != len(types) - 1:
            self.found.doubled.append(f"{label}: its journal ends at {ends} of {len(types)}")
        elif ENDS[types[-1]] != execution.state:
            self.found.wrong.append(f"{label}: its journal ends with {types[-1]}")
        step_ends = Counter((event.node, event.iteration) for event in events
                            if event.type in STEP_ENDS)
        attempt_ends = Counter((event.node, event.iteration, event.attempt) for event in events
                               if event.type in ATTEMPT_ENDS and event.attempt)
        for what, count in [*step_ends.items(), *attempt_ends.items()]:
            if count > 1:
                self.found.doubled.append(f"{label}: {what} ended {count} times")

    def _acts(self, entry: Entry, events, label: str) -> None:
        """What was done to it and acknowledged is in its journal, and once."""
        types = Counter(event.type for event in events)
        once = {"signal": "SignalReceived", "pause": "ExecutionPaused",
                "resume": "ExecutionResumed", "cancel": "ExecutionCanceled"}
        for act, event in once.items():
            if types[event] > 1:
                self.found.doubled.append(f"{label}: {types[event]} times {event}")
            # One that has ended before it could be paused is right.
            if act in entry.done and act not in ("pause", "resume") and types[event] != 1:
                self.found.lost.append(f"the {act} of {label} was acknowledged")
        if types["ExecutionPaused"] != types["ExecutionResumed"]:
            self.found.lost.append(f"{label}: it was resumed {types['ExecutionResumed']} times")
        undone = tuple(event.node for event in events if event.type == "StepCompensated")
        if undone != entry.kind.undone:
            self.found.wrong.append(f"{label}: {undone} was undone, not {entry.kind.undone}")

    def _find_children(self, entry: Entry, events, label: str) -> None:
        attached = [event for event in events if event.type == "ChildAttached"]
        nodes = sorted(event.node for event in attached)
        if nodes != sorted(entry.kind.children):
            self.found.doubled.append(f"{label}: {nodes} have children")
        for event in attached:
            child = event.detail["child"]
            if child in self._children:
                self.found.doubled.append(f"{label}: {child} is a child twice")
            n = entry.inputs["n"] + entry.kind.children.get(event.node, 0)
            self._children[child] = Entry("", CHILD_KIND, {"n": n}, name=child)

    def _never_together(self) -> None:
        """Whoever holds a key holds it alone, as the journals tell."""
        for stays in self._alone.values():
            stays.sort()
            for one, next_one in itertools.pairwise(stays):
                if len(one) != 3 or len(next_one) != 3:
                    self.found.wrong.append(f"{one[-1]}, {next_one[-1]}: a key was not held once")
                elif next_one[0] < one[1] - CLOCKS:
                    self.found.wrong.append(f"{one[-1]} and {next_one[-1]} were together in their "
                                            f"critical section for {one[1] - next_one[0]}")

    def _steps(self, steps, label: str, entry: Entry) -> None:
        """What a completed task gave was answered outside, to the attempt that counts. A fork
        keeps what its origin did."""
        effects = self._by_execution.get(entry.name, [])
        if entry.origin:
            effects = effects + self._by_execution.get(entry.origin, [])
        for step in steps:
            if step.type != "ai.agent@1" or step.state != "COMPLETED":
                continue
            path = f"{step.node}[{step.iteration}]"
            answered = [effect for effect in effects if effect["nonce"] == step.output["nonce"]]
            if [effect["step"] for effect in answered] != [path]:
                self.found.wrong.append(f"{label}: the output of {path} comes from elsewhere")
            elif answered[0]["attempt"] != step.attempt:
                self.found.wrong.append(f"{label}: {path} completed by attempt {step.attempt} with "
                                        f"the output of {answered[0]['attempt']}")

    def _effects(self, names: set[str]) -> None:
        for name, effects in self._by_execution.items():
            if name not in names:
                self.found.wrong.append(f"an effect for {name}, which nobody started")
            keys = defaultdict(Counter)
            for effect in effects:
                keys[effect["step"]][effect["key"]] += 1
            for step, counts in keys.items():
                if len(counts) > 1:
                    self.found.doubled.append(f"{name}: {step} was done under {sorted(counts)}")
                self.found.repeats += sum(counts.values()) - len(counts)
