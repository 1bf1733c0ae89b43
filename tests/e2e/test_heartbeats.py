"""Heartbeat timeouts: a handler that is silent for too long has failed."""

import threading
import time

from conftest import publish
from desk import eventually

TIMEOUT_S = 3
WORKFLOW = f"""
apiVersion: agentflow/v1
kind: Workflow
metadata: {{name: NAME}}
outputs: {{by: =nodes.work.output}}
nodes:
  work:
    type: ai.agent@1
    with: {{agent: AGENT}}
    policy: {{heartbeat: {TIMEOUT_S}s, retry: {{maxAttempts: 2, backoff: fixed, initial: 10ms}}}}
edges: [start -> work]
"""


def test_a_handler_that_hangs_is_retried_elsewhere(client, workers):
    elsewhere, canceled = threading.Event(), []
    began = []

    def work(name):
        def handler(_input, task):
            began.append((name, task.attempt, task.heartbeat_timeout_s))
            if task.attempt > 1:
                elsewhere.set()
                return name
            task.heartbeat()
            elsewhere.wait(60)  # hangs, and says nothing
            canceled.append(eventually(lambda: task.canceled))
            return "too late"
        return handler

    # Each has one place, which hangs with the first attempt.
    for name in ("left", "right"):
        workers.start(1, **{"hanging": work(name)})
    execution = client.executions.start(publish(client, WORKFLOW.replace("AGENT", "hanging")))
    ended = client.executions.wait(execution.name, timeout_s=60)
    (first, *_), (second, *_) = began
    assert {first, second} == {"left", "right"} and ended.output == {"by": second}
    assert [attempt for _, attempt, _ in began] == [1, 2]
    assert {timeout for *_, timeout in began} == {TIMEOUT_S}
    [step] = client.executions.iterate_steps(parent=execution.name)
    assert [(each.attempt, each.error.reason) for each in step.failures] == [
        (1, "HEARTBEAT_TIMEOUT")]
    assert eventually(lambda: canceled) == [True]


def test_a_handler_that_says_that_it_lives_is_left_alone(client, workers):
    def handler(_input, task):
        until = time.monotonic() + 2.5 * TIMEOUT_S
        while time.monotonic() < until:
            task.heartbeat()
            time.sleep(0.05)
        return task.attempt

    workers.start(1, lively=handler)
    execution = client.executions.start(publish(client, WORKFLOW.replace("AGENT", "lively")))
    assert client.executions.wait(execution.name, timeout_s=60).output == {"by": 1}
    [step] = client.executions.iterate_steps(parent=execution.name)
    assert (step.attempt, step.failures) == (1, [])


def test_without_a_timeout_a_handler_may_be_silent(client, workers):
    def handler(_input, task):
        assert task.heartbeat_timeout_s is None
        time.sleep(1.5 * TIMEOUT_S)
        return task.attempt

    workers.start(1, quiet=handler)
    source = WORKFLOW.replace("AGENT", "quiet").replace(f"heartbeat: {TIMEOUT_S}s, ", "")
    execution = client.executions.start(publish(client, source))
    assert client.executions.wait(execution.name, timeout_s=60).output == {"by": 1}
