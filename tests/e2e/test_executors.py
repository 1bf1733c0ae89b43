"""Several executors and gateways: lanes move between those that live, die, stop and leave."""

import collections
import os
import signal
import threading
import time
import uuid

import agentflow
import pytest

from conftest import STATE, Http, Workers, publish, start_stack
from desk import eventually
from test_crashes import assert_all_complete_once, start_many
from test_repair import counts, migrate, order

WORKFLOW = """
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: NAME}
inputs: {type: object}
outputs: {n: "=nodes.last.output.n"}
nodes:
  first: {type: data.transform@1, with: {value: "={'n': inputs.n}"}}
  pause: {type: flow.wait@1, with: {duration: 300ms}}
  last: {type: data.transform@1, with: {value: "={'n': nodes.first.output.n}"}}
edges: [start -> first, first -> pause, pause -> last]
"""


@pytest.fixture(scope="module", params=[1, 3], ids=["one-committer", "three-committers"])
def pair(request):
    """Two executors and two gateways."""
    made = start_stack(STATE.parent / "e2e-executors", copies={"executor": 2, "gateway": 2},
                       overrides={"executor": {"committers": request.param}})
    yield made
    made.down()


@pytest.fixture
def client(pair):
    made = pair.credentials()
    with agentflow.Client(made["url"], made["api_key"]) as client:
        yield client


def lanes(stack) -> dict[str, int]:
    """How many lanes each executor has; its name in the table ends with its port."""
    rows = stack.postgres.sql("-c", "SELECT owner_id, count(*) FROM executor.lane "
                                    "WHERE owner_id IS NOT NULL GROUP BY owner_id")
    found = {}
    for row in rows.splitlines():
        owner, count = row.split("|")
        found[owner.rsplit(":", 1)[1]] = int(count)
    return {name: found.get(str(stack.ports[name]), 0) for name in ("executor", "executor-2")}


def await_lanes(stack, **wanted) -> float:
    """Waits until each executor has that many lanes; gives the seconds it took."""
    begin = time.monotonic()
    wanted = {name.replace("_", "-"): count for name, count in wanted.items()}
    while lanes(stack) != wanted:
        assert time.monotonic() < begin + 30, f"{lanes(stack)} instead of {wanted}"
        time.sleep(0.05)
    return time.monotonic() - begin


class Callers:
    """Clients that start and read without a pause and without trying again, at both gateways."""

    def __init__(self, stack, workflow: str):
        key = stack.credentials()["api_key"]
        self.errors, self.started, self.calls = [], [], collections.Counter()
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(Http(
                f"http://127.0.0.1:{stack.ports[gateway]}", key), workflow, number))
            for number, gateway in enumerate(["gateway", "gateway-2"] * 2)]

    def _run(self, http, workflow, number):
        turn = 0
        while not self._stop.is_set():
            turn += 1
            body = {"input": {"n": turn}}
            if number >= 2:
                body["requestId"] = f"{workflow[10:]}-{number}-{turn}"
            status, answer = http("POST", f"/v1/{workflow}:start", body)
            self.calls["start"] += 1
            if status != 200:
                self.errors.append((status, answer))
                continue
            self.started.append((answer["name"], turn))
            status, answer = http("GET", f"/v1/{answer['name']}")
            self.calls["get"] += 1
            if status != 200:
                self.errors.append((status, answer))

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *unused):
        self._stop.set()
        for thread in self._threads:
            thread.join()


def assert_all_done(client, callers: Callers) -> None:
    for name, n in callers.started:
        assert client.executions.wait(name, timeout_s=60).output == {"n": n}


def test_a_drained_executor_hands_over_and_a_new_one_takes_its_share_without_a_failed_call(
        pair, client):
    await_lanes(pair, executor=128, executor_2=128)
    workflow = publish(client, WORKFLOW)
    with Callers(pair, workflow) as callers:
        time.sleep(0.5)
        pair.services["executor-2"].stop()
        await_lanes(pair, executor=256, executor_2=0)
        time.sleep(0.5)
        pair.start_service("executor-2")
        await_lanes(pair, executor=128, executor_2=128)
        time.sleep(0.5)
    assert callers.errors == []
    assert callers.calls["start"] > 50
    assert_all_done(client, callers)


def test_kill_9_of_one_executor(pair, client):
    await_lanes(pair, executor=128, executor_2=128)
    workflow = publish(client, WORKFLOW)
    names = start_many(client, workflow, 30)
    pair.services["executor-2"].kill()
    await_lanes(pair, executor=256, executor_2=0)
    assert_all_complete_once(client, names)
    pair.start_service("executor-2")
    await_lanes(pair, executor=128, executor_2=128)


def test_a_stopped_executor_is_fenced_out_and_begins_anew(pair, client):
    await_lanes(pair, executor=128, executor_2=128)
    workflow = publish(client, WORKFLOW)
    names = start_many(client, workflow, 30)
    pid = pair.services["executor-2"].pid()
    os.kill(pid, signal.SIGSTOP)
    try:
        await_lanes(pair, executor=256, executor_2=0)
        assert_all_complete_once(client, names)
    finally:
        os.kill(pid, signal.SIGCONT)
    await_lanes(pair, executor=128, executor_2=128)
    assert_all_complete_once(client, start_many(client, publish(client, WORKFLOW), 30))


def owner_of(stack, execution: str) -> str:
    """The executor that has its lane, which is the last byte of its id."""
    owner = stack.postgres.sql("-c", "SELECT owner_id FROM executor.lane WHERE lane = "
                                     f"{int(execution[-2:], 16)}").strip()
    return next(name for name in ("executor", "executor-2")
                if owner.endswith(f":{stack.ports[name]}"))


CRITICAL = """
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: NAME}
nodes:
  alone:
    type: flow.critical@1
    with: {key: KEY}
    nodes: {work: {type: ai.agent@1, with: {agent: soloist}}}
    edges: [start -> work]
edges: [start -> alone]
"""


def test_a_key_is_held_through_kill_9_of_its_holders_executor(pair, client):
    await_lanes(pair, executor=128, executor_2=128)
    workflow = publish(client, CRITICAL.replace("KEY", uuid.uuid4().hex))
    inside, began, go_on = [], [], threading.Event()
    together = []

    def soloist(input, task):
        inside.append(task.execution)
        together.append(list(inside))
        began.append(task.execution)
        go_on.wait(60)
        inside.remove(task.execution)

    workers = Workers(pair)
    workers.start(capacity=8, soloist=soloist)
    try:
        names = [client.executions.start(workflow).name]
        eventually(lambda: began)
        holders = owner_of(pair, names[0])
        # Some wait in each of the executors.
        while len(names) < 6 or len({owner_of(pair, name) for name in names[1:]}) < 2:
            names.append(client.executions.start(workflow).name)
        eventually(lambda: {step.state for name in names[1:] for step in
                            client.executions.iterate_steps(parent=name)} == {"WAITING"})
        pair.services[holders].kill()
        other = "executor" if holders == "executor-2" else "executor-2"
        await_lanes(pair, **{holders.replace("-", "_"): 0, other.replace("-", "_"): 256})
        assert began == names[:1]
        go_on.set()
        for name in names:
            assert client.executions.wait(name, timeout_s=120).state == "COMPLETED"
    finally:
        go_on.set()
        workers.stop()
    assert [len(holding) for holding in together] == [1] * len(names)
    assert sorted(began) == sorted(names)
    assert pair.postgres.sql("-c", "SELECT count(*) FROM executor.key_ticket").strip() == "0"
    pair.start_service(holders)
    await_lanes(pair, executor=128, executor_2=128)


def both(stack) -> list[Http]:
    """REST at each gateway."""
    key = stack.credentials()["api_key"]
    return [Http(f"http://127.0.0.1:{stack.ports[gateway]}", key)
            for gateway in ("gateway", "gateway-2")]


def test_a_batch_is_shared_by_both_executors_and_started_once(pair, client):
    await_lanes(pair, executor=128, executor_2=128)
    workflow = publish(client, WORKFLOW)
    requests = [{"input": {"n": n}, "requestId": f"{workflow[10:]}-{n}"} for n in range(120)]
    first, again = (http.ok("POST", f"/v1/{workflow}:batchStart", {"requests": requests})
                    for http in both(pair))
    names = [result["execution"]["name"] for result in first["results"]]
    assert len(set(names)) == 120
    assert names == [result["execution"]["name"] for result in again["results"]]
    for n, name in enumerate(names):
        assert client.executions.wait(name, timeout_s=60).output == {"n": n}


def test_a_migration_reaches_the_lanes_of_both_executors(pair, client):
    await_lanes(pair, executor=128, executor_2=128)
    workflow = publish(client, order("pay", "'old'"))
    names = start_many(client, workflow, 40)
    for name in names:
        while client.executions.get_execution(name=name).state != "WAITING":
            time.sleep(0.02)
    client.workflows.apply(order("collect", "'new'").replace("NAME", workflow[10:]))
    fits = {"mapping": {"pay": "collect"}}
    assert counts(migrate(client, workflow, validate_only=True)) == (0, 40)
    assert counts(migrate(client, workflow, validate_only=True, **fits)) == (40, 0)
    assert counts(migrate(client, workflow, **fits)) == (40, 0)
    for http in both(pair):
        versions = {http.ok("GET", f"/v1/{name}")["version"] for name in names}
        assert versions == {2}
