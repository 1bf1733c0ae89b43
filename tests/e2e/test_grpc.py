"""The same platform by public gRPC: same rules, same values, same errors."""

import uuid
from pathlib import Path

import grpc
import grpc_tools
import pytest
from conftest import ROOT, publish
from google.api import annotations_pb2
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from grpc_tools import protoc
from desk import eventually
from test_control import APPROVAL, SIGNAL
from test_executions import CHAIN
from test_repair import GUARDED, order

VALUES = [None, True, 0, 1, -3, 1.5, 2**53, "text", [], {}, [1, [2.5, {"a": None}]]]
ECHO = """
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: NAME}
nodes: {a: {type: data.transform@1, with: {value: "=inputs.value"}}}
outputs: {value: "=nodes.a.output"}
edges: [start -> a]
"""


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    """The public protos, compiled for this test."""
    out = tmp_path_factory.mktemp("protos")
    google = Path(annotations_pb2.__file__).parents[2]
    code = protoc.main(["", f"-I{ROOT / 'proto'}", f"-I{google}",
                        f"-I{Path(grpc_tools.__file__).parent / '_proto'}",
                        f"--descriptor_set_out={out / 'set'}", "--include_imports",
                        "agentflow/api/v1/execution.proto", "agentflow/api/v1/workflow.proto",
                        "agentflow/api/v1/expression.proto", "agentflow/api/v1/approval.proto",
                        "agentflow/api/v1/migration.proto"])
    assert code == 0
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString((out / "set").read_bytes()).file:
        pool.AddSerializedFile(file.SerializeToString())

    def message(name):
        return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"agentflow.api.v1.{name}"))
    return message


@pytest.fixture(scope="module")
def call(stack, api):
    made = stack.credentials()
    with grpc.insecure_channel(made["grpc"]) as channel:
        def invoke(method, request, answer, key=made["api_key"]):
            stub = channel.unary_unary(f"/agentflow.api.v1.{method}",
                                       request_serializer=lambda m: m.SerializeToString(),
                                       response_deserializer=api(answer).FromString)
            metadata = [("authorization", f"Bearer {key}")] if key else []
            return stub(request, metadata=metadata, timeout=20)
        yield invoke


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_value_is_the_same_over_rest_and_grpc(client, call, api, value):
    name = publish(client, ECHO)
    by_rest = client.executions.run(name, {"value": value})
    request = api("StartExecutionRequest")(workflow=name, request_id=str(uuid.uuid4()))
    json_format.ParseDict({"value": value}, request.input.struct_value)
    started = call("ExecutionService/StartExecution", request, "Execution")
    by_grpc = client.executions.wait(started.name).output
    assert by_grpc == by_rest == {"value": value}
    assert type(by_grpc["value"]) is type(by_rest["value"]) is type(value)


@pytest.mark.parametrize("key, code", [(None, grpc.StatusCode.UNAUTHENTICATED),
                                       ("nonsense", grpc.StatusCode.UNAUTHENTICATED)])
def test_grpc_needs_a_credential(call, api, key, code):
    with pytest.raises(grpc.RpcError) as caught:
        call("WorkflowService/ListWorkflows", api("ListWorkflowsRequest")(),
             "ListWorkflowsResponse", key=key)
    assert caught.value.code() == code


def test_an_error_carries_its_reason(client, call, api):
    with pytest.raises(grpc.RpcError) as caught:
        call("WorkflowService/GetWorkflow", api("GetWorkflowRequest")(name="workflows/none"),
             "Workflow")
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND
    details = dict(caught.value.trailing_metadata())["grpc-status-details-bin"]
    assert b"WORKFLOW_NOT_FOUND" in details and b"agentflow" in details


def test_internal_methods_cannot_be_reached(stack, call, api):
    made = stack.credentials()
    with grpc.insecure_channel(made["grpc"]) as channel:
        stub = channel.unary_unary("/agentflow.internal.tenant.v1.IdentityService/Authenticate")
        with pytest.raises(grpc.RpcError) as caught:
            stub(b"", metadata=[("authorization", f"Bearer {made['api_key']}")], timeout=20)
    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_started_by_grpc_is_seen_by_rest(client, call, api):
    name = publish(client, CHAIN)
    request = api("StartExecutionRequest")(workflow=name)
    json_format.ParseDict({"n": 4}, request.input.struct_value)
    started = call("ExecutionService/StartExecution", request, "Execution")
    assert client.executions.wait(started.name).output["sum"] == 13


def test_an_execution_is_paused_resumed_signalled_and_canceled(client, call, api):
    name = client.executions.start(publish(client, SIGNAL)).name

    def act(verb, **fields):
        return call(f"ExecutionService/{verb}Execution",
                    api(f"{verb}ExecutionRequest")(name=name, **fields), "Execution")
    State = api("Execution").State
    assert act("Pause", cause="lunch").state == State.Value("PAUSED")
    with pytest.raises(grpc.RpcError) as caught:
        act("Pause")
    assert caught.value.code() == grpc.StatusCode.FAILED_PRECONDITION
    act("Resume")
    request = api("SignalExecutionRequest")(name=name, signal="paid", request_id="one")
    json_format.ParseDict({"amount": 3}, request.payload.struct_value)
    call("ExecutionService/SignalExecution", request, "Execution")
    assert client.executions.wait(name).output == {"amount": 3}
    with pytest.raises(grpc.RpcError) as caught:
        act("Cancel", cause="too late")
    assert caught.value.code() == grpc.StatusCode.FAILED_PRECONDITION


def test_approvals_are_listed_and_decided(client, call, api):
    name = client.executions.start(publish(client, APPROVAL.replace("BY", "role:admin"))).name
    listing = api("ListApprovalsRequest")(filter=f'execution = "{name}"')
    approvals = eventually(lambda: call("ApprovalService/ListApprovals", listing,
                                        "ListApprovalsResponse").approvals)
    request = api("ApproveRequest")(name=approvals[0].name, comment="fine")
    json_format.ParseDict({"n": 5}, request.values.struct_value)
    decided = call("ApprovalService/Approve", request, "Approval")
    assert decided.state == api("Approval").State.Value("APPROVED")
    assert client.executions.wait(name).output == {"decision": "approved", "n": 5}


def test_what_failed_is_retried_and_forked(client, call, api):
    failed = client.executions.wait(
        client.executions.start(publish(client, GUARDED), {"limit": 9}).name, check=False).name
    retried = call("ExecutionService/RetryExecution", api("RetryExecutionRequest")(name=failed),
                   "Execution")
    assert client.executions.wait(retried.name, check=False).error.reason == "TOO_FEW_ROWS"
    rows = call("ExecutionService/ListCheckpoints", api("ListCheckpointsRequest")(parent=failed),
                "ListCheckpointsResponse").checkpoints
    request = api("ForkExecutionRequest")(name=failed, checkpoint=rows[0].sequence)
    json_format.ParseDict({"limit": 1}, request.input.struct_value)
    forked = call("ExecutionService/ForkExecution", request, "Execution")
    assert forked.origin.sequence == rows[0].sequence
    assert client.executions.wait(forked.name).output == {"rows": 3, "kept": "kept 3"}


def test_many_are_started_and_moved(client, call, api):
    workflow = publish(client, order("pay", "'old'"))
    start = api("StartExecutionRequest")
    started = call("ExecutionService/BatchStartExecutions",
                   api("BatchStartExecutionsRequest")(
                       workflow=workflow, requests=[start(workflow=workflow) for _ in range(3)]),
                   "BatchStartExecutionsResponse")
    names = [result.execution.name for result in started.results]
    assert len(set(names)) == 3
    client.workflows.apply(order("collect", "'new'").replace("NAME", workflow[10:]))
    migration = api("Migration")(from_version=1, to_version=2, mapping={"pay": "collect"})
    made = call("MigrationService/CreateMigration",
                api("CreateMigrationRequest")(parent=workflow, migration=migration), "Migration")
    done = api("Migration").State.Value("DONE")

    def ended():
        found = call("MigrationService/GetMigration", api("GetMigrationRequest")(name=made.name),
                     "Migration")
        return found if found.state == done else None
    moved = eventually(ended)
    assert (moved.migrated_count, moved.refused_count) == (3, 0)
    assert {client.executions.get_execution(name=name).version for name in names} == {2}
