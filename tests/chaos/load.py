"""The client: starts, reads, lists and cancels at a steady rate, from several threads."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections import deque

import agentflow

from ledger import Entry, Ledger
from workflows import HEAD, KINDS

THREADS = 24
CANCEL_AFTER_S = (0.2, 3.0)
READS_PER_START = 2
LIVE = ["QUEUED", "RUNNING", "WAITING", "PAUSED", "COMPENSATING"]


class Load:
    def __init__(self, client: agentflow.Client, ledger: Ledger, seed: int, per_second: float):
        self.client, self.ledger = client, ledger
        self.run = uuid.uuid4().hex[:8]    # a label on everything of this run
        self._dice = random.Random(seed)
        self._per_second = per_second
        self._work: deque = deque()        # (due, function)
        self._cancels: deque = deque()
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
            while self._cancels and self._cancels[0][0] <= time.monotonic():
                canceled = self._cancels.popleft()[1]
                jobs.append(lambda entry=canceled: self.cancel(entry))
            with self._wanted:
                self._work.extend(jobs)
                self._wanted.notify(len(jobs))
            due += 1 / self._per_second
            time.sleep(max(0, due - time.monotonic()))

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
        execution = self.ledger.call("start", lambda: self.client.executions.start(
            f"chaos-{entry.kind.name}", entry.inputs, request_id=entry.request_id,
            labels={"run": self.run}))
        if entry.name and entry.name != execution.name:
            self.ledger.report_wrong(f"{entry.request_id} gave {entry.name}, {execution.name}")
        entry.started_at = time.monotonic()
        entry.name = execution.name
        if entry.kind.ends == "CANCELED":
            self._cancels.append((time.monotonic() + self._dice.uniform(*CANCEL_AFTER_S), entry))

    def _read(self) -> None:
        recent = self.ledger.entries[-200:]
        known = [entry for entry in recent if entry.name]
        if not known:
            return
        entry = random.choice(known)
        before = entry.seen_over
        try:
            execution = self.ledger.call(
                "get", lambda: self.client.executions.get_execution(name=entry.name))
        except agentflow.NotFoundError:
            self.ledger.report_wrong(f"{entry.name} was acknowledged and is not found")
            raise
        self.ledger.saw(entry, execution.state, before)

    def _list(self) -> None:
        self.ledger.call("list", lambda: self.client.executions.list_executions(
            filter=f'labels.run = "{self.run}"', page_size=20))

    def cancel(self, entry: Entry) -> None:
        try:
            execution = self.ledger.call("cancel", lambda: self.client.executions.cancel_execution(
                name=entry.name, cause="chaos"))
        except agentflow.FailedPreconditionError:
            return   # an earlier try, whose answer was lost, has done it: the check looks
        if execution.state != "CANCELED":
            self.ledger.report_wrong(f"{entry.name}: a cancel answered {execution.state}")
        entry.cancel_acknowledged = True
        self.ledger.saw(entry, execution.state)

    def resolve(self) -> None:
        """After the faults: repeats every start and cancel that has no answer yet."""
        for entry in self.ledger.entries:
            if entry.name is None:
                self._start(entry)
            if entry.kind.ends == "CANCELED" and not entry.cancel_acknowledged:
                self.cancel(entry)

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
