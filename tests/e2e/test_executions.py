"""Executions end to end: by REST and by the SDK."""

import time
import uuid

import agentflow
import pytest
from conftest import publish

CHAIN = """
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: NAME}
inputs: {type: object, properties: {n: {type: integer}, x: {type: number}}}
outputs: {sum: "=nodes.c.output", kind: "=nodes.pick.output", n: "=inputs.n"}
nodes:
  a: {type: data.transform@1, with: {value: "=inputs.n + 1"}}
  b: {type: data.transform@1, with: {value: "=inputs.n * 2"}}
  c: {type: data.transform@1, with: {value: "=nodes.a.output + nodes.b.output"}}
  pick:
    type: flow.switch@1
    with: {cases: [{port: big, when: "nodes.c.output > 100"}], default: small}
edges: [start -> a, start -> b, a -> c, b -> c, c -> pick]
"""

WAIT = """
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: NAME}
nodes:
  pause: {type: flow.wait@1, with: {duration: DURATION}}
  after: {type: data.transform@1, with: {value: "='done'"}}
edges: [start -> pause, pause -> after]
"""

AGENT = """
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: NAME}
inputs: {type: object}
outputs: {got: "=nodes.work.output"}
nodes:
  work:
    type: ai.agent@1
    with: {agent: AGENT, input: "=inputs"}
    policy: {retry: {maxAttempts: 3, backoff: fixed, initial: 100ms}, timeout: TIMEOUT}
edges: [start -> work]
"""


def agent_workflow(client, agent: str, timeout: str = "30s") -> str:
    return publish(client, AGENT.replace("AGENT", agent).replace("TIMEOUT", timeout))


def test_a_chain_of_pure_steps_completes(client):
    name = publish(client, CHAIN)
    ended = client.executions.wait(client.executions.start(name, {"n": 10}).name)
    assert ended.output == {"sum": 31, "kind": "small", "n": 10}
    steps = {step.node: step for step in client.executions.iterate_steps(parent=ended.name)}
    assert {step.state for step in steps.values()} == {"COMPLETED"}
    assert steps["c"].output == 31 and steps["a"].attempt == 1
    events = list(client.executions.iterate_events(parent=ended.name))
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert events[0].type == "ExecutionStarted" and events[0].principal.startswith("apiKeys/")


def test_the_same_request_id_starts_once(rest, client):
    name = publish(client, CHAIN)
    request = {"requestId": str(uuid.uuid4()), "input": {"n": 1}}
    first = rest.ok("POST", f"/v1/{name}:start", request)
    again = rest.ok("POST", f"/v1/{name}:start", request)
    assert first["name"] == again["name"]
    status, problem = rest("POST", f"/v1/{name}:start", request | {"input": {"n": 2}})
    assert (status, problem["reason"]) == (409, "REQUEST_ID_REUSED")


def test_a_new_version_is_started_at_once_and_an_old_one_by_number(client):
    name = publish(client, CHAIN)
    second = CHAIN.replace("inputs.n + 1", "inputs.n + 1000").replace(
        "NAME", name.removeprefix("workflows/"))
    client.workflows.apply(second)
    assert client.executions.run(name, {"n": 1})["sum"] == 1003
    old = client.executions.start(name, {"n": 1}, version=1)
    assert client.executions.wait(old.name).output["sum"] == 4


@pytest.mark.parametrize("body, reason, field", [
    ({"input": {"n": "ten"}}, "INPUT_INVALID", "n"),
    ({"input": {"n": 1.5}}, "INPUT_INVALID", "n"),
    ({"version": 99}, "VERSION_NOT_FOUND", ""),
    ({"requestId": "no spaces allowed"}, "REQUEST_ID_INVALID", "request"),
    ({"priority": 9}, "PRIORITY_INVALID", "priority"),
    ({"labels": {"k" * 64: "v"}}, "LABELS_INVALID", "labels"),
])
def test_a_bad_start_names_what_is_wrong(rest, client, body, reason, field):
    name = publish(client, CHAIN)
    status, problem = rest("POST", f"/v1/{name}:start", body)
    assert status in (400, 404), problem
    assert problem["reason"] == reason, problem
    assert field in str(problem.get("field", "")) + problem["detail"]


def test_timers_fire_and_not_early(client):
    name = publish(client, WAIT.replace("DURATION", "1500ms"))
    started = time.monotonic()
    execution = client.executions.start(name)
    deadline = time.monotonic() + 5
    while client.executions.get_execution(name=execution.name).state != "WAITING":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    client.executions.wait(execution.name)
    assert time.monotonic() - started >= 1.5


def test_cancel_ends_an_execution_once(client):
    name = publish(client, WAIT.replace("DURATION", "1h"))
    execution = client.executions.start(name)
    ended = client.executions.cancel_execution(name=execution.name, cause="enough")
    assert ended.state == "CANCELED"
    assert client.executions.cancel_execution(name=execution.name) == ended
    events = [event.type for event in client.executions.iterate_events(parent=execution.name)]
    assert events.count("ExecutionCanceled") == 1


def test_agents_do_tasks_and_their_failures_are_retried(client, workers):
    tries = []

    def flaky(input, task):
        tries.append(task.attempt)
        if task.attempt < 3:
            raise agentflow.TaskError("NOT_YET", "try again")
        return {"echo": input, "key": task.idempotency_key}

    workers.start(flaky=flaky)
    name = agent_workflow(client, "flaky")
    execution = client.executions.start(name, {"a": [1, 2.5, None, "x"]})
    ended = client.executions.wait(execution.name)
    assert tries == [1, 2, 3]
    assert ended.output["got"]["echo"] == {"a": [1, 2.5, None, "x"]}
    step = next(client.executions.iterate_steps(parent=ended.name))
    assert step.attempt == 3
    assert [failure.error.reason for failure in step.failures] == ["NOT_YET", "NOT_YET"]


def test_a_failure_that_cannot_be_retried_fails_the_execution(client, workers):
    def hopeless(input):
        raise agentflow.TaskError("NO_WAY", "it cannot work", retryable=False)

    workers.start(hopeless=hopeless)
    execution = client.executions.start(agent_workflow(client, "hopeless"), {})
    with pytest.raises(agentflow.ExecutionFailedError) as caught:
        client.executions.wait(execution.name)
    error = caught.value.execution.error
    assert (error.reason, error.node) == ("NO_WAY", "work")


def test_a_task_that_takes_too_long_is_cancelled_and_tried_again(client, workers):
    def slow(input, task):
        while task.attempt == 1:
            task.check_canceled()
            time.sleep(0.02)
        return "fast now"

    workers.start(slow=slow)
    execution = client.executions.start(agent_workflow(client, "slow", "1s"), {})
    assert client.executions.wait(execution.name).output["got"] == "fast now"


def test_tasks_wait_for_an_agent_that_comes_later(client, workers):
    execution = client.executions.start(agent_workflow(client, "latecomer"), {"n": 1})
    assert client.executions.get_execution(name=execution.name).state == "RUNNING"
    workers.start(latecomer=lambda input: input["n"] + 1)
    assert client.executions.wait(execution.name).output["got"] == 2


def test_lists_filter_and_page(client, rest):
    name = publish(client, CHAIN)
    ids = {client.executions.start(name, {"n": i}, labels={"run": "list"}).name for i in range(5)}
    for execution in ids:
        client.executions.wait(execution)
    query = f'workflow = "{name}" AND state = "COMPLETED"'
    found = {e.name for e in client.executions.iterate_executions(filter=query, page_size=2)}
    assert found == ids
    page = rest.ok("GET", "/v1/executions", params={"filter": query, "pageSize": 2})
    status, problem = rest("GET", "/v1/executions",
                           params={"filter": 'state = "FAILED"', "pageToken": page["nextPageToken"]})
    assert (status, problem["reason"]) == (400, "PAGE_TOKEN_INVALID")
