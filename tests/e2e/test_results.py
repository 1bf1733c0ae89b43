"""Results that must not count, sent by a worker that speaks the protocol itself."""

import queue
import uuid

import grpc
import pytest
from agentflow.api.v1 import worker_pb2 as pb
from agentflow.api.v1.worker_pb2_grpc import WorkerServiceStub
from conftest import publish

WORKFLOW = """
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: NAME}
outputs: {answer: =nodes.work.output}
nodes:
  work:
    type: ai.agent@1
    with: {agent: AGENT}
    policy: {timeout: 2s, retry: {maxAttempts: 2, backoff: fixed, initial: 10ms}}
edges: [start -> work]
"""


class RawWorker:
    """One stream with room for two tasks; `until` gives the next message of a kind."""

    def __init__(self, stack, agent: str) -> None:
        made = stack.credentials()
        self._out: queue.Queue = queue.Queue()
        self.send(hello=pb.Hello(worker_id=f"raw/{uuid.uuid4()}", capacity=2,
                                 agents=[pb.AgentDescription(id=agent)]))
        self.send(credit=pb.Credit(tasks=2))
        self._channel = grpc.insecure_channel(made["grpc"])
        self._in = WorkerServiceStub(self._channel).Work(
            iter(self._out.get, None), timeout=60,
            metadata=[("authorization", f"Bearer {made['api_key']}")])

    def send(self, **body) -> None:
        self._out.put(pb.WorkerMessage(**body))

    def answer(self, task: pb.Task, output: str, token: bytes | None = None) -> None:
        result = pb.TaskResult(task_id=task.task_id, attempt=task.attempt,
                               token=task.token if token is None else token)
        result.output.string_value = output
        self.send(results=pb.TaskResults(results=[result]))

    def until(self, kind: str):
        for message in self._in:
            if message.WhichOneof("body") == kind:
                return getattr(message, kind)
        raise AssertionError(f"the stream ended without {kind}")

    def close(self) -> None:
        self._out.put(None)
        self._channel.close()


@pytest.fixture
def worker(stack):
    made = RawWorker(stack, "raw")
    yield made
    made.close()


def refusals(message: pb.ResultsAcknowledged) -> list[tuple[int, str]]:
    return [(refused.task.attempt, refused.reason) for refused in message.refused]


def test_a_wrong_token_and_an_old_attempt_are_refused_and_change_nothing(client, worker):
    execution = client.executions.start(publish(client, WORKFLOW.replace("AGENT", "raw")))
    [first] = worker.until("tasks").tasks
    worker.answer(first, "forged", token=b"x" * len(first.token))
    assert refusals(worker.until("acknowledged")) == [(1, "TASK_TOKEN_INVALID")]
    assert client.executions.get_execution(name=execution.name).state == "RUNNING"

    assert worker.until("cancel").reason == "ATTEMPT_TIMEOUT"
    [second] = worker.until("tasks").tasks
    assert (second.attempt, second.task_id) == (2, first.task_id)
    worker.answer(first, "too late")
    told = worker.until("acknowledged")
    assert refusals(told) == [(1, "ATTEMPT_OVER")] and not told.results
    assert "Attempt 1 had ended" in told.refused[0].message

    worker.answer(second, "right")
    assert [done.attempt for done in worker.until("acknowledged").results] == [2]
    ended = client.executions.wait(execution.name)
    assert ended.output == {"answer": "right"}
