"""People and executions under way: signals, approvals, children, pause, cancel, many at once."""

import threading
import time
import uuid

import agentflow
import pytest
from conftest import publish
from test_executions import CHAIN, WAIT

SIGNAL = """
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: NAME}
outputs: {amount: "=nodes.paid.output.amount"}
nodes:
  paid: {type: flow.signal@1, with: {name: paid}}
edges: [start -> paid]
"""

APPROVAL = """
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: NAME}
outputs: {decision: "=nodes.sign.output.decision", n: "=nodes.sign.output.values.n"}
nodes:
  sign:
    type: flow.approval@1
    with:
      title: Sign the order
      by: ["BY"]
      form: {type: object, properties: {n: {type: integer}}, required: [n]}
edges: [start -> sign]
"""

PARENT = """
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: NAME}
inputs: {type: object}
outputs: {inner: "=nodes.child.output"}
nodes:
  child: {type: flow.workflow@1, with: {workflow: CHILD, input: "=inputs"}}
edges: [start -> child]
"""


def wait_for(client, name: str, state: str) -> None:
    deadline = time.monotonic() + 30
    while client.executions.get_execution(name=name).state != state:
        assert time.monotonic() < deadline, client.executions.get_execution(name=name)
        time.sleep(0.02)


def only_step(client, name: str):
    return next(client.executions.iterate_steps(parent=name))


def refused(caught) -> str:
    return caught.value.reason


def test_a_signal_is_taken_once_however_often_it_is_sent(client):
    execution = client.executions.start(publish(client, SIGNAL)).name
    wait_for(client, execution, "WAITING")
    wait = only_step(client, execution).wait
    assert (wait.kind, wait.signal) == ("SIGNAL", "paid")
    for _ in range(2):
        client.executions.signal_execution(name=execution, signal="other", payload=1,
                                           request_id="one")
    client.executions.signal_execution(name=execution, signal="paid", payload={"amount": 7})
    assert client.executions.wait(execution).output == {"amount": 7}
    events = [event.type for event in client.executions.iterate_events(parent=execution)]
    assert events.count("SignalReceived") == 2
    with pytest.raises(agentflow.FailedPreconditionError) as caught:
        client.executions.signal_execution(name=execution, signal="paid")
    assert refused(caught) == "EXECUTION_OVER"


@pytest.mark.parametrize("body, reason", [
    ({"signal": ""}, "SIGNAL_NAME_INVALID"),
    ({"signal": "x" * 129}, "SIGNAL_NAME_INVALID"),
    ({"signal": "paid", "payload": "x" * 300_000}, "VALUE_TOO_LARGE"),
    ({"signal": "paid", "requestId": "no spaces"}, "REQUEST_ID_INVALID"),
])
def test_a_bad_signal_is_refused_and_nothing_happens(rest, client, body, reason):
    execution = client.executions.start(publish(client, SIGNAL)).name
    status, problem = rest("POST", f"/v1/{execution}:signal", body)
    assert (status, problem["reason"]) == (400, reason), problem
    client.executions.signal_execution(name=execution, signal="paid", payload={"amount": 1})
    assert client.executions.wait(execution).output == {"amount": 1}


def open_approval(client, execution: str):
    wait_for(client, execution, "WAITING")
    [approval] = list(client.approvals.iterate_approvals(filter=f'execution = "{execution}"'))
    return approval


def test_an_approval_is_decided_once_with_values_that_fit(client):
    execution = client.executions.start(publish(client, APPROVAL.replace("BY", "role:admin"))).name
    approval = open_approval(client, execution)
    assert (approval.state, approval.title, approval.mine) == ("OPEN", "Sign the order", True)
    assert only_step(client, execution).wait.approval == approval.name
    mine = client.approvals.iterate_approvals(filter='assignee = "me" AND state = "OPEN"')
    assert approval.name in {one.name for one in mine}
    with pytest.raises(agentflow.InvalidArgumentError) as caught:
        client.approvals.approve(name=approval.name, values={"n": "one"})
    assert refused(caught) == "VALUES_INVALID"
    decided = client.approvals.approve(name=approval.name, comment="fine", values={"n": 1})
    assert (decided.state, decided.comment, decided.values) == ("APPROVED", "fine", {"n": 1})
    assert decided.decider.startswith("apiKeys/")
    assert client.executions.wait(execution).output == {"decision": "approved", "n": 1}
    again = client.approvals.approve(name=approval.name, comment="fine", values={"n": 1})
    assert again == decided
    with pytest.raises(agentflow.FailedPreconditionError) as caught:
        client.approvals.reject(name=approval.name)
    assert refused(caught) == "APPROVAL_DECIDED"
    by = [event.principal for event in client.executions.iterate_events(parent=execution)
          if event.type == "ApprovalDecided"]
    assert by == [decided.decider]


def test_of_many_decisions_at_once_one_counts(client):
    execution = client.executions.start(publish(client, APPROVAL.replace("BY", "role:admin"))).name
    approval = open_approval(client, execution)
    outcomes = []

    def decide(n):
        try:
            client.approvals.approve(name=approval.name, comment=str(n), values={"n": n})
            outcomes.append(n)
        except agentflow.FailedPreconditionError as error:
            assert error.reason == "APPROVAL_DECIDED"

    threads = [threading.Thread(target=decide, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 1
    assert client.executions.wait(execution).output["n"] == outcomes[0]


def test_an_approval_is_for_those_it_names(client):
    execution = client.executions.start(publish(client, APPROVAL.replace("BY", "role:pope"))).name
    approval = open_approval(client, execution)
    assert not approval.mine
    with pytest.raises(agentflow.PermissionDeniedError) as caught:
        client.approvals.approve(name=approval.name, values={"n": 1})
    assert refused(caught) == "APPROVAL_NOT_YOURS"
    client.executions.cancel_execution(name=execution)
    assert client.approvals.get_approval(name=approval.name).state == "CLOSED"


def test_another_tenant_sees_and_decides_nothing(client, other_tenant):
    execution = client.executions.start(publish(client, APPROVAL.replace("BY", "role:admin"))).name
    approval = open_approval(client, execution)
    assert other_tenant.ok("GET", "/v1/approvals") == {}
    for verb, path in [("GET", approval.name), ("POST", f"{approval.name}:approve"),
                       ("POST", f"{approval.name}:reject")]:
        status, problem = other_tenant(verb, f"/v1/{path}", {} if verb == "POST" else None)
        assert (status, problem["reason"]) == (404, "APPROVAL_NOT_FOUND")
    for action in ["pause", "resume", "signal", "cancel"]:
        status, problem = other_tenant("POST", f"/v1/{execution}:{action}", {"signal": "x"}
                                       if action == "signal" else {})
        assert (status, problem["reason"]) == (404, "EXECUTION_NOT_FOUND"), action
    assert client.executions.get_execution(name=execution).state == "WAITING"
    client.executions.cancel_execution(name=execution)


def test_a_child_is_an_execution_of_its_own(client):
    child = publish(client, CHAIN)
    parent = publish(client, PARENT.replace("CHILD", child.removeprefix("workflows/")))
    ended = client.executions.wait(client.executions.start(parent, {"n": 10}).name)
    assert ended.output["inner"]["sum"] == 31
    [inner] = list(client.executions.iterate_executions(filter=f'workflow = "{child}"'))
    inner = client.executions.get_execution(name=inner.name)
    assert (inner.parent.execution, inner.parent.step) == (ended.name, "child")


@pytest.mark.parametrize("child, input, reason", [
    ("nobody-published-this", {}, "WORKFLOW_NOT_FOUND"),
    (None, {"n": "ten"}, "INPUT_INVALID"),
])
def test_a_child_that_cannot_start_fails_its_step(client, child, input, reason):
    child = child or publish(client, CHAIN).removeprefix("workflows/")
    parent = publish(client, PARENT.replace("CHILD", child))
    ended = client.executions.wait(client.executions.start(parent, input).name, check=False)
    assert (ended.state, ended.error.reason) == ("FAILED", reason)


def test_cancelling_the_parent_cancels_the_child(client):
    child = publish(client, WAIT.replace("DURATION", "1h"))
    parent = publish(client, PARENT.replace("CHILD", child.removeprefix("workflows/")))
    execution = client.executions.start(parent, {}).name
    deadline = time.monotonic() + 30
    while not (step := only_step(client, execution)).child:
        assert time.monotonic() < deadline
    wait_for(client, step.child, "WAITING")
    client.executions.cancel_execution(name=execution, cause="enough")
    assert client.executions.get_execution(name=step.child).state == "CANCELED"


def test_a_paused_execution_goes_on_when_resumed(client):
    execution = client.executions.start(publish(client, WAIT.replace("DURATION", "300ms"))).name
    assert client.executions.pause_execution(name=execution, cause="lunch").state == "PAUSED"
    with pytest.raises(agentflow.FailedPreconditionError) as caught:
        client.executions.pause_execution(name=execution)
    assert refused(caught) == "EXECUTION_PAUSED"
    time.sleep(0.6)
    assert client.executions.get_execution(name=execution).state == "PAUSED"
    client.executions.resume_execution(name=execution)
    assert client.executions.wait(execution).state == "COMPLETED"
    with pytest.raises(agentflow.FailedPreconditionError) as caught:
        client.executions.resume_execution(name=execution)
    assert refused(caught) == "EXECUTION_OVER"


def test_a_batch_starts_each_once(rest, client):
    name = publish(client, CHAIN)
    prefix = uuid.uuid4().hex
    requests = [{"input": {"n": n}, "requestId": f"{prefix}-{n}"} for n in range(200)]
    requests[7]["input"] = {"n": "seven"}
    first = rest.ok("POST", f"/v1/{name}:batchStart", {"requests": requests})["results"]
    again = rest.ok("POST", f"/v1/{name}:batchStart", {"requests": requests})["results"]
    assert first[7]["error"]["reason"] == again[7]["error"]["reason"] == "INPUT_INVALID"
    names = [result["execution"]["name"] for result in first if "execution" in result]
    assert len(set(names)) == 199
    assert names == [result["execution"]["name"] for result in again if "execution" in result]


def test_kill_9_of_the_executor_while_executions_wait_for_people(stack, client):
    child = publish(client, APPROVAL.replace("BY", "role:admin"))
    parent = client.executions.start(
        publish(client, PARENT.replace("CHILD", child.removeprefix("workflows/"))), {}).name
    signaled = client.executions.start(publish(client, SIGNAL)).name
    paused = client.executions.start(publish(client, WAIT.replace("DURATION", "100ms"))).name
    client.executions.pause_execution(name=paused)
    client.executions.signal_execution(name=signaled, signal="other", request_id="kept")
    deadline = time.monotonic() + 30
    while not (step := only_step(client, parent)).child:
        assert time.monotonic() < deadline
    approval = open_approval(client, step.child)
    stack.services["executor"].kill()
    stack.start_service("executor")
    stack.wait_ready()
    assert client.executions.get_execution(name=paused).state == "PAUSED"
    client.approvals.approve(name=approval.name, values={"n": 4})
    assert client.executions.wait(parent).output["inner"] == {"decision": "approved", "n": 4}
    client.executions.signal_execution(name=signaled, signal="paid", payload={"amount": 2})
    assert client.executions.wait(signaled).output == {"amount": 2}
    client.executions.resume_execution(name=paused)
    client.executions.wait(paused)
