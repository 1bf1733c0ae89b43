"""The worker against a server that plays the coordinator."""

import threading

import agentflow
import grpc
import pytest
from agentflow.api.v1 import worker_pb2 as pb
from conftest import task

WAIT_S = 10


@pytest.fixture
def worker(coordinator):
    made = agentflow.Worker("http://127.0.0.1:1", coordinator.address, "af_key", capacity=2)

    @made.agent("shout", input_schema={"type": "object"})
    def shout(input):
        """Makes text loud."""
        return {"text": input["text"].upper(), "n": input["n"]}

    @made.agent("fail")
    def fail(input, task):
        if task.attempt == 1:
            raise agentflow.TaskError("NOT_NOW", "later", retryable=False)
        raise RuntimeError("broken")

    @made.agent("odd")
    def odd(input):
        return {1, 2}

    yield made
    made.stop()


def open_stream(coordinator):
    received, send = coordinator.streams.get(timeout=WAIT_S)
    hello = received.get(timeout=WAIT_S).hello
    send.put(pb.CoordinatorMessage(welcome=pb.Welcome()))
    return received, send, hello


def next_of(received, kind):
    while True:
        message = received.get(timeout=WAIT_S)
        if message.WhichOneof("body") == kind:
            return getattr(message, kind)


def acknowledge(send, result):
    reference = pb.TaskRef(task_id=result.task_id, attempt=result.attempt)
    send.put(pb.CoordinatorMessage(acknowledged=pb.ResultsAcknowledged(results=[reference])))


def test_says_hello_does_tasks_and_gives_credit_back(coordinator, worker):
    worker.start()
    received, send, hello = open_stream(coordinator)
    assert [agent.id for agent in hello.agents] == ["shout", "fail", "odd"]
    assert hello.agents[0].description == "Makes text loud." and hello.capacity == 2
    assert next_of(received, "credit").tasks == 2
    send.put(task())
    result = next_of(received, "results").results[0]
    assert result.token == b"k" and result.output.struct_value["text"] == "HI"
    assert result.output.struct_value["n"] == 3
    assert next_of(received, "credit").tasks == 1


def test_a_shared_worker_says_so_and_knows_whose_task_it_does(coordinator):
    worker = agentflow.Worker("http://127.0.0.1:1", coordinator.address, "af_key", shared=True)
    worker.agent("whose")(lambda _input, task: task.tenant)
    worker.start()
    received, send, hello = open_stream(coordinator)
    assert hello.shared
    message = task(agent="whose")
    message.tasks.tasks[0].tenant = "acme"
    send.put(message)
    result = next_of(received, "results").results[0]
    assert result.output.string_value == "acme"
    acknowledge(send, result)
    worker.stop()


@pytest.mark.parametrize("agent, attempt, reason, retryable", [
    ("fail", 1, "NOT_NOW", False), ("fail", 2, "AGENT_EXCEPTION", True),
    ("odd", 1, "AGENT_EXCEPTION", True), ("nobody", 1, "AGENT_UNKNOWN", True)])
def test_failures_carry_reason(coordinator, worker, agent, attempt, reason, retryable):
    worker.start()
    received, send, _ = open_stream(coordinator)
    send.put(task(agent=agent, attempt=attempt))
    failure = next_of(received, "results").results[0].failure
    assert (failure.reason, failure.retryable) == (reason, retryable)


def test_results_are_sent_again_after_a_broken_stream_until_acknowledged(coordinator, worker):
    worker.start()
    received, send, _ = open_stream(coordinator)
    send.put(task())
    first = next_of(received, "results").results[0]
    send.put(None)
    received, send, _ = open_stream(coordinator)
    again = next_of(received, "results").results[0]
    assert again == first
    assert next_of(received, "credit").tasks == 2
    acknowledge(send, again)
    send.put(task(number=2))
    acknowledge(send, next_of(received, "results").results[0])
    send.put(None)
    received, *_ = open_stream(coordinator)
    assert received.get(timeout=WAIT_S).WhichOneof("body") == "credit"


def test_a_task_delivered_twice_is_done_once(coordinator, worker):
    calls = []
    gate = threading.Event()

    @worker.agent("slow")
    def slow(input):
        calls.append(input)
        gate.wait(WAIT_S)
        return 1

    worker.start()
    received, send, _ = open_stream(coordinator)
    send.put(task(agent="slow"))
    send.put(task(agent="slow"))
    send.put(None)
    received, send, hello = open_stream(coordinator)
    assert [(ref.task_id, ref.attempt) for ref in hello.held] == [("t1", 1)]
    gate.set()
    next_of(received, "results")
    assert len(calls) == 1


def test_cancel_reaches_the_agent(coordinator, worker):
    started = threading.Event()

    @worker.agent("loop")
    def loop(input, task):
        started.set()
        while True:
            task.check_canceled()

    worker.start()
    received, send, _ = open_stream(coordinator)
    send.put(task(agent="loop"))
    assert started.wait(WAIT_S)
    send.put(pb.CoordinatorMessage(cancel=pb.TaskCancel(
        tasks=[pb.TaskRef(task_id="t1", attempt=1)], reason="EXECUTION_CANCELED")))
    assert next_of(received, "results").results[0].failure.reason == "TASK_CANCELED"


def watched(timeout_ms, **fields):
    message = task(**fields)
    message.tasks.tasks[0].heartbeat_timeout.FromMilliseconds(timeout_ms)
    return message


def test_a_handler_says_that_it_lives_as_often_as_its_timeout_wants(coordinator, worker):
    silent, done = threading.Event(), threading.Event()

    @worker.agent("long")
    def long(input, task):
        assert task.heartbeat_timeout_s == 0.3
        while not silent.is_set():
            task.heartbeat()
            silent.wait(0.01)
        done.wait(WAIT_S)
        return 1

    worker.start()
    received, send, _ = open_stream(coordinator)  # whose interval is five seconds
    send.put(watched(300, agent="long"))
    for _ in range(3):
        while not (beat := next_of(received, "heartbeat")).alive:
            pass
        assert [(ref.task_id, ref.attempt) for ref in beat.alive] == [("t1", 1)]
    silent.set()
    next_of(received, "heartbeat")  # may still name what was said before
    beat = next_of(received, "heartbeat")
    assert [ref.task_id for ref in beat.held] == ["t1"] and not beat.alive
    done.set()
    worker.stop()


def test_a_heartbeat_of_a_task_that_was_taken_away_ends_the_handler(coordinator, worker):
    started = threading.Event()

    @worker.agent("loop")
    def loop(input, task):
        started.set()
        while True:
            task.heartbeat()

    worker.start()
    received, send, _ = open_stream(coordinator)
    send.put(task(agent="loop"))
    assert started.wait(WAIT_S)
    send.put(pb.CoordinatorMessage(cancel=pb.TaskCancel(
        tasks=[pb.TaskRef(task_id="t1", attempt=1)], reason="HEARTBEAT_TIMEOUT")))
    assert next_of(received, "results").results[0].failure.reason == "TASK_CANCELED"


def test_a_new_coordinator_hears_the_token_and_the_timeout_of_what_is_held(coordinator, worker):
    gate = threading.Event()
    worker.agent("held")(lambda _input: gate.wait(WAIT_S))
    worker.start()
    received, send, _ = open_stream(coordinator)
    send.put(watched(20_000, agent="held"))
    while not next_of(received, "heartbeat").held:
        pass
    send.put(None)
    _, _, hello = open_stream(coordinator)
    [held] = hello.held
    assert (held.task_id, held.token, held.heartbeat_timeout.ToMilliseconds()) == (
        "t1", b"k", 20_000)
    gate.set()


def test_drain_finishes_what_is_held_then_ends(coordinator, worker):
    gate = threading.Event()

    @worker.agent("held")
    def held(input):
        gate.wait(WAIT_S)
        return 1

    running = threading.Thread(target=worker.run)
    running.start()
    received, send, _ = open_stream(coordinator)
    send.put(task(agent="held"))
    send.put(task(number=2))
    acknowledge(send, next_of(received, "results").results[0])
    worker.stop()
    next_of(received, "drain")
    assert running.is_alive()
    gate.set()
    acknowledge(send, next_of(received, "results").results[0])
    running.join(WAIT_S)
    assert not running.is_alive()


def test_a_refused_credential_ends_the_worker(coordinator, worker):
    coordinator.refuse = grpc.StatusCode.UNAUTHENTICATED
    with pytest.raises(PermissionError):
        worker.run()


def test_a_worker_without_agents_says_so(coordinator):
    with pytest.raises(ValueError, match="register an agent"):
        agentflow.Worker("http://x", coordinator.address, "k").start()
