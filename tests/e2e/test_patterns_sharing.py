"""Keys that executions share: critical sections and concurrency keys."""

import threading
from collections import Counter

import pytest
from conftest import PATTERNS, publish
from desk import Run, eventually


class Tellers:
    """Agents that say when two are with the same account at once, and stay until they are let."""

    def __init__(self, workers):
        self.most = Counter()
        self.visits = []
        self._inside = {}
        self._let_all = False
        self._let = Counter()
        self._changed = threading.Condition()
        workers.start(capacity=16, teller=self._work, postman=lambda input: f"sent {input}")

    def _work(self, account, task):
        with self._changed:
            holders = self._inside.setdefault(account, set())
            holders.add(task.execution)
            self.most[account] = max(self.most[account], len(holders))
            if task.node == "book.balance":
                self.visits.append((account, task.execution))
                return 100
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._let_all or self._let[account] > 0, 60)
            self._let[account] -= 1
            holders.discard(task.execution)
            return f"paid from {account}"

    def let(self, account: str) -> None:
        with self._changed:
            self._let[account] += 1
            self._changed.notify_all()

    def let_all(self) -> None:
        with self._changed:
            self._let_all = True
            self._changed.notify_all()

    def inside(self, account: str) -> set:
        return set(self._inside.get(account, ()))


@pytest.fixture
def tellers(workers):
    made = Tellers(workers)
    yield made
    made.let_all()


def test_one_execution_at_a_time_is_in_the_critical_section_of_its_key(run, tellers):
    first = run("critical-section", {"account": "A"})
    eventually(lambda: tellers.inside("A") == {first.name})
    waiting = [run("critical-section", {"account": "A"}) for _ in range(5)]
    step = waiting[-1].reach("book", "WAITING")
    assert (step.wait.kind, step.wait.key) == ("KEY", "account A")
    other = run("critical-section", {"account": "B"})
    eventually(lambda: tellers.inside("B") == {other.name})
    assert tellers.inside("A") == {first.name}
    tellers.let("A")
    # The place is free with the end of the part, before the execution's.
    assert first.output == {"receipt": "paid from A", "posted": "sent paid from A"}
    eventually(lambda: len(tellers.visits) == 3)
    tellers.let_all()
    for execution in [*waiting, other]:
        assert execution.end().state == "COMPLETED"
    assert tellers.most == {"A": 1, "B": 1}
    # In the order in which they came.
    assert [name for account, name in tellers.visits if account == "A"] == [
        execution.name for execution in [first, *waiting]]


def test_a_place_comes_back_from_whoever_is_cancelled_inside_or_on_the_way(run, tellers):
    inside, gone, last = (run("critical-section", {"account": "C"}) for _ in range(3))
    eventually(lambda: tellers.inside("C") == {inside.name})
    gone.reach("book", "WAITING")
    gone.cancel()
    inside.cancel()
    tellers.let_all()
    assert last.end().state == "COMPLETED"
    assert [inside.end(check=False).state, gone.end(check=False).state] == ["CANCELED"] * 2
    assert gone.name not in [name for _, name in tellers.visits]


def test_executions_of_a_key_run_one_after_the_other(run, desk):
    agents = desk("deployer")
    first = run("concurrency-key", {"site": "shop"})
    agents.expect("deploy")
    second, third = (run("concurrency-key", {"site": "shop"}) for _ in range(2))
    elsewhere = run("concurrency-key", {"site": "blog"})
    eventually(lambda: len(agents.begun) == 2)
    assert (second.state, third.state) == ("QUEUED", "QUEUED")
    agents.finish("deploy", "up")
    agents.finish("deploy", "up")
    assert (first.output, elsewhere.output) == ({"url": "up"}, {"url": "up"})
    eventually(lambda: len(agents.begun) == 3)
    eventually(lambda: second.state == "RUNNING")
    assert third.state == "QUEUED"
    agents.finish("deploy", "up")
    agents.finish("deploy", "up")
    assert (second.output, third.output) == ({"url": "up"}, {"url": "up"})


def when_busy(client, what: str) -> str:
    """The example with another answer to a busy key, as a workflow of its own."""
    source = (PATTERNS / "concurrency-key.yaml").read_text()
    return publish(client, source.replace("whenBusy: queue", f"whenBusy: {what}").replace(
        "name: concurrency-key", "name: NAME").replace("'deploy '", f"'{what} '"))


def cause(execution: Run) -> str:
    assert execution.end(check=False).state == "CANCELED"
    return next(event.detail["cause"] for event in execution._executions.iterate_events(
        parent=execution.name) if event.type == "ExecutionCanceled")


def test_what_comes_cancels_what_runs(client, desk):
    agents = desk("deployer")
    workflow = when_busy(client, "cancelRunning")
    older = Run(client, workflow, {"site": "shop"})
    agents.expect("deploy")
    newer = Run(client, workflow, {"site": "shop"})
    assert cause(older).startswith("KEY_TAKEN")
    agents.expect_canceled("deploy")
    agents.finish("deploy", "up")
    assert newer.output == {"url": "up"}


def test_what_comes_is_cancelled_while_another_runs(client, desk):
    agents = desk("deployer")
    workflow = when_busy(client, "cancelNew")
    older = Run(client, workflow, {"site": "shop"})
    agents.expect("deploy")
    assert cause(Run(client, workflow, {"site": "shop"})).startswith("KEY_BUSY")
    agents.finish("deploy", "up")
    assert older.output == {"url": "up"}
    agents.finish("deploy", "up again")
    assert Run(client, workflow, {"site": "shop"}).output == {"url": "up again"}
    assert agents.canceled == []


def test_a_key_that_is_no_text_refuses_the_start(client, rest):
    workflow = publish(client, """
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: NAME}
inputs: {type: object}
concurrency: {key: inputs.site}
nodes: {t: {type: data.transform@1, with: {value: 1}}}
edges: [start -> t]
""")
    for site in (7, "", "x" * 257):
        status, answer = rest("POST", f"/v1/{workflow}:start", {"input": {"site": site}})
        assert status == 400, answer
        assert answer["reason"] == "EXPRESSION_FAILED", answer
        assert "concurrency.key" in answer["detail"], answer
