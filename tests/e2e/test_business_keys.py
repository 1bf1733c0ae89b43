"""Business keys: at most one execution of a workflow that is not over has one."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import agentflow
import pytest
from conftest import publish
from desk import eventually

SIGNAL = """
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: NAME}
outputs: {paid: "=nodes.paid.output"}
nodes:
  paid: {type: flow.signal@1, with: {name: paid}}
edges: [start -> paid]
"""
AT_ONCE = """
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: NAME}
nodes:
  t: {type: data.transform@1, with: {value: 1}}
edges: [start -> t]
"""


@pytest.fixture
def orders(client):
    return publish(client, SIGNAL)


def test_a_key_in_use_refuses_and_names_who_has_it_until_that_is_over(client, orders):
    first = client.executions.start(orders, business_key="order 17")
    assert first.business_key == "order 17"
    with pytest.raises(agentflow.ConflictError) as caught:
        client.executions.start(orders, business_key="order 17")
    assert caught.value.reason == "BUSINESS_KEY_IN_USE"
    assert caught.value.metadata["execution"] == first.name and first.name in str(caught.value)
    assert caught.value.metadata["field"] == "businessKey"
    same = client.executions.start(orders, business_key="order 17", use_existing=True)
    assert (same.name, same.state) == (first.name, "WAITING")
    client.executions.start(orders, business_key="order 18")
    client.executions.start(publish(client, SIGNAL), business_key="order 17")
    client.executions.signal_execution(name=first.name, signal="paid", payload=5)
    assert client.executions.wait(first.name).output == {"paid": 5}
    second = client.executions.start(orders, business_key="order 17", use_existing=True)
    assert second.name != first.name
    listed = client.executions.iterate_executions(
        filter=f'business_key = "order 17" AND workflow = "{orders}"')
    assert [(each.name, each.business_key) for each in listed] == [
        (second.name, "order 17"), (first.name, "order 17")]
    assert client.executions.get_execution(name=first.name).business_key == "order 17"


def test_of_many_starts_at_once_one_begins(client, orders):
    gate = threading.Barrier(12)

    def start(number):
        gate.wait(30)
        try:
            return client.executions.start(orders, business_key="race",
                                           use_existing=number % 2 == 1)
        except agentflow.ConflictError as error:
            return error

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(start, range(12)))
    begun = list(client.executions.iterate_executions(filter=f'workflow = "{orders}"'))
    assert len(begun) == 1
    refused = [each for each in answers if isinstance(each, agentflow.ConflictError)]
    assert {each.reason for each in refused} <= {"BUSINESS_KEY_IN_USE"}
    assert {each.metadata["execution"] for each in refused} <= {begun[0].name}
    assert {each.name for each in answers if each not in refused} == {begun[0].name}
    assert len(answers) - len(refused) in (6, 7)


def test_in_a_batch_each_start_stands_for_itself(client, orders):
    requests = [{"business_key": key, "request_id": f"{orders[10:]}-{number}"}
                for number, key in enumerate(["a", "b", "a"])]
    results = client.executions.batch_start_executions(workflow=orders, requests=requests).results
    refused = [each.error for each in results if each.error]
    assert [(each.reason, each.field) for each in refused] == [
        ("BUSINESS_KEY_IN_USE", "businessKey")]
    again = client.executions.batch_start_executions(workflow=orders, requests=requests).results
    assert [each.execution and each.execution.name for each in again] == [
        each.execution and each.execution.name for each in results]


def test_what_is_over_at_once_gives_the_key_back(client):
    at_once = publish(client, AT_ONCE)
    for _ in range(3):
        assert client.executions.run(at_once, business_key="k") is None
    assert [each.state for each in client.executions.iterate_executions(
        filter=f'business_key = "k" AND workflow = "{at_once}"')] == ["COMPLETED"] * 3


def test_a_retry_keeps_the_key_and_is_refused_while_it_is_in_use(client, orders):
    first = client.executions.start(orders, business_key="r")
    client.executions.cancel_execution(name=first.name)
    retried = client.executions.retry_execution(name=first.name, request_id=f"{orders[10:]}-r")
    assert (retried.business_key, retried.origin.execution) == ("r", first.name)
    with pytest.raises(agentflow.ConflictError) as caught:
        client.executions.start(orders, business_key="r")
    assert caught.value.metadata["execution"] == retried.name
    fork = client.executions.fork_execution(
        name=first.name, checkpoint=1, request_id=f"{orders[10:]}-f")
    assert fork.business_key == ""


@pytest.mark.parametrize("body, field", [
    ({"businessKey": "x" * 256}, "businessKey"), ({"businessKey": "a\nb"}, "businessKey"),
    ({"businessKey": "a\u0000b"}, "businessKey"), ({"useExisting": True}, "useExisting")])
def test_bad_keys_are_refused(rest, orders, body, field):
    status, problem = rest("POST", f"/v1/{orders}:start", body)
    assert (status, problem["reason"]) == (400, "BUSINESS_KEY_INVALID"), problem
    assert problem["errors"][0]["field"] == field if "errors" in problem else field in str(problem)


def test_the_command_line_starts_with_one(cli, client, orders):
    first = cli("run", orders[10:], "--business-key", "cli")
    assert first.returncode == 0, first.stderr
    refused = cli("run", orders[10:], "--business-key", "cli")
    assert refused.returncode != 0 and "BUSINESS_KEY_IN_USE" in refused.stderr
    name = first.stdout.split()[0]
    assert name in refused.stderr
    same = cli("run", orders[10:], "--business-key", "cli", "--use-existing")
    assert same.returncode == 0 and name in same.stdout


def test_a_key_survives_kill_9_of_the_executor(stack, client, orders):
    first = client.executions.start(orders, business_key="crash")
    executor = stack.services["executor"]
    executor.kill()
    time.sleep(0.3)
    stack.start_service("executor")

    def refused():
        with pytest.raises(agentflow.AgentFlowError) as caught:
            client.executions.start(orders, business_key="crash")
        return caught.value if caught.value.reason == "BUSINESS_KEY_IN_USE" else None

    assert eventually(refused).metadata["execution"] == first.name
    client.executions.signal_execution(name=first.name, signal="paid", payload=1)
    client.executions.wait(first.name)
    assert client.executions.start(orders, business_key="crash").name != first.name
