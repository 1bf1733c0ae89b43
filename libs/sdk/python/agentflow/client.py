"""The client library: workflows, executions and all other resources of a tenant."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Iterator

from . import _api, _settings
from ._stream import watch_execution
from ._transport import Transport
from .errors import ExecutionFailedError
from .payloads import INLINE_BYTES, Payloads

OVER = {"COMPLETED", "FAILED", "CANCELED", "TIMED_OUT"}


class Workflows(_api.WorkflowService):
    """Drafts and versions; every call of the contract, and shorthands."""

    def apply(self, source: str | Path, *, publish: bool = True) -> _api.Workflow:
        """Creates the draft that `source` describes (YAML or JSON text, or a file), or replaces
        the one of the same name, and publishes it."""
        text = source.read_text() if isinstance(source, Path) else source
        workflow = self._import(text)
        if publish:
            self.publish_workflow(name=workflow.name, etag=workflow.etag)
            workflow = self.get_workflow(name=workflow.name)
        return workflow

    def _import(self, text: str) -> _api.Workflow:
        return self.import_workflow(source=text, replace=True).workflow


class Executions(_api.ExecutionService):
    """Runs; every call of the contract, and shorthands."""

    def __init__(self, transport: Transport, payloads: Payloads, inline_bytes: int):
        super().__init__(transport)
        self._payloads, self._inline_bytes = payloads, inline_bytes

    def start(self, workflow: str, input: Any = None, *, request_id: str | None = None,
              **options: Any) -> _api.Execution:
        """Starts an execution. Without a request_id one is made, as for every command that takes
        one, so that a retry after a lost answer cannot start it twice. What is too large of the
        input is uploaded, and a reference stands in its place (payloads.py)."""
        return self.start_execution(workflow=workflow,
                                    input=self._payloads.shrink(input, "input", self._inline_bytes),
                                    request_id=request_id, **options)

    def run(self, workflow: str, input: Any = None, *, timeout_s: float = 300,
            **options: Any) -> Any:
        """Starts an execution, waits for it and returns its output."""
        started = self.start(workflow, input, **options)
        return self.wait(started.name, timeout_s=timeout_s).output

    def wait(self, name: str, *, timeout_s: float = 300, check: bool = True) -> _api.Execution:
        """Waits until an execution is over. Raises ExecutionFailedError where it did not complete
        (unless check is False), TimeoutError when it takes too long."""
        deadline = time.monotonic() + timeout_s
        pause = 0.01
        while True:
            execution = self.get_execution(name=name)
            if execution.state in OVER:
                break
            if time.monotonic() > deadline:
                raise TimeoutError(f"{name} is still {execution.state} after {timeout_s} s")
            time.sleep(pause)
            pause = min(pause * 1.5, 1.0)
        if check and execution.state != "COMPLETED":
            raise ExecutionFailedError(execution)
        return execution

    def watch(self, name: str) -> Iterator[_api.Execution | _api.Step]:
        """The execution and its steps as they change, until it is over. Goes on by itself after
        a broken connection."""
        return watch_execution(self._transport, self, name)


class Expressions(_api.ExpressionService):
    """CEL: what is wrong with an expression, what may be written, what it gives. Offsets count
    code points, as Python does."""

    def check(self, expression: str, **where: Any) -> _api.CheckExpressionResponse:
        """Everything wrong with an expression and its type; with `cursor` what may be written
        there. `where` says where it stands: see check_expression."""
        where.setdefault("offset_unit", "CODE_POINTS")
        return self.check_expression(expression=expression, **where)

    def evaluate(self, expression: str, variables: dict[str, Any] | None = None,
                 **where: Any) -> _api.EvaluateExpressionResponse:
        """The value of an expression over sample data, or with `execution` (and `step`) over
        what is there."""
        where.setdefault("offset_unit", "CODE_POINTS")
        return self.evaluate_expression(expression=expression, variables=variables, **where)


class Client:
    """A tenant's AgentFlow.

        with agentflow.Client() as client:
            output = client.executions.run("review-board", {"text": "..."})

    Without arguments it looks at AGENTFLOW_URL and AGENTFLOW_API_KEY, then for
    .agentflow/credentials.json. `inline_bytes` is the platform's limit of one value. Thread-safe.
    """

    def __init__(self, url: str | None = None, api_key: str | None = None, *,
                 timeout_s: float = 30, retries: int = 4, inline_bytes: int = INLINE_BYTES):
        settings = _settings.load(url, None, api_key)
        self._transport = Transport(settings.url, settings.api_key, timeout_s, retries)
        self.auth = _api.AuthService(self._transport)
        self.workflows = Workflows(self._transport)
        self.payloads = Payloads(self._transport)
        self.executions = Executions(self._transport, self.payloads, inline_bytes)
        self.approvals = _api.ApprovalService(self._transport)
        self.migrations = _api.MigrationService(self._transport)
        self.expressions = Expressions(self._transport)
        self.node_types = _api.NodeTypeService(self._transport)
        self.agents = _api.AgentService(self._transport)
        self.schedules = _api.ScheduleService(self._transport)
        self.stats = _api.StatsService(self._transport)
        self.users = _api.UserService(self._transport)
        self.api_keys = _api.ApiKeyService(self._transport)
        self.audit_events = _api.AuditService(self._transport)
        self.tenants = _api.TenantService(self._transport)

    def close(self) -> None:
        self._transport.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


__all__ = ["Client", "Executions", "Expressions", "OVER", "Workflows"]
