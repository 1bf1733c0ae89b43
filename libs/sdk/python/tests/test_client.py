"""The client against a server that plays the platform."""

from datetime import timedelta

import agentflow
import pytest
from agentflow import _api


def client(api):
    return agentflow.Client(api.url, "af_key", retries=2)


def test_paths_come_from_the_contract(api):
    with client(api) as af:
        af.workflows.get_workflow(name="review-board")
        af.executions.list_steps(parent="executions/1", page_size=5)
        af.executions.start("review-board", {"text": "x"}, request_id="r1")
        af.workflows.update_workflow(workflow=_api.Workflow(name="workflows/a", title="T"))
        af.workflows.get_workflow_version(name="workflows/a/versions/2")
    assert [(verb, path, body) for verb, path, body, _ in api.requests] == [
        ("GET", "/v1/workflows/review-board", None),
        ("GET", "/v1/executions/1/steps?pageSize=5", None),
        ("POST", "/v1/workflows/review-board:start", {"input": {"text": "x"}, "requestId": "r1"}),
        ("PATCH", "/v1/workflows/a", {"name": "workflows/a", "title": "T"}),
        ("GET", "/v1/workflows/a/versions/2", None),
    ]
    assert all(headers["Authorization"] == "Bearer af_key" for *_, headers in api.requests)


def test_commands_always_carry_a_request_id_of_their_own(api):
    with client(api) as af:
        af.executions.start("w")
        af.executions.start("w")
        af.executions.pause_execution(name="executions/1")
        af.executions.resume_execution(name="executions/1")
    ids = {body["requestId"] for _, _, body, _ in api.requests}
    assert len(ids) == 4 and all(ids)


def test_a_command_keeps_its_request_id_when_it_is_repeated(api):
    api.answers = [(503, {}), (200, {"name": "executions/1"})]
    with client(api) as af:
        af.executions.pause_execution(name="executions/1")
    first, second = (body["requestId"] for _, _, body, _ in api.requests)
    assert first == second


def test_what_its_proto_calls_idempotent_is_repeated(api):
    api.answers = [(503, {}), (200, {"name": "executions/1"})]
    with client(api) as af:
        af.executions.cancel_execution(name="executions/1", cause="enough")
    assert len(api.requests) == 2


@pytest.mark.parametrize("status, code, kind", [
    (400, "INVALID_ARGUMENT", agentflow.InvalidArgumentError),
    (400, "FAILED_PRECONDITION", agentflow.FailedPreconditionError),
    (401, "UNAUTHENTICATED", agentflow.UnauthenticatedError),
    (403, "PERMISSION_DENIED", agentflow.PermissionDeniedError),
    (404, "NOT_FOUND", agentflow.NotFoundError),
    (409, "ALREADY_EXISTS", agentflow.ConflictError),
    (500, "INTERNAL", agentflow.AgentFlowError),
])
def test_problems_become_exceptions(api, status, code, kind):
    api.answers = [(status, {"title": code, "detail": "d", "reason": "SOME_REASON",
                             "field": "a.b", "requestId": "r"})]
    with client(api) as af, pytest.raises(kind) as caught:
        af.executions.get_execution(name="x")
    error = caught.value
    assert (error.reason, error.message, error.status) == ("SOME_REASON", "d", status)
    assert error.metadata["field"] == "a.b" and error.request_id == "r"


def test_safe_calls_are_repeated_and_others_are_not(api):
    api.answers = [(503, {}), (502, {}), (200, {"name": "executions/1"})]
    with client(api) as af:
        assert af.executions.get_execution(name="1").name == "executions/1"
        api.answers = [(502, {})]
        with pytest.raises(agentflow.UnavailableError):
            af.workflows.publish_workflow(name="w")
        # A 503 may be a call whose answer was lost; a 429 was refused before it began.
        api.answers = [(503, {"reason": "PEER_UNAVAILABLE"})]
        with pytest.raises(agentflow.UnavailableError) as caught:
            af.workflows.publish_workflow(name="w")
        assert caught.value.reason == "PEER_UNAVAILABLE"
        api.answers = [(429, {}), (200, {})]
        af.workflows.publish_workflow(name="w")
        api.answers = [(503, {}), (200, {"name": "executions/2"})]
        assert af.executions.start("w").name == "executions/2"
    assert len(api.requests) == 9


def test_nobody_there_is_unavailable():
    with agentflow.Client("http://127.0.0.1:1", "k", retries=0) as af:
        with pytest.raises(agentflow.UnavailableError) as caught:
            af.executions.get_execution(name="1")
    assert caught.value.reason == "UNREACHABLE"


def test_of_several_gateways_one_is_used_until_it_is_gone(api):
    with agentflow.Client(f"http://127.0.0.1:1,{api.url}/", "k", retries=1) as af:
        af.executions.get_execution(name="1")
        af.executions.get_execution(name="2")
        assert af.executions._transport.url == api.url
    assert [path for _, path, *_ in api.requests] == ["/v1/executions/1", "/v1/executions/2"]


def test_iterate_goes_through_all_pages(api):
    api.answers = [(200, {"executions": [{"name": "executions/1"}], "nextPageToken": "p"}),
                   (200, {"executions": [{"name": "executions/2"}]})]
    with client(api) as af:
        names = [e.name for e in af.executions.iterate_executions(page_size=1)]
    assert names == ["executions/1", "executions/2"]
    assert api.requests[1][1] == "/v1/executions?pageSize=1&pageToken=p"


def test_wait_returns_the_end_and_raises_for_a_bad_one(api):
    api.answers = [(200, {"state": "RUNNING"}), (200, {"state": "COMPLETED", "output": 4.0}),
                   (200, {"name": "executions/2", "state": "FAILED",
                          "error": {"reason": "BOOM", "message": "m", "node": "n"}})]
    with client(api) as af:
        output = af.executions.wait("1").output
        assert output == 4 and isinstance(output, int)
        with pytest.raises(agentflow.ExecutionFailedError) as caught:
            af.executions.wait("2")
    assert caught.value.reason == "BOOM" and caught.value.execution.error.node == "n"


def test_values_survive_the_way_there_and_back():
    step = _api.Step.from_json({"startTime": "2026-01-02T03:04:05.123456789Z", "attempt": 2,
                                "failures": [{"attempt": 1, "error": {"reason": "R"}}],
                                "future": "ignored"})
    assert step.start_time.microsecond == 123456 and step.failures[0].error.reason == "R"
    assert _api.Step.from_json(step.to_json()) == step
    stats = _api.WorkflowStats.from_json({"executionsByState": {"COMPLETED": "12"},
                                          "durationMean": "1.5s"})
    assert stats.executions_by_state == {"COMPLETED": 12}
    assert stats.duration_mean == timedelta(seconds=1.5)
    assert stats.to_json()["durationMean"] == "1.5s"


def test_settings_come_from_the_nearest_file(api, tmp_path, monkeypatch):
    for name in ("AGENTFLOW_URL", "AGENTFLOW_API_KEY", "AGENTFLOW_GRPC"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / ".agentflow").mkdir()
    (tmp_path / ".agentflow" / "credentials.json").write_text(
        f'{{"url": "{api.url}", "grpc": "h:1", "api_key": "from-file"}}')
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    with agentflow.Client() as af:
        af.auth.who_am_i()
    assert api.requests[0][3]["Authorization"] == "Bearer from-file"


def test_no_settings_say_what_to_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("AGENTFLOW_URL", "AGENTFLOW_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ValueError, match="AGENTFLOW_URL"):
        agentflow.Client()
