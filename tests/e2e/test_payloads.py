"""Large content by reference, through every door."""

import base64
import json

import agentflow
import pytest
from conftest import publish

ECHO = """
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: NAME}
inputs: {type: object}
outputs: {size: "=nodes.work.output.text.size", length: "=nodes.work.output.length",
          text: "=nodes.work.output.text"}
nodes:
  work: {type: ai.agent@1, with: {agent: AGENT, input: "=inputs"}, policy: {retry: {maxAttempts: 1}}}
edges: [start -> work]
"""
MIB = "m" * (1 << 20)


def test_content_travels_as_input_and_as_a_workers_result(client, workers):
    workers.start(doubling=lambda input: {"length": len(input["text"]), "text": input["text"] * 2})
    name = publish(client, ECHO.replace("AGENT", "doubling"))
    half = MIB[:1 << 19]
    started = client.executions.start(name, {"text": half})
    reference = started.input["text"]
    assert reference["size"] == len(half) + 2 and client.payloads.get(reference) == half
    output = client.executions.wait(started.name).output
    assert (output["length"], output["size"]) == (len(half), len(MIB) + 2), output
    assert client.payloads.resolve(output)["text"] == MIB


def test_only_what_is_too_large_is_refused_and_the_answer_names_it(client, rest, workers):
    largest = 8 << 20
    stored = client.payloads.put(b"\0" * largest)
    assert client.payloads.get(stored) == b"\0" * largest
    for size in (largest + 1, largest + (1 << 20) - 1000):
        status, problem = rest("POST", "/v1/payloads", {
            "data": base64.b64encode(b"\0" * size).decode()})
        assert (status, problem["reason"]) == (400, "PAYLOAD_TOO_LARGE"), problem
        assert problem["field"] == "payload.data" and problem["limit"] == "payload.bytes"
        assert str(size) in problem["detail"] and str(largest) in problem["detail"]
    status, problem = rest("POST", "/v1/payloads", {"data": "A" * (13 << 20)})
    assert (status, problem["reason"]) == (413, "BODY_TOO_LARGE"), problem
    workers.start(enormous=lambda input: {"text": "x" * (largest + 1), "length": 1})
    name = publish(client, ECHO.replace("AGENT", "enormous"))
    with pytest.raises(agentflow.PayloadTooLargeError, match="input.text"):
        client.executions.start(name, {"text": "x" * (largest + 1)})
    ended = client.executions.wait(client.executions.start(name, {"text": ""}).name, check=False)
    assert (ended.state, ended.error.reason) == ("FAILED", "OUTPUT_TOO_LARGE"), ended.error
    assert "output.text" in ended.error.message and str(largest) in ended.error.message


def test_another_tenant_learns_nothing(client, other_tenant):
    name = client.payloads.put("of the first tenant")["$payload"]
    assert client.payloads.get(name) == "of the first tenant"
    status, problem = other_tenant("GET", "/v1/" + name)
    assert (status, problem["reason"]) == (404, "PAYLOAD_NOT_FOUND")


def test_a_worker_may_use_them_and_a_viewer_read_them(stack, rest, client):
    name = client.payloads.put([1, 2])["$payload"]
    for role, creates in (("worker", True), ("viewer", False)):
        key = rest.ok("POST", "/v1/apiKeys", {"title": role, "roles": [role]})["secret"]
        with agentflow.Client(stack.url, key) as other:
            assert other.payloads.get(name) == [1, 2]
            if creates:
                assert other.payloads.put([1, 2])["$payload"] == name
            else:
                with pytest.raises(agentflow.PermissionDeniedError):
                    other.payloads.put([1, 2])


def test_the_command_line_uploads_and_downloads(cli, tmp_path, client):
    file, copy = tmp_path / "scan.bin", tmp_path / "copy.bin"
    content = bytes(range(256)) * 4096
    file.write_bytes(content)
    done = cli("payloads", "put", str(file), "--type", "image/x-scan")
    assert done.returncode == 0, done.stderr
    reference = json.loads(done.stdout)
    assert reference["size"] == len(content) and reference["contentType"] == "image/x-scan"
    assert client.payloads.get(reference) == content
    assert cli("payloads", "get", reference["$payload"], "-f", str(copy)).returncode == 0
    assert copy.read_bytes() == content
    text = json.loads(cli("payloads", "put", "-", "--type", "text/plain", stdin="hello").stdout)
    assert cli("payloads", "get", text["$payload"].removeprefix("payloads/")).stdout == "hello"
    missing = cli("payloads", "get", "0" * 64)
    assert missing.returncode == 1 and "PAYLOAD_NOT_FOUND" in missing.stderr
