"""AgentFlow for Python: run workflows, watch them, and write agents that do their tasks."""

from ._api import (Agent, ApiKey, Approval, AuditEvent, BatchStartResult, Checkpoint, Execution,
                   ExecutionError, ExecutionEvent, Migration, NodeType, Problem, Schedule,
                   StartExecutionRequest, Step, StepDecision, Tenant, User, Workflow,
                   WorkflowStats, WorkflowVersion)
from .client import Client
from .errors import (AgentFlowError, ConflictError, ExecutionFailedError, FailedPreconditionError,
                     InvalidArgumentError, NotFoundError, PayloadTooLargeError,
                     PermissionDeniedError,
                     RateLimitedError, TaskCanceled, TaskError, UnauthenticatedError,
                     UnavailableError)
from .worker import Task, Worker

__version__ = "0.1.0"

__all__ = [
    "Agent", "AgentFlowError", "ApiKey", "Approval", "AuditEvent", "BatchStartResult",
    "Checkpoint", "Client", "ConflictError", "Execution", "ExecutionError", "ExecutionEvent",
    "ExecutionFailedError", "FailedPreconditionError", "InvalidArgumentError", "Migration",
    "NodeType", "NotFoundError", "PayloadTooLargeError", "PermissionDeniedError", "Problem",
    "RateLimitedError", "Schedule", "StartExecutionRequest", "Step", "StepDecision", "Task",
    "TaskCanceled", "TaskError", "Tenant", "UnauthenticatedError", "UnavailableError", "User",
    "Worker", "Workflow", "WorkflowStats", "WorkflowVersion",
]
