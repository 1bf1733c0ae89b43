"""What can go wrong, one class per kind. Match on the class, or on `reason` for the exact case."""

from __future__ import annotations

from typing import Any


class AgentFlowError(Exception):
    """An error of the platform or of the way to it.

    reason: UPPER_SNAKE and stable. message: for people. metadata: the field at fault, the limit
    that was met and so on. request_id: what to tell an operator.
    """

    def __init__(self, message: str, *, reason: str = "", status: int = 0,
                 metadata: dict[str, Any] | None = None, request_id: str = ""):
        super().__init__(f"{message} [{reason}]" if reason else message)
        self.message = message
        self.reason = reason
        self.status = status
        self.metadata = metadata or {}
        self.request_id = request_id


class InvalidArgumentError(AgentFlowError):
    """The request itself is wrong; metadata["field"] says where."""


class PayloadTooLargeError(InvalidArgumentError):
    """A field is over the limit of what may be passed by reference; metadata["field"] names it."""


class UnauthenticatedError(AgentFlowError):
    """No credential, or one that is unknown, ended or revoked."""


class PermissionDeniedError(AgentFlowError):
    """The caller may not do this; metadata["permission"] names what is missing."""


class NotFoundError(AgentFlowError):
    """No such thing in the caller's tenant."""


class ConflictError(AgentFlowError):
    """It exists already, a request id was used for something else, or an etag is stale."""


class FailedPreconditionError(AgentFlowError):
    """Not in the state that this needs."""


class RateLimitedError(AgentFlowError):
    """Too much at once. Try again after `retry_after` seconds."""

    @property
    def retry_after(self) -> float:
        return float(self.metadata.get("retryAfterMs", 1000)) / 1000


class UnavailableError(AgentFlowError):
    """The platform, or a part of it, cannot be reached now."""


class ExecutionFailedError(AgentFlowError):
    """An execution that was waited for did not complete; see `execution`."""

    def __init__(self, execution):
        error = execution.error
        text = error.message if error else f"the execution is {execution.state}"
        where = f" at {error.node}" if error and error.node else ""
        super().__init__(f"{execution.name} {execution.state}{where}: {text}",
                         reason=error.reason if error else execution.state)
        self.execution = execution


class TaskError(Exception):
    """Raise it in an agent to fail the task with a reason that workflows can match on."""

    def __init__(self, reason: str, message: str = "", *, retryable: bool = True):
        super().__init__(message or reason)
        self.reason = reason
        self.message = message or reason
        self.retryable = retryable


class TaskCanceled(Exception):
    """Raised by Task.check_canceled when nobody waits for the task any more."""


_BY_STATUS = {400: InvalidArgumentError, 401: UnauthenticatedError, 403: PermissionDeniedError,
              404: NotFoundError, 409: ConflictError, 412: FailedPreconditionError,
              413: InvalidArgumentError, 429: RateLimitedError, 502: UnavailableError,
              503: UnavailableError, 504: UnavailableError}
_BY_CODE = {"FAILED_PRECONDITION": FailedPreconditionError, "ABORTED": ConflictError,
            "ALREADY_EXISTS": ConflictError}


def from_problem(status: int, problem: dict[str, Any]) -> AgentFlowError:
    """The exception for a problem document (RFC 9457)."""
    kind = _BY_CODE.get(problem.get("title", ""), _BY_STATUS.get(status, AgentFlowError))
    known = {"type", "title", "status", "detail", "instance", "reason", "requestId"}
    metadata = {key: value for key, value in problem.items() if key not in known}
    return kind(problem.get("detail") or problem.get("title") or f"HTTP {status}",
                reason=problem.get("reason", ""), status=status, metadata=metadata,
                request_id=problem.get("requestId", ""))
