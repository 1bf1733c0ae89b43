"""Processes die and Redis forgets; nothing is lost and nothing happens twice."""

import collections
import json
import subprocess
import threading
import time

import pytest
from conftest import paths, publish, worker_process
from test_executions import agent_workflow

STEPS = """
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: NAME}
inputs: {type: object}
outputs: {n: "=nodes.last.output.n"}
nodes:
  first: {type: ai.agent@1, with: {agent: AGENT, input: "={'n': inputs.n}"}}
  pause: {type: flow.wait@1, with: {duration: 200ms}}
  last: {type: ai.agent@1, with: {agent: AGENT, input: "={'n': nodes.first.output.n}"}}
edges: [start -> first, first -> pause, pause -> last]
"""


def start_many(client, workflow: str, count: int) -> list[str]:
    """Started with request ids, so that the client may repeat a start whose answer was lost."""
    return [client.executions.start(workflow, {"n": n}, request_id=f"{workflow[10:]}-{n}").name
            for n in range(count)]


def assert_all_complete_once(client, names: list[str]) -> None:
    assert len(set(names)) == len(names)
    for n, name in enumerate(names):
        ended = client.executions.wait(name, timeout_s=120)
        assert ended.output == {"n": n}
        events = list(client.executions.iterate_events(parent=name))
        assert [event.sequence for event in events] == list(range(1, len(events) + 1))
        completed = collections.Counter(
            event.node for event in events if event.type == "StepCompleted")
        assert set(completed.values()) == {1}, completed


def test_kill_9_of_the_executor_in_the_middle_of_200_executions(stack, client, workers):
    done = threading.Event()

    def count(input):
        if input["n"] > 60:
            done.set()
        return input

    workers.start(capacity=8, counter=count)
    name = publish(client, STEPS.replace("AGENT", "counter"))
    executor = stack.services["executor"]

    def crash():
        done.wait(60)
        executor.kill()
        time.sleep(0.3)
        stack.start_service("executor")

    crashing = threading.Thread(target=crash)
    crashing.start()
    names = start_many(client, name, 200)
    crashing.join()
    stack.wait_ready()
    assert_all_complete_once(client, names)


WORKER = """
import time, agentflow
worker = agentflow.Worker(capacity=4)
@worker.agent("AGENT")
def work(input):
    time.sleep(DELAY)
    return input
worker.run()
"""


def test_kill_9_of_a_worker_and_the_coordinator_with_tasks_in_hand(stack, client):
    script = WORKER.replace("AGENT", "mortal")
    first = worker_process(stack, "mortal-1", script.replace("DELAY", "3600"))
    name = agent_workflow(client, "mortal", timeout="1h")
    names = [client.executions.start(name, {"n": n}).name for n in range(4)]
    deadline = time.monotonic() + 30
    while not all(step.state == "RUNNING" for execution in names
                  for step in client.executions.iterate_steps(parent=execution)):
        assert time.monotonic() < deadline, "the worker never took the tasks"
        time.sleep(0.1)
    first.kill()
    stack.services["coordinator"].kill()
    stack.start_service("coordinator")
    stack.wait_ready()
    second = worker_process(stack, "mortal-2", script.replace("DELAY", "0"))
    try:
        for n, execution in enumerate(names):
            ended = client.executions.wait(execution, timeout_s=90)
            assert ended.output["got"] == {"n": n}
            step = next(client.executions.iterate_steps(parent=execution))
            assert step.attempt == 2
    finally:
        second.stop()


def test_a_flush_of_redis_costs_only_delay(stack, client, workers):
    name = publish(client, STEPS.replace("AGENT", "flushed"))
    names = start_many(client, name, 40)   # nobody serves the agent yet: all of it waits in Redis
    subprocess.run(["redis-cli", "-u", stack.redis.url(), "--no-auth-warning", "FLUSHALL"],
                   check=True, capture_output=True)
    workers.start(flushed=lambda input: input)
    assert_all_complete_once(client, names)


def test_a_restart_of_redis_in_the_middle(stack, client, workers):
    seen = threading.Event()

    def slow(input):
        seen.set()
        time.sleep(0.02)
        return input

    workers.start(restarted=slow)
    name = publish(client, STEPS.replace("AGENT", "restarted"))
    names = start_many(client, name, 40)
    assert seen.wait(30)
    stack.redis.process.kill()
    stack.redis.start()
    assert_all_complete_once(client, names)


def test_postgresql_restarts_and_everything_goes_on(stack, client, workers):
    workers.start(patient=lambda input: input)
    name = publish(client, STEPS.replace("AGENT", "patient"))
    names = start_many(client, name, 20)
    stack.postgres.process.stop(number=2)
    stack.postgres.start()
    assert_all_complete_once(client, names)


@pytest.mark.parametrize("service", [name for name in paths.SERVICES if name != "gateway"])
def test_a_service_without_its_database_says_so_and_ends(stack, service, tmp_path):
    settings = json.loads((stack.state / "config" / f"{service}.yaml").read_text())
    settings |= {"listen": "127.0.0.1:0", "admin_listen": ""}
    port = f":{stack.ports['postgres']}/"
    settings["database"] = {name: url.replace(port, ":1/")
                            for name, url in settings["database"].items()}
    config = tmp_path / f"{service}.yaml"
    config.write_text(json.dumps(settings))
    ended = subprocess.run([paths.binary(stack.preset, f"agentflow-{service}"), "--config", config],
                           capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 1, ended
    assert "cannot start" in ended.stdout + ended.stderr
