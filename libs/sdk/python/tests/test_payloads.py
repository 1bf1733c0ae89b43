"""What is large travels by reference."""

import base64
import json

import agentflow
import pytest
from agentflow.payloads import byte_size, by_reference
from conftest import task
from test_worker import acknowledge, next_of, open_stream

LARGE = "x" * 300_000
NAME = "payloads/" + "a" * 64


@pytest.fixture
def client(api):
    with agentflow.Client(api.url, "af_key") as client:
        yield client


def reference(size=1):
    return {"$payload": NAME, "size": size, "contentType": "application/json"}


def stored(content, kind="application/json"):
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    return 200, {"name": NAME, "contentType": kind, "data": base64.b64encode(data).decode()}


@pytest.mark.parametrize("value, size", [
    (None, 24), (7, 24), ("ä", 26), ([1, 2], 72), ({"key": "v"}, 52), ({}, 24)])
def test_sizes_are_counted_as_the_platform_counts(value, size):
    assert byte_size(value) == size


@pytest.mark.parametrize("value, uploaded", [
    ({"a": "small"}, []),
    (LARGE, ["input"]),
    ([LARGE], ["input"]),
    ({"a": LARGE, "b": 1}, ["input.a"]),
    ({"a": "x" * 200_000, "b": "y" * 210_000}, ["input.b"]),
    ({"a": LARGE, "b": LARGE + "y"}, ["input.b", "input.a"]),
    ({f"k{i}": i for i in range(20_000)}, ["input"]),
], ids=["small", "text", "list", "member", "largest", "both", "many"])
def test_the_largest_members_go_first_else_the_whole(value, uploaded):
    names = {id(item): f"input.{key}" for key, item in value.items()} \
        if isinstance(value, dict) else {}
    seen = []

    def put(content):
        seen.append(names.get(id(content), "input"))
        return reference(300_000)

    shrunk = by_reference(value, "input", 262_144, put)
    assert seen == uploaded
    assert byte_size(shrunk) <= 262_144
    if not uploaded:
        assert shrunk is value


def test_a_large_input_is_uploaded_before_the_start(api, client):
    api.answers = [(200, {"name": NAME}), (200, {"name": "executions/1"})]
    client.executions.start("flow", {"text": LARGE, "n": 1})
    upload, start = api.requests
    assert upload[:2] == ("POST", "/v1/payloads")
    assert upload[2]["contentType"] == "application/json"
    assert json.loads(base64.b64decode(upload[2]["data"])) == LARGE
    assert start[2]["input"] == {"text": reference(300_002), "n": 1}


def test_an_upload_is_repeated_after_a_loss(api, client):
    api.answers = [(503, {}), (200, {"name": NAME})]
    assert client.payloads.put({"a": 1}) == reference(7)


def test_content_comes_back_as_what_it_is(api, client):
    api.answers = [stored({"a": [1]}), stored("hä".encode(), "text/plain"),
                   stored(b"\xff", "image/png")]
    assert client.payloads.get(reference()) == {"a": [1]}
    assert client.payloads.get(NAME) == "hä"
    assert client.payloads.get(NAME.removeprefix("payloads/")) == b"\xff"
    assert {request[1] for request in api.requests} == {"/v1/" + NAME}


def test_too_large_a_field_is_named(api, client):
    api.answers = [(400, {"title": "INVALID_ARGUMENT", "reason": "PAYLOAD_TOO_LARGE",
                          "detail": "at most 8388608"})]
    with pytest.raises(agentflow.PayloadTooLargeError, match="input.text.*8388608") as caught:
        client.executions.start("flow", {"text": LARGE})
    assert caught.value.metadata["field"] == "input.text" and len(api.requests) == 1
    api.answers = [(413, {"title": "INVALID_ARGUMENT", "reason": "BODY_TOO_LARGE"})]
    with pytest.raises(agentflow.PayloadTooLargeError, match="input"):
        client.executions.start("flow", LARGE)


@pytest.fixture
def worker(api, coordinator):
    made = agentflow.Worker(api.url, coordinator.address, "af_key")
    made.agent("echo")(lambda input: {"length": len(input["text"]), "text": input["text"]})
    made.start()
    yield made
    made.stop()


def ask(coordinator, text):
    received, send, _ = open_stream(coordinator)
    message = task(agent="echo")
    message.tasks.tasks[0].input.struct_value.update({"text": text})
    send.put(message)
    result = next_of(received, "results").results[0]
    acknowledge(send, result)
    return result


def test_an_agent_gets_the_content_and_its_large_output_is_uploaded(api, coordinator, worker):
    api.answers = [stored(LARGE), (200, {"name": NAME})]
    output = ask(coordinator, reference()).output.struct_value
    assert output["length"] == 300_000
    assert output["text"]["$payload"] == NAME and output["text"]["size"] == 300_002
    assert [request[0] for request in api.requests] == ["GET", "POST"]


def test_too_large_an_output_fails_the_task_for_good(api, coordinator, worker):
    api.answers = [stored(LARGE), (400, {"title": "INVALID_ARGUMENT", "detail": "at most 8388608",
                                         "reason": "PAYLOAD_TOO_LARGE"})]
    failure = ask(coordinator, reference()).failure
    assert failure.reason == "OUTPUT_TOO_LARGE" and not failure.retryable
    assert "output.text" in failure.message and "8388608" in failure.message


def test_content_that_is_gone_fails_the_task(api, coordinator, worker):
    api.answers = [(404, {"title": "NOT_FOUND", "reason": "PAYLOAD_NOT_FOUND", "detail": "gone"})]
    failure = ask(coordinator, reference()).failure
    assert failure.reason == "AGENT_EXCEPTION" and "PAYLOAD_NOT_FOUND" in failure.message
