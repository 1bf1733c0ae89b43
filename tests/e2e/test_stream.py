"""Changes as they happen, over the WebSocket."""

import json
import threading

import agentflow
import pytest
from conftest import publish
from test_executions import WAIT, agent_workflow
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect


def open_stream(stack, **options):
    made = stack.credentials()
    return connect(made["url"].replace("http", "ws") + "/v1/stream",
                   additional_headers={"Authorization": f"Bearer {made['api_key']}"}, **options)


def send(socket, **frame):
    socket.send(json.dumps(frame))


def receive(socket):
    return json.loads(socket.recv(timeout=20))


def test_an_execution_is_seen_from_start_to_end(stack, client, workers):
    gate = threading.Event()

    def gated(input):
        gate.wait(20)
        return input

    workers.start(gated=gated)
    execution = client.executions.start(agent_workflow(client, "gated"), {"n": 1},
                                        business_key="seen 1")
    seen = []
    with open_stream(stack) as socket:
        send(socket, subscribe={"id": "s", "topic": execution.name})
        assert "subscribed" in receive(socket)
        gate.set()
        while not seen or seen[-1] != ("execution", "COMPLETED"):
            event = receive(socket)["event"]
            kind = "execution" if "execution" in event else "step"
            assert kind == "step" or event[kind]["businessKey"] == "seen 1"
            seen.append((kind, event[kind]["state"]))
    assert ("step", "COMPLETED") in seen


def test_the_sdk_watches_to_the_end(client, workers):
    workers.start(watched=lambda input: input)
    execution = client.executions.start(agent_workflow(client, "watched"), {"n": 1})
    changes = list(client.executions.watch(execution.name))
    assert isinstance(changes[-1], agentflow.Execution) and changes[-1].state == "COMPLETED"


def test_a_broken_connection_resumes_without_a_gap(stack, client):
    name = publish(client, WAIT.replace("DURATION", "1s"))
    with open_stream(stack) as socket:
        send(socket, subscribe={"id": "s", "topic": "executions"})
        position = receive(socket)["subscribed"]["position"]
    execution = client.executions.start(name).name
    client.executions.wait(execution)
    states = []
    with open_stream(stack) as socket:
        send(socket, subscribe={"id": "s", "topic": "executions", "position": position})
        while "COMPLETED" not in states:
            frame = receive(socket)
            assert "reset" not in frame
            if frame.get("event", {}).get("execution", {}).get("name") == execution:
                states.append(frame["event"]["execution"]["state"])
    assert states[0] in ("RUNNING", "WAITING") and states[-1] == "COMPLETED"


@pytest.mark.parametrize("frame, reason", [
    ({"subscribe": {"id": "x", "topic": "secrets"}}, "TOPIC_UNKNOWN"),
    ({"subscribe": {"id": "", "topic": "executions"}}, "FIELD_INVALID"),
    ({}, "FRAME_EMPTY"),
])
def test_a_bad_frame_is_answered(stack, frame, reason):
    with open_stream(stack) as socket:
        send(socket, **frame)
        assert receive(socket)["failed"]["reason"] == reason


def test_an_old_position_is_reset(stack):
    with open_stream(stack) as socket:
        send(socket, subscribe={"id": "s", "topic": "executions", "position": "other-7"})
        assert receive(socket)["reset"]["position"]


def test_another_tenants_executions_are_not_seen(stack, client, other_tenant):
    key = other_tenant.ok("POST", "/v1/apiKeys", {"title": "s", "roles": ["viewer"]})["secret"]
    execution = client.executions.start(publish(client, WAIT.replace("DURATION", "300ms"))).name
    with connect(stack.url.replace("http", "ws") + "/v1/stream",
                 additional_headers={"Authorization": f"Bearer {key}"}) as socket:
        send(socket, subscribe={"id": "one", "topic": execution})
        send(socket, subscribe={"id": "all", "topic": "executions"})
        assert "subscribed" in receive(socket) and "subscribed" in receive(socket)
        client.executions.wait(execution)
        send(socket, ping={})
        assert "pong" in receive(socket)


def test_a_stream_needs_a_credential(stack):
    with pytest.raises(InvalidStatus) as caught:
        connect(stack.url.replace("http", "ws") + "/v1/stream")
    assert caught.value.response.status_code == 401
