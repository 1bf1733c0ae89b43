"""A second tenant calls every method with the first one's ids and learns nothing."""

import json
import re

import pytest
from conftest import ROOT, Http, publish

OPENAPI = json.loads((ROOT / "docs" / "api" / "openapi.json").read_text())
# Of the platform, not of a tenant: the same for everybody.
SHARED = {"/v1/nodeTypes/{nodeType}"}


def operations():
    """(method, path) of every operation with a name in its path, but for platform administration."""
    for path, item in OPENAPI["paths"].items():
        for method in item:
            if method in ("get", "post", "patch", "delete") and "{" in path \
                    and path not in SHARED and not path.startswith("/v1/tenants"):
                yield method.upper(), path


@pytest.fixture(scope="module")
def ids(client, rest, board):
    """A live resource of the first tenant for every path variable."""
    workflow = publish(client, """
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: NAME}
nodes:
  wait: {type: flow.wait@1, with: {duration: 1h}}
  sign: {type: flow.approval@1, with: {title: Sign}}
edges: [start -> wait, start -> sign]
""").removeprefix("workflows/")
    client.workflows.apply(rest.ok("GET", f"/v1/workflows/{workflow}:export")["source"].replace(
        "1h", "2h"))
    execution = client.executions.start(workflow, version=1).name
    [approval] = client.approvals.iterate_approvals(filter=f'execution = "{execution}"')
    migration = client.migrations.create_migration(
        parent=f"workflows/{workflow}",
        migration={"from_version": 1, "to_version": 2, "validate_only": True})
    key = rest.ok("POST", "/v1/apiKeys", {"title": "probe", "roles": ["viewer"]})
    schedule = rest.ok("POST", "/v1/schedules?scheduleId=probe", {
        "workflow": f"workflows/{workflow}", "cron": "0 0 1 1 *", "paused": True})
    payload = client.payloads.put("theirs")["$payload"]
    return {"workflow": workflow, "version": "1", "payload": payload.removeprefix("payloads/"),
            "execution": execution.removeprefix("executions/"),
            "approval": approval.name.removeprefix("approvals/"),
            "migration": migration.name.rsplit("/", 1)[1],
            "agent": "summariser", "apiKey": key["apiKey"]["name"].removeprefix("apiKeys/"),
            "user": rest.ok("GET", "/v1/users")["users"][0]["name"].removeprefix("users/"),
            "schedule": schedule["name"].removeprefix("schedules/")}


def fill(path: str, ids: dict, unknown: bool) -> str:
    def value(match):
        name = match[1]
        if unknown:
            nil = "00000000-0000-4000-8000-000000000000"
            return {"execution": nil, "approval": nil, "migration": nil, "version": "1",
                    "payload": "0" * 64}.get(
                name, "no-such-thing")
        return ids[name]
    return re.sub(r"\{(\w+)\}", value, path)


@pytest.mark.parametrize("method, path", list(operations()))
def test_another_tenants_id_is_like_an_unknown_one(method, path, ids, rest, other_tenant):
    body = {} if method in ("POST", "PATCH") else None
    foreign = other_tenant(method, fill(path, ids, unknown=False), body)
    unknown = other_tenant(method, fill(path, ids, unknown=True), body)
    assert foreign[0] == unknown[0], (foreign, unknown)
    assert foreign[0] >= 400, foreign
    assert foreign[1]["reason"] == unknown[1]["reason"], (foreign, unknown)


def test_the_first_tenants_things_are_untouched(ids, rest):
    assert rest.ok("GET", f"/v1/executions/{ids['execution']}")["state"] == "WAITING"
    assert rest.ok("GET", f"/v1/workflows/{ids['workflow']}")["latestVersion"] == 2
    assert "revokeTime" not in rest.ok("GET", f"/v1/apiKeys/{ids['apiKey']}")


def test_lists_of_a_new_tenant_are_empty(ids, other_tenant):
    for collection in ("workflows", "executions", "agents", "schedules"):
        assert other_tenant.ok("GET", f"/v1/{collection}").get(collection, []) == []


def test_a_tenants_administrator_does_not_administer_tenants(other_tenant):
    status, problem = other_tenant("GET", "/v1/tenants")
    assert (status, problem["reason"]) == (403, "PERMISSION_MISSING")


def test_every_operation_needs_a_credential(stack):
    nobody = Http(stack.url, None)
    for path, item in OPENAPI["paths"].items():
        if (path.startswith("/v1/auth/") and path != "/v1/auth/me") or path == "/v1/stream":
            continue
        for method in item:
            if method in ("get", "post", "patch", "delete"):
                status, problem = nobody(method.upper(), re.sub(r"\{\w+\}", "x", path),
                                         {} if method in ("post", "patch") else None)
                assert status == 401, (method, path, status, problem)
