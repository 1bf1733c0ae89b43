"""One real stack for all tests of this folder: every service, PostgreSQL, Redis, mTLS."""

import json
import os
import shutil
import subprocess
import sys
import threading
import uuid
from pathlib import Path

import agentflow
import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

from devtool import example, paths  # noqa: E402
from devtool.process import Process  # noqa: E402
from devtool.stack import Stack  # noqa: E402

from desk import Desk, Run  # noqa: E402

STATE = paths.TOOLS / "test" / "e2e-stack"
PATTERNS = ROOT / "docs" / "examples" / "patterns"


def start_stack(state: Path, **options) -> Stack:
    """A stack that starts from nothing."""
    if (state / "ports.json").exists():
        Stack(state).down()
    data = state / "postgres"
    shutil.rmtree(state, ignore_errors=True)
    shutil.rmtree(data, ignore_errors=True)
    stack = Stack(state, any_ports=True, **options)
    if stack.postgres.data.exists():
        shutil.rmtree(stack.postgres.data)
    stack.up()
    example.link_cli(stack)
    return stack


@pytest.fixture(scope="session")
def stack():
    # Leases short enough for tests that kill processes.
    made = start_stack(STATE, overrides={
        "coordinator": {"worker.reconnect_grace": "1s", "worker.lease": "4s",
                        "worker.heartbeat_interval": "500ms"},
        "executor": {"task.lease": "4s", "task.heartbeat": "500ms", "encryption.check": "1s"},
    })
    yield made
    made.down()


@pytest.fixture(scope="session")
def client(stack):
    made = stack.credentials()
    with agentflow.Client(made["url"], made["api_key"]) as client:
        yield client


class Http:
    """REST with one credential; gives (status, body)."""

    def __init__(self, url: str, credential: str | None):
        headers = {"Authorization": f"Bearer {credential}"} if credential else {}
        self.client = httpx.Client(base_url=url, headers=headers, timeout=30)

    def __call__(self, method: str, path: str, body=None, **kwargs):
        response = self.client.request(method, path, json=body, **kwargs)
        try:
            return response.status_code, response.json()
        except ValueError:
            return response.status_code, response.text

    def ok(self, method: str, path: str, body=None, **kwargs):
        status, answer = self(method, path, body, **kwargs)
        assert status == 200, (method, path, status, answer)
        return answer


@pytest.fixture(scope="session")
def rest(stack):
    made = stack.credentials()
    return Http(made["url"], made["api_key"])


@pytest.fixture(scope="session")
def other_tenant(stack, rest):
    """REST as the administrator of a second tenant."""
    password = "correct horse battery"
    rest.ok("POST", "/v1/tenants", {"tenantId": "rival", "adminEmail": "rival@example.com",
                                    "adminPassword": password})
    tokens = Http(stack.url, None).ok("POST", "/v1/auth/login", {
        "email": "rival@example.com", "password": password, "tenant": "rival"})
    return Http(stack.url, tokens["accessToken"])


@pytest.fixture
def cli(stack):
    def run(*arguments: str, stdin: str | None = None):
        return subprocess.run([stack.state / "bin" / "agentflow", *arguments], input=stdin,
                              env={**os.environ, **example.environment(stack)},
                              capture_output=True, text=True, check=False, timeout=120)
    return run


@pytest.fixture(scope="session")
def board(stack):
    """The example with its agents."""
    example.start_agents(stack)
    example.apply(stack)


def publish(client, source: str) -> str:
    """Stores and publishes a workflow under a name of its own; gives workflows/{id}."""
    name = f"t-{uuid.uuid4().hex[:12]}"
    document = source.replace("NAME", name)
    client.workflows.apply(document)
    return f"workflows/{name}"


class Workers:
    """Agents of a test, in threads of this process."""

    def __init__(self, stack):
        made = stack.credentials()
        self._settings = (made["url"], made["grpc"], made["api_key"])
        self._running = []

    def start(self, capacity: int = 16, inline_bytes: int = 256 * 1024, **functions):
        worker = agentflow.Worker(*self._settings, capacity=capacity, inline_bytes=inline_bytes)
        for name, function in functions.items():
            worker.agent(name)(function)
        thread = threading.Thread(target=worker.run, daemon=True)
        thread.start()
        self._running.append((worker, thread))
        return worker

    def stop(self):
        for worker, thread in self._running:
            worker.stop()
        for worker, thread in self._running:
            thread.join(20)


@pytest.fixture
def workers(stack):
    made = Workers(stack)
    yield made
    made.stop()


@pytest.fixture(scope="session")
def published(client):
    """Publishes an example of docs/examples/patterns, once; gives workflows/{id}."""
    done = set()

    def publish(name: str) -> str:
        if name not in done:
            client.workflows.apply(PATTERNS / f"{name}.yaml")
            done.add(name)
        return f"workflows/{name}"
    return publish


@pytest.fixture
def run(client, published):
    """Starts an example of docs/examples/patterns."""
    return lambda name, input=None: Run(client, published(name), input)


@pytest.fixture
def desk(workers):
    """Opens a desk for some agents."""
    opened = []

    def open_desk(*agents: str) -> Desk:
        opened.append(Desk(workers, *agents))
        return opened[-1]
    yield open_desk
    for one in opened:
        one.close()


def worker_process(stack, name: str, script: str) -> Process:
    """A worker as a process of its own, which a test can kill."""
    process = Process(stack.state, name)
    process.start([sys.executable, "-c", script], env=example.environment(stack))
    return process


def jsonable(value) -> str:
    return json.dumps(value, sort_keys=True)
