"""Workers that serve every tenant."""

import threading
import time

import agentflow
import pytest
from conftest import Http

SOURCE = """
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: for-everybody}
nodes:
  a: {type: ai.agent@1, with: {agent: everybody, input: 1}}
edges: [start -> a]
outputs: {whose: =nodes.a.output}
"""


def key_of(rest, *roles):
    return rest.ok("POST", "/v1/apiKeys", {"title": "worker", "roles": list(roles)})["secret"]


@pytest.fixture(scope="module")
def guest(stack, rest):
    """REST as the administrator of a tenant that only this file uses."""
    login = {"email": "guest@example.com", "password": "correct horse battery"}
    rest.ok("POST", "/v1/tenants", {"tenantId": "guest", "adminEmail": login["email"],
                                    "adminPassword": login["password"]})
    tokens = Http(stack.url, None).ok("POST", "/v1/auth/login", {**login, "tenant": "guest"})
    return Http(stack.url, tokens["accessToken"])


@pytest.fixture
def shared_worker(stack, rest):
    made = stack.credentials()
    worker = agentflow.Worker(made["url"], made["grpc"], key_of(rest, "platform-worker"),
                              capacity=4, shared=True)

    @worker.agent("everybody")
    def everybody(_input, task):
        return task.tenant

    thread = threading.Thread(target=worker.run, daemon=True)
    thread.start()
    yield worker
    worker.stop()
    thread.join(20)


def run(rest):
    rest.ok("POST", "/v1/workflows?workflowId=for-everybody", {"source": SOURCE})
    rest.ok("POST", "/v1/workflows/for-everybody:publish", {})
    name = rest.ok("POST", "/v1/workflows/for-everybody:start", {})["name"]
    deadline = time.monotonic() + 30
    while True:
        execution = rest.ok("GET", f"/v1/{name}")
        if execution["state"] == "COMPLETED" or time.monotonic() > deadline:
            return execution
        time.sleep(0.05)


def test_each_tenants_tasks_are_done_and_say_whose_they_are(
        stack, rest, guest, shared_worker):
    assert run(rest)["output"] == {"whose": stack.credentials()["tenant"]}
    assert run(guest)["output"] == {"whose": "guest"}


def test_a_tenants_administrator_cannot_make_such_a_key(guest):
    status, problem = guest("POST", "/v1/apiKeys",
                                   {"title": "spy", "roles": ["platform-worker"]})
    assert (status, problem["reason"]) == (403, "ROLE_NOT_GRANTABLE")


def test_an_ordinary_worker_may_not_serve_all(stack, guest):
    made = stack.credentials()
    worker = agentflow.Worker(made["url"], made["grpc"], key_of(guest, "worker"),
                              shared=True)
    worker.agent("everybody")(lambda _input: None)
    with pytest.raises(PermissionError, match="tenants.work"):
        worker.run()
