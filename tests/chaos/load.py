"""The client: starts, reads, lists, and what people do to executions, at a steady rate, from
several threads."""

from __future__ import annotations

import heapq
import itertools
import random
import threading
import time
import uuid
from collections import deque
from typing import Any, Callable

import agentflow

from ledger import OVER, Entry, Ledger
from workflows import HEAD, KINDS

THREADS = 48
READS_PER_START = 2
LIVE = ["QUEUED", "RUNNING", "WAITING", "PAUSED", "COMPENSATING"]
# Until the client does something to what it has started; again, where it is not time yet.
ACT_AFTER_S = (0.2, 3.0)
ACT_AGAIN_S = 0.4


class NotYet(Exception):
    """What is to be done to an execution is not possible by now."""


class Load:
    def __init__(self, client: agentflow.Client, ledger: Ledger, seed: int, per_second: float):
        self.client, self.ledger = client, ledger
        self.run = uuid.uuid4().hex[:8]    # a label on everything of this run
        self._dice = random.Random(seed)
        self._per_second = per_second
        self._work: deque = deque()        # functions
        self._later: list = []             # heap of (due, number, function)
        self._number = itertools.count()
        self._wanted = threading.Condition()
        self._stopping = False
        self._threads = [threading.Thread(target=self._serve, daemon=True)
                         for _ in range(THREADS)]
        self._pacer = threading.Thread(target=self._pace, daemon=True)

    def publish(self) -> None:
        for kind in KINDS:
            self.client.workflows.apply((HEAD + kind.source).replace("NAME", f"chaos-{kind.name}"))

    def start(self) -> None:
        for thread in [*self._threads, self._pacer]:
            thread.start()

    def stop(self) -> None:
        """No new starts; returns when the calls under way have ended."""
        self._stopping = True
        self._pacer.join()
        with self._wanted:
            self._wanted.notify_all()
        for thread in self._threads:
            thread.join()

    def _pace(self) -> None:
        """Hands out work by the clock: a slow answer does not slow down what comes after it."""
        due = time.monotonic()
        drawn = [kind for kind in KINDS for _ in range(kind.share)]
        while not self._stopping:
            kind = self._dice.choice(drawn)
            entry = Entry(f"{self.run}-{len(self.ledger.entries)}", kind, kind.inputs(self._dice))
            self.ledger.add(entry)
            jobs = [lambda entry=entry: self._start(entry)]
            jobs += [self._read] * READS_PER_START
            if self._dice.random() < 0.05:
                jobs.append(self._list)
            with self._wanted:
                while self._later and self._later[0][0] <= time.monotonic():
                    jobs.append(heapq.heappop(self._later)[2])
                self._work.extend(jobs)
                self._wanted.notify(len(jobs))
            due += 1 / self._per_second
            time.sleep(max(0, due - time.monotonic()))

    def _do_later(self, seconds: float, job: Callable[[], None]) -> None:
        with self._wanted:
            heapq.heappush(self._later, (time.monotonic() + seconds, next(self._number), job))

    def _serve(self) -> None:
        while True:
            with self._wanted:
                while not self._work:
                    if self._stopping:
                        return
                    self._wanted.wait(0.5)
                job = self._work.popleft()
            try:
                job()
            except agentflow.AgentFlowError:
                pass   # noted in the ledger; `resolve` asks again

    def _start(self, entry: Entry) -> None:
        if entry.origin is None:
            ask = lambda: self.client.executions.start(
                f"chaos-{entry.kind.name}", entry.inputs, request_id=entry.request_id,
                labels={"run": self.run})
            verb = "start"
        elif entry.kind.act == "fork":
            ask = lambda: self.client.executions.fork_execution(
                name=entry.origin, step="c", request_id=entry.request_id)
            verb = "fork"
        else:
            ask = lambda: self.client.executions.retry_execution(
                name=entry.origin, request_id=entry.request_id)
            verb = "retry"
        execution = self.ledger.call(verb, ask)
        if entry.name and entry.name != execution.name:
            self.ledger.report_wrong(f"{entry.request_id} gave {entry.name}, {execution.name}")
        entry.started_at = time.monotonic()
        entry.name = execution.name
        if entry.kind.act and entry.origin is None:
            self._do_later(self._dice.uniform(*ACT_AFTER_S), lambda: self.act(entry))

    def _read(self) -> None:
        recent = self.ledger.entries[-200:]
        known = [entry for entry in recent if entry.name]
        if not known:
            return
        self._get(random.choice(known))

    def _get(self, entry: Entry) -> Any:
        before = entry.seen_over
        try:
            execution = self.ledger.call(
                "get", lambda: self.client.executions.get_execution(name=entry.name))
        except agentflow.NotFoundError:
            self.ledger.report_wrong(f"{entry.name} was acknowledged and is not found")
            raise
        self.ledger.saw(entry, execution.state, before)
        return execution

    def _list(self) -> None:
        self.ledger.call("list", lambda: self.client.executions.list_executions(
            filter=f'labels.run = "{self.run}"', page_size=20))

    def act(self, entry: Entry) -> None:
        """Does to an execution what its kind asks for; later again, where it is not time yet or
        the answer was lost."""
        try:
            {"signal": self._signal, "approve": self._approve, "pause": self._pause,
             "cancel": self._cancel, "fork": self._again, "retry": self._again}[
                 entry.kind.act](entry)
        except (NotYet, agentflow.AgentFlowError):
            self._do_later(ACT_AGAIN_S, lambda: self.act(entry))

    def _command(self, entry: Entry, verb: str, **request: Any) -> Any:
        """None: an earlier try has done it, or it ended before; the check knows which is right."""
        method = getattr(self.client.executions, f"{verb}_execution")
        try:
            return self.ledger.call(verb, lambda: method(name=entry.name, **request))
        except agentflow.FailedPreconditionError:
            return None

    def _signal(self, entry: Entry) -> None:
        self._command(entry, "signal", signal="go", payload={"n": entry.inputs["n"]},
                      request_id=f"{entry.request_id}.go")
        entry.done.add("signal")

    def _approve(self, entry: Entry) -> None:
        asked = self.ledger.call("approvals", lambda: self.client.approvals.list_approvals(
            filter=f'execution = "{entry.name}"')).approvals
        if not asked:
            raise NotYet
        if asked[0].state == "OPEN":
            self.ledger.call("approve", lambda: self.client.approvals.approve(
                name=asked[0].name, comment="chaos"))
        entry.done.add("approve")

    def _pause(self, entry: Entry) -> None:
        if "pause" not in entry.done:
            self._command(entry, "pause", cause="chaos")
            entry.done.add("pause")
            raise NotYet
        self._command(entry, "resume")
        entry.done.add("resume")

    def _cancel(self, entry: Entry) -> None:
        execution = self._command(entry, "cancel", cause="chaos")
        if execution is not None:
            if execution.state != "CANCELED":
                self.ledger.report_wrong(f"{entry.name}: a cancel answered {execution.state}")
            self.ledger.saw(entry, execution.state)
        entry.done.add("cancel")

    def _again(self, entry: Entry) -> None:
        """A fork or a retry of what is over."""
        if self._get(entry).state not in OVER:
            raise NotYet
        again = Entry(f"{entry.request_id}.again", entry.kind, entry.inputs, origin=entry.name)
        self.ledger.add(again)
        entry.done.add(entry.kind.act)
        try:
            self._start(again)
        except agentflow.AgentFlowError:
            pass   # `resolve` asks again

    def resolve(self, seconds: float) -> None:
        """After the faults: repeats every start that has no answer yet, and does what is still to
        be done to executions."""
        deadline = time.monotonic() + seconds
        for entry in self.ledger.entries:
            if entry.name is None:
                self._start(entry)
        todo = deque(entry for entry in self.ledger.entries
                     if entry.origin is None and entry.kind.act and not self._acted(entry))
        while todo and time.monotonic() < deadline:
            entry = todo.popleft()
            self.act(entry)
            if not self._acted(entry):
                todo.append(entry)
                time.sleep(0.02)

    @staticmethod
    def _acted(entry: Entry) -> bool:
        return (entry.kind.act if entry.kind.act != "pause" else "resume") in entry.done

    def wait_over(self, seconds: float) -> None:
        """Returns when nothing of this run is live any more, or after `seconds`."""
        deadline = time.monotonic() + seconds
        quiet = 0
        while quiet < 2 and time.monotonic() < deadline:   # one may change its state between lists
            quiet = 0 if any(self._some_are(state) for state in LIVE) else quiet + 1
            time.sleep(0.2)

    def _some_are(self, state: str) -> bool:
        return bool(self.client.executions.list_executions(
            filter=f'labels.run = "{self.run}" AND state = "{state}"', page_size=1).executions)
