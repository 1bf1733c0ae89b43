"""Types and calls of the API. Generated from the protos by generate.py; do not edit."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as _field
from datetime import datetime, timedelta
from typing import Any, Iterator

from ._codec import Message
from ._transport import Transport


@dataclass(kw_only=True)
class TokenPair(Message):
    """TokenPair."""
    # Bearer token for the Authorization header.
    access_token: str = ""
    # Single-use token for :refresh.
    refresh_token: str = ""
    # When the access token ends.
    expire_time: datetime | None = None


@dataclass(kw_only=True)
class WhoAmIResponse(Message):
    """WhoAmIResponse."""
    # Slug of the tenant.
    tenant: str = ""
    # Resource name of the principal: users/{id}, serviceAccounts/{id}.
    principal: str = ""
    email: str = ""
    roles: list[str] = _field(default_factory=list)
    # Every permission held, sorted; "*" is all of them.
    permissions: list[str] = _field(default_factory=list)
    display_name: str = ""


@dataclass(kw_only=True)
class Tenant(Message):
    """Tenant."""
    # tenants/{slug}
    name: str = ""
    title: str = ""
    state: str = ""
    quotas: Quotas | None = None
    etag: str = ""
    create_time: datetime | None = None
    update_time: datetime | None = None


@dataclass(kw_only=True)
class Quotas(Message):
    """What one tenant may use. 0 means the platform's default."""
    # API cost units per second, and how many may be saved up.
    requests_per_second: int = 0
    request_burst: int = 0
    # Executions that are not yet over.
    live_executions: int = 0
    # Execution starts per second.
    starts_per_second: int = 0
    # Drafts and published workflows.
    workflows: int = 0
    # Executions that have begun and are not over. Further ones are QUEUED until one of them ends.
    running_executions: int = 0
    # Executions that are QUEUED. Further starts are refused: RESOURCE_EXHAUSTED, QUOTA_EXCEEDED.
    queued_executions: int = 0
    # Share of what all tenants use together (the platform's own workers, the executors), against
    # the weights of the others that want it at the same time.
    weight: int = 0


@dataclass(kw_only=True)
class ListTenantsResponse(Message):
    """ListTenantsResponse."""
    tenants: list[Tenant] = _field(default_factory=list)
    next_page_token: str = ""


@dataclass(kw_only=True)
class User(Message):
    """User."""
    # users/{id}
    name: str = ""
    email: str = ""
    display_name: str = ""
    # Names of roles: "admin", "editor", "operator", "viewer", "worker".
    roles: list[str] = _field(default_factory=list)
    disabled: bool = False
    etag: str = ""
    create_time: datetime | None = None
    update_time: datetime | None = None


@dataclass(kw_only=True)
class ListUsersResponse(Message):
    """ListUsersResponse."""
    users: list[User] = _field(default_factory=list)
    next_page_token: str = ""


@dataclass(kw_only=True)
class ApiKey(Message):
    """ApiKey."""
    # apiKeys/{id}
    name: str = ""
    title: str = ""
    roles: list[str] = _field(default_factory=list)
    # The first characters, to recognise it by.
    hint: str = ""
    create_time: datetime | None = None
    # Unset: does not end by itself.
    expire_time: datetime | None = None
    revoke_time: datetime | None = None
    # Principal that created it.
    creator: str = ""


@dataclass(kw_only=True)
class CreateApiKeyResponse(Message):
    """CreateApiKeyResponse."""
    api_key: ApiKey | None = None
    # "af_" + 40 characters + a 6-character checksum.
    secret: str = ""


@dataclass(kw_only=True)
class ListApiKeysResponse(Message):
    """ListApiKeysResponse."""
    api_keys: list[ApiKey] = _field(default_factory=list)
    next_page_token: str = ""


@dataclass(kw_only=True)
class AuditEvent(Message):
    """AuditEvent."""
    # auditEvents/{sequence}
    name: str = ""
    time: datetime | None = None
    # users/{id}, apiKeys/{id}, services/{name}, or empty for an unknown caller.
    principal: str = ""
    # Full method name: agentflow.api.v1.WorkflowService.CreateWorkflow
    method: str = ""
    # Resource name the call was about.
    resource: str = ""
    # Canonical gRPC code: "OK", "PERMISSION_DENIED", ...
    outcome: str = ""
    trace_id: str = ""
    remote_address: str = ""
    # What changed; secrets are left out.
    detail: dict[str, Any] | None = None
    # SHA-256, hex.
    hash: str = ""
    previous_hash: str = ""


@dataclass(kw_only=True)
class ListAuditEventsResponse(Message):
    """ListAuditEventsResponse."""
    audit_events: list[AuditEvent] = _field(default_factory=list)
    next_page_token: str = ""


@dataclass(kw_only=True)
class Workflow(Message):
    """Workflow."""
    # workflows/{id}; the id is a slug: [a-z][a-z0-9-]{0,62}
    name: str = ""
    title: str = ""
    # The draft, in the form of the workflow document (agentflow/v1).
    document: dict[str, Any] | None = None
    # The draft as YAML or JSON text; accepted in place of `document` and answered in FULL views.
    source: str = ""
    etag: str = ""
    labels: dict[str, str] = _field(default_factory=dict)
    # Number of the newest published version; 0: none yet.
    latest_version: int = 0
    create_time: datetime | None = None
    update_time: datetime | None = None
    # Whether the draft differs from the newest version.
    draft_changed: bool = False


@dataclass(kw_only=True)
class WorkflowVersion(Message):
    """WorkflowVersion."""
    # workflows/{id}/versions/{number}
    name: str = ""
    version: int = 0
    # SHA-256 of the canonical document without titles and `ui`: "sha256:<hex>".
    content_hash: str = ""
    document: dict[str, Any] | None = None
    create_time: datetime | None = None
    # Principal that published it.
    creator: str = ""
    comment: str = ""


@dataclass(kw_only=True)
class Problem(Message):
    """One thing wrong with a document."""
    severity: str = ""
    # UPPER_SNAKE: NODE_UNREACHABLE, EDGE_DANGLING, EXPRESSION_INVALID, ...
    reason: str = ""
    # What is wrong and what to do about it.
    message: str = ""
    # Id of the node, with containers: "outer.inner". Empty: the document itself.
    node: str = ""
    # JSON Pointer (RFC 6901) into the document: "/nodes/pay/with/url".
    field: str = ""
    # Position in `source`, from 1; 0 where unknown.
    line: int = 0
    column: int = 0


@dataclass(kw_only=True)
class ListWorkflowsResponse(Message):
    """ListWorkflowsResponse."""
    workflows: list[Workflow] = _field(default_factory=list)
    next_page_token: str = ""


@dataclass(kw_only=True)
class ValidateWorkflowResponse(Message):
    """ValidateWorkflowResponse."""
    # No problem of severity ERROR.
    valid: bool = False
    problems: list[Problem] = _field(default_factory=list)
    # Set when valid.
    content_hash: str = ""


@dataclass(kw_only=True)
class ImportWorkflowResponse(Message):
    """ImportWorkflowResponse."""
    workflow: Workflow | None = None
    # What needs attention, or could not be kept.
    problems: list[Problem] = _field(default_factory=list)


@dataclass(kw_only=True)
class ExportWorkflowResponse(Message):
    """ExportWorkflowResponse."""
    source: str = ""


@dataclass(kw_only=True)
class ListWorkflowVersionsResponse(Message):
    """ListWorkflowVersionsResponse."""
    versions: list[WorkflowVersion] = _field(default_factory=list)
    next_page_token: str = ""


@dataclass(kw_only=True)
class NodeType(Message):
    """NodeType."""
    # nodeTypes/{type}, for example nodeTypes/flow.if@1
    name: str = ""
    # As written in documents: "flow.if@1".
    type: str = ""
    title: str = ""
    # One sentence: when to use it.
    summary: str = ""
    # Group of the palette: "flow", "data", "ai", "action", "trigger".
    category: str = ""
    # JSON Schema (2020-12) of `with`. Fields marked "x-expression": true are always expressions.
    config_schema: dict[str, Any] | None = None
    # JSON Schema of the output.
    output_schema: dict[str, Any] | None = None
    inputs: list[Port] = _field(default_factory=list)
    # Fixed out-ports. With `dynamic_ports` the configuration adds more (flow.switch: its cases).
    outputs: list[Port] = _field(default_factory=list)
    dynamic_ports: bool = False
    # Holds child nodes and edges.
    container: bool = False
    # An example node as YAML.
    example: str = ""


@dataclass(kw_only=True)
class Port(Message):
    """Port."""
    id: str = ""
    title: str = ""


@dataclass(kw_only=True)
class ListNodeTypesResponse(Message):
    """ListNodeTypesResponse."""
    node_types: list[NodeType] = _field(default_factory=list)
    next_page_token: str = ""


@dataclass(kw_only=True)
class Execution(Message):
    """Execution."""
    # executions/{id}; the id is a UUID.
    name: str = ""
    # workflows/{id}
    workflow: str = ""
    version: int = 0
    mode: str = ""
    state: str = ""
    input: Any = None
    output: Any = None
    error: ExecutionError | None = None
    start_time: datetime | None = None
    # Unset while the execution is not over.
    end_time: datetime | None = None
    labels: dict[str, str] = _field(default_factory=dict)
    # 1 (first) to 5 (last); 3 unless given.
    priority: int = 0
    # Principal that started it.
    creator: str = ""
    # W3C trace id, hex.
    trace_id: str = ""
    # Set where it was forked or retried from another one.
    origin: ExecutionOrigin | None = None
    # Set where a step of another execution started it (flow.workflow).
    parent: ParentStep | None = None
    # As given at its start; a retry keeps it.
    business_key: str = ""
    # How many days it is kept after the day it started on, as its workflow's version or the
    # installation said then: 1, 7, 30, 90 or 400. What lives is not dropped.
    retention_days: int = 0


@dataclass(kw_only=True)
class ExecutionOrigin(Message):
    """Where the beginning of an execution came from."""
    kind: str = ""
    # executions/{id}
    execution: str = ""
    # The last entry of that execution's journal that counts here.
    sequence: int = 0


@dataclass(kw_only=True)
class ParentStep(Message):
    """A step that started an execution."""
    # executions/{id}
    execution: str = ""
    # Key of the step: "pay", "outer.inner#2.5".
    step: str = ""


@dataclass(kw_only=True)
class ExecutionError(Message):
    """ExecutionError."""
    # UPPER_SNAKE.
    reason: str = ""
    message: str = ""
    # Path of the node that failed; empty for the execution itself.
    node: str = ""


@dataclass(kw_only=True)
class Step(Message):
    """One activation of a node."""
    # executions/{id}/steps/{node}[.{iteration}]
    name: str = ""
    # Id of the node, with containers: "outer.inner".
    node: str = ""
    # Iteration path of the containers around it: "0", "2.5"; empty outside containers.
    iteration: str = ""
    state: str = ""
    # From 1; 0 before the first.
    attempt: int = 0
    input: Any = None
    output: Any = None
    error: ExecutionError | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    # Type as in the document: "ai.agent@1".
    type: str = ""
    # Why earlier attempts failed, oldest first.
    failures: list[AttemptFailure] = _field(default_factory=list)
    # What a WAITING step waits for.
    wait: StepWait | None = None
    # executions/{id} that a flow.workflow step started, for its last attempt. Kept after its end,
    # but not where the execution was moved to another version since.
    child: str = ""


@dataclass(kw_only=True)
class StepWait(Message):
    """StepWait."""
    kind: str = ""
    # Name of the signal.
    signal: str = ""
    # approvals/{id}
    approval: str = ""
    key: str = ""
    # When the wait ends by itself; unset: it does not.
    until_time: datetime | None = None


@dataclass(kw_only=True)
class AttemptFailure(Message):
    """AttemptFailure."""
    attempt: int = 0
    error: ExecutionError | None = None
    time: datetime | None = None


@dataclass(kw_only=True)
class ExecutionEvent(Message):
    """One entry of the journal."""
    # From 1, without gaps.
    sequence: int = 0
    time: datetime | None = None
    # PascalCase: "ExecutionStarted", "StepCompleted", ...
    type: str = ""
    node: str = ""
    iteration: str = ""
    attempt: int = 0
    # The rest, by type.
    detail: dict[str, Any] | None = None
    # Who caused it, where somebody did.
    principal: str = ""


@dataclass(kw_only=True)
class StartExecutionRequest(Message):
    """StartExecutionRequest."""
    workflow: str = ""
    # Must match the workflow's `inputs` schema.
    input: Any = None
    # 1 to 128 characters [A-Za-z0-9._:-].
    request_id: str = ""
    # 0: the newest.
    version: int = 0
    # At most 32, keys to 63 and values to 255 characters.
    labels: dict[str, str] = _field(default_factory=dict)
    priority: int = 0
    # LIVE unless given.
    mode: str = ""
    # What the execution is about, "order 17": at most one execution of the workflow that is not
    # over has it. 1 to 255 bytes of text without control characters.
    business_key: str = ""
    # Where the business key is in use: answer with the execution that has it. Nothing is kept of
    # such a start, so that its request_id may still begin an execution later.
    use_existing: bool = False


@dataclass(kw_only=True)
class ListExecutionsResponse(Message):
    """ListExecutionsResponse."""
    executions: list[Execution] = _field(default_factory=list)
    next_page_token: str = ""


@dataclass(kw_only=True)
class ListStepsResponse(Message):
    """ListStepsResponse."""
    steps: list[Step] = _field(default_factory=list)
    next_page_token: str = ""


@dataclass(kw_only=True)
class ListEventsResponse(Message):
    """ListEventsResponse."""
    events: list[ExecutionEvent] = _field(default_factory=list)
    next_page_token: str = ""


@dataclass(kw_only=True)
class StepDecision(Message):
    """What becomes of a step that is held after an error."""
    action: str = ""
    output: Any = None
    # COMPLETE: the out-port it leaves by; empty: the node's first.
    port: str = ""


@dataclass(kw_only=True)
class Checkpoint(Message):
    """A place in the journal of an execution from which it can be forked."""
    # The journal up to this entry is what the fork keeps.
    sequence: int = 0
    time: datetime | None = None
    # Key of the step that had ended; empty: the execution's start.
    step: str = ""
    # Type of that entry: "ExecutionStarted", "StepCompleted", ...
    what: str = ""


@dataclass(kw_only=True)
class ListCheckpointsResponse(Message):
    """ListCheckpointsResponse."""
    checkpoints: list[Checkpoint] = _field(default_factory=list)
    next_page_token: str = ""


@dataclass(kw_only=True)
class ReplayExecutionResponse(Message):
    """ReplayExecutionResponse."""
    # The version that was replayed.
    version: int = 0
    # Whether every decision was the recorded one.
    same: bool = False
    # The first decision that was another one; unset where all are the same.
    divergence: ReplayDivergence | None = None
    # How many recorded decisions were the same, up to the first that was not.
    same_decisions: int = 0
    # Where the replay ended: with what is recorded, every step goes as far as it can.
    state: str = ""
    output: Any = None
    error: ExecutionError | None = None
    # Keys of steps that wait for what is not recorded; at most 1000.
    not_recorded: list[str] = _field(default_factory=list)
    # What is recorded and nothing asked for, "StepCompleted of pay"; at most 1000.
    not_used: list[str] = _field(default_factory=list)


@dataclass(kw_only=True)
class ReplayDivergence(Message):
    """ReplayDivergence."""
    # Number of the recorded decision in the journal; 0: the journal had ended.
    sequence: int = 0
    # Key of the step that was decided about; empty: the execution itself.
    step: str = ""
    # Path of its node.
    node: str = ""
    # The recorded decision; empty: there is none any more.
    expected: str = ""
    # The one that was made; empty: none.
    found: str = ""


@dataclass(kw_only=True)
class BatchStartExecutionsResponse(Message):
    """BatchStartExecutionsResponse."""
    # In the order of the requests.
    results: list[BatchStartResult] = _field(default_factory=list)


@dataclass(kw_only=True)
class BatchStartResult(Message):
    """One of the two."""
    execution: Execution | None = None
    error: StartError | None = None


@dataclass(kw_only=True)
class StartError(Message):
    """StartError."""
    # Canonical gRPC code: "INVALID_ARGUMENT", "RESOURCE_EXHAUSTED", ...
    code: str = ""
    # UPPER_SNAKE.
    reason: str = ""
    message: str = ""
    # Of the request; empty: none in particular.
    field: str = ""


@dataclass(kw_only=True)
class Payload(Message):
    """Payload."""
    # payloads/{id}; the id is 64 hex digits.
    name: str = ""
    # Its media type, at most 127 characters. Empty: application/octet-stream.
    content_type: str = ""
    # The content. Unset in the answer to an upload.
    data: bytes = b""
    size_bytes: int = 0
    # Of its first upload.
    create_time: datetime | None = None
    # Principal that uploaded it first.
    creator: str = ""


@dataclass(kw_only=True)
class CheckExpressionResponse(Message):
    """CheckExpressionResponse."""
    # No problem of severity ERROR.
    valid: bool = False
    # In the order of the text.
    problems: list[ExpressionProblem] = _field(default_factory=list)
    # What it gives, as CEL names types: "bool", "list(double)", "dyn" where that is not known.
    # Empty unless valid.
    type: str = ""
    # JSON Schema of what it gives; empty where nothing is known.
    schema: dict[str, Any] | None = None
    # What may be read at the place.
    variables: list[ExpressionVariable] = _field(default_factory=list)
    # Set where the request has a cursor.
    completions: ExpressionCompletions | None = None
    # Whether there are more variables or completions than were listed.
    truncated: bool = False


@dataclass(kw_only=True)
class ExpressionProblem(Message):
    """One thing wrong with an expression."""
    # With WARNING it can be evaluated.
    severity: str = ""
    # UPPER_SNAKE: EXPRESSION_INVALID, VARIABLE_UNKNOWN, REFERENCE_MAY_BE_MISSING, ...; when
    # evaluated EXPRESSION_FAILED, EXPRESSION_LIMIT, EXPRESSION_RESULT.
    reason: str = ""
    # What is wrong and what to do about it.
    message: str = ""
    # What to write in place of offset and length; empty where unknown.
    suggestion: str = ""
    # From 0. The part of the text that is wrong; length 0 where something is missing there, or
    # where the expression as a whole is meant.
    offset: int = 0
    length: int = 0
    # From 1.
    line: int = 0
    column: int = 0


@dataclass(kw_only=True)
class ExpressionVariable(Message):
    """Something that an expression may read."""
    # "nodes.classify.output"
    name: str = ""
    type: str = ""
    description: str = ""
    # It may be missing when the place is reached: write `nodes.?classify.output`.
    may_be_missing: bool = False


@dataclass(kw_only=True)
class ExpressionCompletions(Message):
    """What may be written at the cursor."""
    # What an item's `insert` replaces.
    offset: int = 0
    length: int = 0
    # Best first.
    items: list[ExpressionCompletion] = _field(default_factory=list)


@dataclass(kw_only=True)
class ExpressionCompletion(Message):
    """One of the things that may be written."""
    kind: str = ""
    # "startsWith"
    label: str = ""
    # "startsWith("
    insert: str = ""
    # A type or a signature: "string.startsWith(string) -> bool".
    detail: str = ""
    documentation: str = ""


@dataclass(kw_only=True)
class EvaluateExpressionResponse(Message):
    """EvaluateExpressionResponse."""
    # Unset where a problem is an error.
    value: Any = None
    # Of the value, as CEL names types: "int", "double", "list", "google.protobuf.Timestamp".
    type: str = ""
    # Units of the cost limit that it used.
    cost: int = 0
    problems: list[ExpressionProblem] = _field(default_factory=list)


@dataclass(kw_only=True)
class Approval(Message):
    """Approval."""
    # approvals/{id}; the id is a UUID.
    name: str = ""
    state: str = ""
    title: str = ""
    # Markdown.
    description: str = ""
    # "role:{name}", "user:{id or email}", "group:{name}"; empty: whoever has approvals.decide.
    approvers: list[str] = _field(default_factory=list)
    # JSON Schema of the values that a decision gives; unset: none.
    form: dict[str, Any] | None = None
    # executions/{id}
    execution: str = ""
    # Key of the step: "sign", "outer.inner#2.5".
    step: str = ""
    # workflows/{id}
    workflow: str = ""
    create_time: datetime | None = None
    # When the step's `onTimeout` decides; unset: never.
    expire_time: datetime | None = None
    # Unset while it is OPEN.
    end_time: datetime | None = None
    # Principal that decided.
    decider: str = ""
    comment: str = ""
    # As the decision gave them.
    values: Any = None
    # Whether the caller is one of `approvers`.
    mine: bool = False


@dataclass(kw_only=True)
class ListApprovalsResponse(Message):
    """ListApprovalsResponse."""
    approvals: list[Approval] = _field(default_factory=list)
    next_page_token: str = ""


@dataclass(kw_only=True)
class Migration(Message):
    """Migration."""
    # workflows/{id}/migrations/{id}
    name: str = ""
    from_version: int = 0
    to_version: int = 0
    # From paths of nodes in the old version to paths in the new one: "pay" -> "billing.pay". Nodes
    # that are not named keep their path.
    mapping: dict[str, str] = _field(default_factory=dict)
    # Say what would become of each execution, and change none.
    validate_only: bool = False
    state: str = ""
    # Executions moved; with validate_only those that can be.
    migrated_count: int = 0
    refused_count: int = 0
    # Executions not looked at yet.
    pending_count: int = 0
    # Most frequent first.
    refusals: list[MigrationRefusal] = _field(default_factory=list)
    create_time: datetime | None = None
    end_time: datetime | None = None
    # Principal that began it.
    creator: str = ""


@dataclass(kw_only=True)
class MigrationRefusal(Message):
    """Executions that were refused for one reason."""
    # UPPER_SNAKE: MIGRATION_LOSES_STEP, ...
    reason: str = ""
    # Of the first example.
    message: str = ""
    execution_count: int = 0
    # Up to 10 of them: executions/{id}.
    examples: list[str] = _field(default_factory=list)


@dataclass(kw_only=True)
class ListMigrationsResponse(Message):
    """ListMigrationsResponse."""
    migrations: list[Migration] = _field(default_factory=list)
    next_page_token: str = ""


@dataclass(kw_only=True)
class Agent(Message):
    """Agent."""
    # agents/{id}; the id is a slug: [a-z][a-z0-9_-]{0,62}
    name: str = ""
    title: str = ""
    description: str = ""
    # JSON Schemas of a task's input and output; unset: anything.
    input_schema: dict[str, Any] | None = None
    output_schema: dict[str, Any] | None = None
    # Number of the newest description; each change of schema or text makes a new one.
    latest_version: int = 0
    # Reachable instances now.
    endpoints: list[Endpoint] = _field(default_factory=list)
    create_time: datetime | None = None
    update_time: datetime | None = None


@dataclass(kw_only=True)
class Endpoint(Message):
    """Endpoint."""
    # Chosen by the worker: host and process.
    id: str = ""
    # Tasks it may hold at once, and holds.
    capacity: int = 0
    held: int = 0
    connect_time: datetime | None = None
    last_heartbeat_time: datetime | None = None
    # Of the SDK: "agentflow-python/0.1.0".
    client: str = ""


@dataclass(kw_only=True)
class ListAgentsResponse(Message):
    """ListAgentsResponse."""
    agents: list[Agent] = _field(default_factory=list)
    next_page_token: str = ""


@dataclass(kw_only=True)
class Schedule(Message):
    """Schedule."""
    # schedules/{id}; the id is a slug: [a-z][a-z0-9-]{0,62}
    name: str = ""
    title: str = ""
    # workflows/{id}
    workflow: str = ""
    input: Any = None
    # Five fields: minute hour day-of-month month day-of-week, with lists, ranges, steps and
    # names (MON, JAN). Where both days are restricted, either matches.
    cron: str = ""
    # IANA name; empty: UTC. A nominal time that a clock change skips fires at the first instant
    # after the gap; one that it repeats fires once, at the first.
    time_zone: str = ""
    paused: bool = False
    next_fire_time: datetime | None = None
    last_fire_time: datetime | None = None
    # executions/{id} of the last fire.
    last_execution: str = ""
    # Of the last fire, when it could not start.
    last_error: str = ""
    etag: str = ""
    create_time: datetime | None = None
    update_time: datetime | None = None


@dataclass(kw_only=True)
class ListSchedulesResponse(Message):
    """ListSchedulesResponse."""
    schedules: list[Schedule] = _field(default_factory=list)
    next_page_token: str = ""


@dataclass(kw_only=True)
class WorkflowStats(Message):
    """WorkflowStats."""
    # workflows/{id}
    workflow: str = ""
    # Executions and steps now in each state, by the state's name.
    executions_by_state: dict[str, int] = _field(default_factory=dict)
    steps_by_state: dict[str, int] = _field(default_factory=dict)
    # Start to end of the executions that are over, from a histogram with 5 % wide buckets.
    duration_mean: timedelta | None = None
    duration_p50: timedelta | None = None
    duration_p95: timedelta | None = None
    duration_p99: timedelta | None = None
    last_start_time: datetime | None = None


@dataclass(kw_only=True)
class ListWorkflowStatsResponse(Message):
    """ListWorkflowStatsResponse."""
    workflow_stats: list[WorkflowStats] = _field(default_factory=list)
    next_page_token: str = ""
    # How far behind the executor's feed the figures are.
    lag: timedelta | None = None


class AuthService:
    """Signs people in and out."""

    def __init__(self, transport: Transport):
        self._transport = transport

    def login(self, *, email: str | None = None, password: str | None = None, tenant: str | None = None) -> TokenPair:
        """Exchanges an e-mail address and a password for tokens. Wrong address, wrong password and a
        disabled user give the same answer, UNAUTHENTICATED with reason CREDENTIALS_INVALID.
        """
        return self._transport.call("POST", "/v1/auth/login", "*",
                                    dict(email=email, password=password, tenant=tenant), TokenPair)

    def refresh(self, *, refresh_token: str | None = None) -> TokenPair:
        """Exchanges a refresh token for a new pair. Each refresh token works once; using one twice
        ends the whole session (TOKEN_REUSED).
        """
        return self._transport.call("POST", "/v1/auth/refresh", "*",
                                    dict(refresh_token=refresh_token), TokenPair)

    def logout(self, *, refresh_token: str | None = None) -> None:
        """Ends the session that a refresh token belongs to. Unknown tokens are accepted silently."""
        return self._transport.call("POST", "/v1/auth/logout", "*",
                                    dict(refresh_token=refresh_token), None)

    def who_am_i(self) -> WhoAmIResponse:
        """The caller as the platform sees it."""
        return self._transport.call("GET", "/v1/auth/me", "",
                                    dict(), WhoAmIResponse)


class TenantService:
    """Administration of tenants, for the operators of the platform. The only public service whose
    requests name a tenant.
    """

    def __init__(self, transport: Transport):
        self._transport = transport

    def create_tenant(self, *, tenant_id: str | None = None, tenant: Tenant | None = None, admin_email: str | None = None, admin_password: str | None = None) -> Tenant:
        """Creates a tenant and its first administrator."""
        return self._transport.call("POST", "/v1/tenants", "*",
                                    dict(tenant_id=tenant_id, tenant=tenant, admin_email=admin_email, admin_password=admin_password), Tenant)

    def get_tenant(self, *, name: str | None = None) -> Tenant:
        """GetTenant."""
        return self._transport.call("GET", "/v1/{name=tenants/*}", "",
                                    dict(name=name), Tenant)

    def list_tenants(self, *, page_size: int | None = None, page_token: str | None = None) -> ListTenantsResponse:
        """ListTenants."""
        return self._transport.call("GET", "/v1/tenants", "",
                                    dict(page_size=page_size, page_token=page_token), ListTenantsResponse)

    def iterate_tenants(self, **request: Any) -> Iterator[Tenant]:
        """Every item of list_tenants, page after page."""
        while True:
            page = self.list_tenants(**request)
            yield from page.tenants
            if not page.next_page_token:
                return
            request["page_token"] = page.next_page_token

    def update_tenant(self, *, tenant: Tenant | None = None, update_mask: str | None = None) -> Tenant:
        """Changes the title, the state or the quotas."""
        return self._transport.call("PATCH", "/v1/{tenant.name=tenants/*}", "tenant",
                                    dict(tenant=tenant, update_mask=update_mask), Tenant)

    def delete_tenant(self, *, name: str | None = None, etag: str | None = None) -> Tenant:
        """Deletes a tenant with everything that it has, which cannot be undone. Its credentials end at
        once; it is DELETING while all services erase what they hold, and then it is gone. Asking
        again changes nothing. Nobody deletes the tenant that he himself belongs to.
        """
        return self._transport.call("DELETE", "/v1/{name=tenants/*}", "",
                                    dict(name=name, etag=etag), Tenant)


class UserService:
    """The people of the caller's tenant."""

    def __init__(self, transport: Transport):
        self._transport = transport

    def create_user(self, *, user: User | None = None, password: str | None = None) -> User:
        """CreateUser."""
        return self._transport.call("POST", "/v1/users", "*",
                                    dict(user=user, password=password), User)

    def get_user(self, *, name: str | None = None) -> User:
        """GetUser."""
        return self._transport.call("GET", "/v1/{name=users/*}", "",
                                    dict(name=name), User)

    def list_users(self, *, page_size: int | None = None, page_token: str | None = None) -> ListUsersResponse:
        """ListUsers."""
        return self._transport.call("GET", "/v1/users", "",
                                    dict(page_size=page_size, page_token=page_token), ListUsersResponse)

    def iterate_users(self, **request: Any) -> Iterator[User]:
        """Every item of list_users, page after page."""
        while True:
            page = self.list_users(**request)
            yield from page.users
            if not page.next_page_token:
                return
            request["page_token"] = page.next_page_token

    def update_user(self, *, user: User | None = None, update_mask: str | None = None) -> User:
        """Changes the display name, the roles or the state. The last administrator of a tenant can be
        neither disabled nor stripped of the role (LAST_ADMINISTRATOR).
        """
        return self._transport.call("PATCH", "/v1/{user.name=users/*}", "user",
                                    dict(user=user, update_mask=update_mask), User)

    def delete_user(self, *, name: str | None = None, etag: str | None = None) -> None:
        """DeleteUser."""
        return self._transport.call("DELETE", "/v1/{name=users/*}", "",
                                    dict(name=name, etag=etag), None)


class ApiKeyService:
    """Credentials of programs in the caller's tenant."""

    def __init__(self, transport: Transport):
        self._transport = transport

    def create_api_key(self, *, api_key: ApiKey | None = None) -> CreateApiKeyResponse:
        """Creates a key that acts with the given roles, none of them above the caller's own
        (ROLE_NOT_GRANTABLE). The answer is the only place where the key itself is ever shown.
        """
        return self._transport.call("POST", "/v1/apiKeys", "api_key",
                                    dict(api_key=api_key), CreateApiKeyResponse)

    def get_api_key(self, *, name: str | None = None) -> ApiKey:
        """GetApiKey."""
        return self._transport.call("GET", "/v1/{name=apiKeys/*}", "",
                                    dict(name=name), ApiKey)

    def list_api_keys(self, *, page_size: int | None = None, page_token: str | None = None) -> ListApiKeysResponse:
        """ListApiKeys."""
        return self._transport.call("GET", "/v1/apiKeys", "",
                                    dict(page_size=page_size, page_token=page_token), ListApiKeysResponse)

    def iterate_api_keys(self, **request: Any) -> Iterator[ApiKey]:
        """Every item of list_api_keys, page after page."""
        while True:
            page = self.list_api_keys(**request)
            yield from page.api_keys
            if not page.next_page_token:
                return
            request["page_token"] = page.next_page_token

    def revoke_api_key(self, *, name: str | None = None) -> ApiKey:
        """Ends a key everywhere within a second."""
        return self._transport.call("POST", "/v1/{name=apiKeys/*}:revoke", "*",
                                    dict(name=name), ApiKey)


class AuditService:
    """Who did what, in the caller's tenant. Records are chained: each holds the hash of the one
    before it.
    """

    def __init__(self, transport: Transport):
        self._transport = transport

    def list_audit_events(self, *, page_size: int | None = None, page_token: str | None = None, filter: str | None = None) -> ListAuditEventsResponse:
        """Newest first."""
        return self._transport.call("GET", "/v1/auditEvents", "",
                                    dict(page_size=page_size, page_token=page_token, filter=filter), ListAuditEventsResponse)

    def iterate_audit_events(self, **request: Any) -> Iterator[AuditEvent]:
        """Every item of list_audit_events, page after page."""
        while True:
            page = self.list_audit_events(**request)
            yield from page.audit_events
            if not page.next_page_token:
                return
            request["page_token"] = page.next_page_token


class WorkflowService:
    """Workflows of the caller's tenant: drafts that change and versions that never do."""

    def __init__(self, transport: Transport):
        self._transport = transport

    def create_workflow(self, *, workflow: Workflow | None = None, workflow_id: str | None = None, request_id: str | None = None) -> Workflow:
        """Creates a draft. Its id is `workflow_id`, else the one in workflow.name, else the document's
        metadata.name. A draft may hold problems, which :validate lists; only :publish insists on
        none.
        """
        return self._transport.call("POST", "/v1/workflows", "workflow",
                                    dict(workflow=workflow, workflow_id=workflow_id, request_id=request_id), Workflow)

    def get_workflow(self, *, name: str | None = None, view: str | None = None) -> Workflow:
        """GetWorkflow."""
        return self._transport.call("GET", "/v1/{name=workflows/*}", "",
                                    dict(name=name, view=view), Workflow)

    def list_workflows(self, *, page_size: int | None = None, page_token: str | None = None, filter: str | None = None, order_by: str | None = None, view: str | None = None) -> ListWorkflowsResponse:
        """Without `document` and `source` in each workflow unless view is FULL."""
        return self._transport.call("GET", "/v1/workflows", "",
                                    dict(page_size=page_size, page_token=page_token, filter=filter, order_by=order_by, view=view), ListWorkflowsResponse)

    def iterate_workflows(self, **request: Any) -> Iterator[Workflow]:
        """Every item of list_workflows, page after page."""
        while True:
            page = self.list_workflows(**request)
            yield from page.workflows
            if not page.next_page_token:
                return
            request["page_token"] = page.next_page_token

    def update_workflow(self, *, workflow: Workflow | None = None, update_mask: str | None = None) -> Workflow:
        """Changes the draft. A stale etag is refused with ABORTED, reason ETAG_MISMATCH."""
        return self._transport.call("PATCH", "/v1/{workflow.name=workflows/*}", "workflow",
                                    dict(workflow=workflow, update_mask=update_mask), Workflow)

    def delete_workflow(self, *, name: str | None = None, etag: str | None = None) -> None:
        """Deletes the draft and hides the versions; executions keep theirs."""
        return self._transport.call("DELETE", "/v1/{name=workflows/*}", "",
                                    dict(name=name, etag=etag), None)

    def validate_workflow(self, *, document: dict[str, Any] | None = None, source: str | None = None, name: str | None = None) -> ValidateWorkflowResponse:
        """Finds every problem of a document, stored or not, and changes nothing. Problems are an
        answer, not an error.
        """
        return self._transport.call("POST", "/v1/workflows:validate", "*",
                                    dict(document=document, source=source, name=name), ValidateWorkflowResponse)

    def import_workflow(self, *, source: str | None = None, workflow_id: str | None = None, replace: bool | None = None) -> ImportWorkflowResponse:
        """Creates or replaces a draft from text and reports what could not be kept."""
        return self._transport.call("POST", "/v1/workflows:import", "*",
                                    dict(source=source, workflow_id=workflow_id, replace=replace), ImportWorkflowResponse)

    def publish_workflow(self, *, name: str | None = None, etag: str | None = None, comment: str | None = None) -> WorkflowVersion:
        """Makes the draft an immutable version. An unchanged draft gives its existing version again.
        A draft with problems is refused: FAILED_PRECONDITION, reason WORKFLOW_INVALID, with the
        first problem in the message.
        """
        return self._transport.call("POST", "/v1/{name=workflows/*}:publish", "*",
                                    dict(name=name, etag=etag, comment=comment), WorkflowVersion)

    def export_workflow(self, *, name: str | None = None, version: int | None = None, format: str | None = None) -> ExportWorkflowResponse:
        """The draft or a version as text, ready for :import."""
        return self._transport.call("GET", "/v1/{name=workflows/*}:export", "",
                                    dict(name=name, version=version, format=format), ExportWorkflowResponse)

    def get_workflow_version(self, *, name: str | None = None) -> WorkflowVersion:
        """GetWorkflowVersion."""
        return self._transport.call("GET", "/v1/{name=workflows/*/versions/*}", "",
                                    dict(name=name), WorkflowVersion)

    def list_workflow_versions(self, *, parent: str | None = None, page_size: int | None = None, page_token: str | None = None) -> ListWorkflowVersionsResponse:
        """Newest first, without documents."""
        return self._transport.call("GET", "/v1/{parent=workflows/*}/versions", "",
                                    dict(parent=parent, page_size=page_size, page_token=page_token), ListWorkflowVersionsResponse)

    def iterate_workflow_versions(self, **request: Any) -> Iterator[WorkflowVersion]:
        """Every item of list_workflow_versions, page after page."""
        while True:
            page = self.list_workflow_versions(**request)
            yield from page.versions
            if not page.next_page_token:
                return
            request["page_token"] = page.next_page_token


class NodeTypeService:
    """The catalogue of node types a workflow can use."""

    def __init__(self, transport: Transport):
        self._transport = transport

    def list_node_types(self, *, page_size: int | None = None, page_token: str | None = None) -> ListNodeTypesResponse:
        """ListNodeTypes."""
        return self._transport.call("GET", "/v1/nodeTypes", "",
                                    dict(page_size=page_size, page_token=page_token), ListNodeTypesResponse)

    def iterate_node_types(self, **request: Any) -> Iterator[NodeType]:
        """Every item of list_node_types, page after page."""
        while True:
            page = self.list_node_types(**request)
            yield from page.node_types
            if not page.next_page_token:
                return
            request["page_token"] = page.next_page_token

    def get_node_type(self, *, name: str | None = None) -> NodeType:
        """GetNodeType."""
        return self._transport.call("GET", "/v1/{name=nodeTypes/*}", "",
                                    dict(name=name), NodeType)


class ExecutionService:
    """Runs of workflows in the caller's tenant."""

    def __init__(self, transport: Transport):
        self._transport = transport

    def start_execution(self, *, workflow: str | None = None, input: Any = None, request_id: str | None = None, version: int | None = None, labels: dict[str, str] | None = None, priority: int | None = None, mode: str | None = None, business_key: str | None = None, use_existing: bool | None = None) -> Execution:
        """Starts one execution of a published version. The answer comes after the start is durable.
        With a request_id, the same request gives the same execution however often it is sent;
        another body under that id is refused: ALREADY_EXISTS, reason REQUEST_ID_REUSED. With a
        business_key that an execution of the workflow has which is not over: ALREADY_EXISTS, reason
        BUSINESS_KEY_IN_USE, or with use_existing that execution is the answer.
        """
        return self._transport.call("POST", "/v1/{workflow=workflows/*}:start", "*",
                                    dict(workflow=workflow, input=input, request_id=request_id, version=version, labels=labels, priority=priority, mode=mode, business_key=business_key, use_existing=use_existing), Execution)

    def get_execution(self, *, name: str | None = None) -> Execution:
        """GetExecution."""
        return self._transport.call("GET", "/v1/{name=executions/*}", "",
                                    dict(name=name), Execution)

    def list_executions(self, *, page_size: int | None = None, page_token: str | None = None, filter: str | None = None, order_by: str | None = None) -> ListExecutionsResponse:
        """Newest first. Without `input` and `output`."""
        return self._transport.call("GET", "/v1/executions", "",
                                    dict(page_size=page_size, page_token=page_token, filter=filter, order_by=order_by), ListExecutionsResponse)

    def iterate_executions(self, **request: Any) -> Iterator[Execution]:
        """Every item of list_executions, page after page."""
        while True:
            page = self.list_executions(**request)
            yield from page.executions
            if not page.next_page_token:
                return
            request["page_token"] = page.next_page_token

    def list_steps(self, *, parent: str | None = None, page_size: int | None = None, page_token: str | None = None) -> ListStepsResponse:
        """Steps in the order they were activated."""
        return self._transport.call("GET", "/v1/{parent=executions/*}/steps", "",
                                    dict(parent=parent, page_size=page_size, page_token=page_token), ListStepsResponse)

    def iterate_steps(self, **request: Any) -> Iterator[Step]:
        """Every item of list_steps, page after page."""
        while True:
            page = self.list_steps(**request)
            yield from page.steps
            if not page.next_page_token:
                return
            request["page_token"] = page.next_page_token

    def list_events(self, *, parent: str | None = None, page_size: int | None = None, page_token: str | None = None) -> ListEventsResponse:
        """The journal, oldest first."""
        return self._transport.call("GET", "/v1/{parent=executions/*}/events", "",
                                    dict(parent=parent, page_size=page_size, page_token=page_token), ListEventsResponse)

    def iterate_events(self, **request: Any) -> Iterator[ExecutionEvent]:
        """Every item of list_events, page after page."""
        while True:
            page = self.list_events(**request)
            yield from page.events
            if not page.next_page_token:
                return
            request["page_token"] = page.next_page_token

    def cancel_execution(self, *, name: str | None = None, cause: str | None = None, compensate: bool | None = None) -> Execution:
        """Stops an execution: its open steps become CANCELED and workers are told; with `compensate`
        what completed is undone first. One that is being cancelled, or was, is answered as it is; one
        that is over otherwise is refused: FAILED_PRECONDITION, reason EXECUTION_OVER.
        """
        return self._transport.call("POST", "/v1/{name=executions/*}:cancel", "*",
                                    dict(name=name, cause=cause, compensate=compensate), Execution, safe=True)

    def pause_execution(self, *, name: str | None = None, cause: str | None = None, request_id: str | None = None) -> Execution:
        """Lets no new step begin until :resume. What is under way goes on and its results count.
        Refused with FAILED_PRECONDITION, reason EXECUTION_PAUSED, where it is paused already. The same
        request_id counts once.
        """
        return self._transport.call("POST", "/v1/{name=executions/*}:pause", "*",
                                    dict(name=name, cause=cause, request_id=request_id), Execution)

    def resume_execution(self, *, name: str | None = None, decisions: dict[str, StepDecision] | None = None, request_id: str | None = None) -> Execution:
        """Lets a paused execution go on and says what becomes of each step that is held after an error.
        Refused with FAILED_PRECONDITION, reason EXECUTION_NOT_PAUSED, where it is not paused. The same
        request_id counts once.
        """
        return self._transport.call("POST", "/v1/{name=executions/*}:resume", "*",
                                    dict(name=name, decisions=decisions, request_id=request_id), Execution)

    def signal_execution(self, *, name: str | None = None, signal: str | None = None, payload: Any = None, request_id: str | None = None) -> Execution:
        """Sends a signal, which is kept until a flow.signal step takes it. The same request_id counts
        once.
        """
        return self._transport.call("POST", "/v1/{name=executions/*}:signal", "*",
                                    dict(name=name, signal=signal, payload=payload, request_id=request_id), Execution)

    def retry_execution(self, *, name: str | None = None, request_id: str | None = None) -> Execution:
        """Runs an execution that FAILED, TIMED_OUT or was CANCELED again from the step where it went
        wrong, as a new execution that keeps the results before it. The old one stays as it is.
        """
        return self._transport.call("POST", "/v1/{name=executions/*}:retry", "*",
                                    dict(name=name, request_id=request_id), Execution)

    def fork_execution(self, *, name: str | None = None, checkpoint: int | None = None, step: str | None = None, input: Any = None, outputs: dict[str, Any] | None = None, request_id: str | None = None) -> Execution:
        """Starts a new execution from a checkpoint of another one, whether that is over or not, with
        changed inputs and outputs where given.
        """
        return self._transport.call("POST", "/v1/{name=executions/*}:fork", "*",
                                    dict(name=name, checkpoint=checkpoint, step=step, input=input, outputs=outputs, request_id=request_id), Execution)

    def list_checkpoints(self, *, parent: str | None = None, page_size: int | None = None, page_token: str | None = None) -> ListCheckpointsResponse:
        """The places in its journal from which an execution can be forked, oldest first."""
        return self._transport.call("GET", "/v1/{parent=executions/*}/checkpoints", "",
                                    dict(parent=parent, page_size=page_size, page_token=page_token), ListCheckpointsResponse)

    def iterate_checkpoints(self, **request: Any) -> Iterator[Checkpoint]:
        """Every item of list_checkpoints, page after page."""
        while True:
            page = self.list_checkpoints(**request)
            yield from page.checkpoints
            if not page.next_page_token:
                return
            request["page_token"] = page.next_page_token

    def replay_execution(self, *, name: str | None = None, version: int | None = None) -> ReplayExecutionResponse:
        """What the engine decides when it is given again what the journal of an execution has recorded:
        results, timers, signals, approvals. In memory: it starts nothing and writes nothing. With
        another version it tells what that would have done with this run.
        """
        return self._transport.call("POST", "/v1/{name=executions/*}:replay", "*",
                                    dict(name=name, version=version), ReplayExecutionResponse)

    def batch_start_executions(self, *, workflow: str | None = None, requests: list[StartExecutionRequest] | None = None) -> BatchStartExecutionsResponse:
        """Starts up to 1000 executions of one workflow, each as StartExecution does: what is wrong with
        one does not touch the others. With a request_id in each, the whole may be sent again.
        """
        return self._transport.call("POST", "/v1/{workflow=workflows/*}:batchStart", "*",
                                    dict(workflow=workflow, requests=requests), BatchStartExecutionsResponse)


class PayloadService:
    """Content too large to stand in an execution's values (256 KiB). A value names it:
    {"$payload": "payloads/{id}", "size": 1048576, "contentType": "application/json"}.
    """

    def __init__(self, transport: Transport):
        self._transport = transport

    def create_payload(self, *, payload: Payload | None = None) -> Payload:
        """Stores content and answers its name. The name follows from content and type, so that the same
        upload may be sent again. It is kept for some days, and for as long as any execution that names
        it is kept. Over the limit (8 MiB): INVALID_ARGUMENT, reason PAYLOAD_TOO_LARGE.
        """
        return self._transport.call("POST", "/v1/payloads", "payload",
                                    dict(payload=payload), Payload)

    def get_payload(self, *, name: str | None = None) -> Payload:
        """With its content."""
        return self._transport.call("GET", "/v1/{name=payloads/*}", "",
                                    dict(name=name), Payload)


class ExpressionService:
    """Expressions (CEL) for those who write them: what is wrong with one, what may be written, what it
    gives. The only implementation of the language, for editors too.
    """

    def __init__(self, transport: Transport):
        self._transport = transport

    def check_expression(self, *, expression: str | None = None, document: dict[str, Any] | None = None, source: str | None = None, workflow: str | None = None, version: int | None = None, place: str | None = None, execution: str | None = None, step: str | None = None, schemas: dict[str, Any] | None = None, cursor: int | None = None, offset_unit: str | None = None) -> CheckExpressionResponse:
        """Finds everything that is wrong with an expression, its type and, with a cursor, what may be
        written there. Problems are an answer, not an error; documents that do not validate are
        answered for as well. A workflow needs workflows.get, an execution executions.get.
        """
        return self._transport.call("POST", "/v1/expressions:check", "*",
                                    dict(expression=expression, document=document, source=source, workflow=workflow, version=version, place=place, execution=execution, step=step, schemas=schemas, cursor=cursor, offset_unit=offset_unit), CheckExpressionResponse)

    def evaluate_expression(self, *, expression: str | None = None, variables: dict[str, Any] | None = None, schemas: dict[str, Any] | None = None, execution: str | None = None, step: str | None = None, offset_unit: str | None = None) -> EvaluateExpressionResponse:
        """Evaluates an expression against sample data or against an execution, and changes nothing.
        What goes wrong in the expression is an answer, not an error. An execution needs
        executions.get.
        """
        return self._transport.call("POST", "/v1/expressions:evaluate", "*",
                                    dict(expression=expression, variables=variables, schemas=schemas, execution=execution, step=step, offset_unit=offset_unit), EvaluateExpressionResponse)


class ApprovalService:
    """What steps of executions ask people (flow.approval, and `policy.approval` of any node)."""

    def __init__(self, transport: Transport):
        self._transport = transport

    def get_approval(self, *, name: str | None = None) -> Approval:
        """GetApproval."""
        return self._transport.call("GET", "/v1/{name=approvals/*}", "",
                                    dict(name=name), Approval)

    def list_approvals(self, *, page_size: int | None = None, page_token: str | None = None, filter: str | None = None) -> ListApprovalsResponse:
        """Newest first."""
        return self._transport.call("GET", "/v1/approvals", "",
                                    dict(page_size=page_size, page_token=page_token, filter=filter), ListApprovalsResponse)

    def iterate_approvals(self, **request: Any) -> Iterator[Approval]:
        """Every item of list_approvals, page after page."""
        while True:
            page = self.list_approvals(**request)
            yield from page.approvals
            if not page.next_page_token:
                return
            request["page_token"] = page.next_page_token

    def approve(self, *, name: str | None = None, comment: str | None = None, values: Any = None) -> Approval:
        """Decides for the step: it goes on by its port "approved". Only those may decide whom `approvers`
        names: PERMISSION_DENIED, reason APPROVAL_NOT_YOURS. The first decision stands; another one is
        refused: FAILED_PRECONDITION, reason APPROVAL_DECIDED. The same decision of the same principal
        may be sent again.
        """
        return self._transport.call("POST", "/v1/{name=approvals/*}:approve", "*",
                                    dict(name=name, comment=comment, values=values), Approval, safe=True)

    def reject(self, *, name: str | None = None, comment: str | None = None, values: Any = None) -> Approval:
        """Decides against the step: it goes on by its port "rejected". Otherwise like Approve."""
        return self._transport.call("POST", "/v1/{name=approvals/*}:reject", "*",
                                    dict(name=name, comment=comment, values=values), Approval, safe=True)


class MigrationService:
    """Moving executions that are under way from one version of their workflow to another."""

    def __init__(self, transport: Transport):
        self._transport = transport

    def create_migration(self, *, parent: str | None = None, migration: Migration | None = None, request_id: str | None = None) -> Migration:
        """Begins to look at every live execution of `from_version`, and answers at once; GetMigration
        shows how far it is. With `validate_only` no execution changes and the counts say what would
        become of each. An execution that cannot be moved stays where it is, with the reason. The
        same request_id gives the same migration.
        """
        return self._transport.call("POST", "/v1/{parent=workflows/*}/migrations", "migration",
                                    dict(parent=parent, migration=migration, request_id=request_id), Migration)

    def get_migration(self, *, name: str | None = None) -> Migration:
        """GetMigration."""
        return self._transport.call("GET", "/v1/{name=workflows/*/migrations/*}", "",
                                    dict(name=name), Migration)

    def list_migrations(self, *, parent: str | None = None, page_size: int | None = None, page_token: str | None = None) -> ListMigrationsResponse:
        """Newest first."""
        return self._transport.call("GET", "/v1/{parent=workflows/*}/migrations", "",
                                    dict(parent=parent, page_size=page_size, page_token=page_token), ListMigrationsResponse)

    def iterate_migrations(self, **request: Any) -> Iterator[Migration]:
        """Every item of list_migrations, page after page."""
        while True:
            page = self.list_migrations(**request)
            yield from page.migrations
            if not page.next_page_token:
                return
            request["page_token"] = page.next_page_token


class AgentService:
    """What can do tasks in the caller's tenant. Agents register themselves by connecting a worker
    (WorkerService.Work) that names them.
    """

    def __init__(self, transport: Transport):
        self._transport = transport

    def get_agent(self, *, name: str | None = None) -> Agent:
        """GetAgent."""
        return self._transport.call("GET", "/v1/{name=agents/*}", "",
                                    dict(name=name), Agent)

    def list_agents(self, *, page_size: int | None = None, page_token: str | None = None) -> ListAgentsResponse:
        """ListAgents."""
        return self._transport.call("GET", "/v1/agents", "",
                                    dict(page_size=page_size, page_token=page_token), ListAgentsResponse)

    def iterate_agents(self, **request: Any) -> Iterator[Agent]:
        """Every item of list_agents, page after page."""
        while True:
            page = self.list_agents(**request)
            yield from page.agents
            if not page.next_page_token:
                return
            request["page_token"] = page.next_page_token

    def delete_agent(self, *, name: str | None = None) -> None:
        """Removes an agent that no endpoint serves any more (AGENT_CONNECTED otherwise)."""
        return self._transport.call("DELETE", "/v1/{name=agents/*}", "",
                                    dict(name=name), None)


class ScheduleService:
    """Time rules that start executions."""

    def __init__(self, transport: Transport):
        self._transport = transport

    def create_schedule(self, *, schedule_id: str | None = None, schedule: Schedule | None = None) -> Schedule:
        """CreateSchedule."""
        return self._transport.call("POST", "/v1/schedules", "schedule",
                                    dict(schedule_id=schedule_id, schedule=schedule), Schedule)

    def get_schedule(self, *, name: str | None = None) -> Schedule:
        """GetSchedule."""
        return self._transport.call("GET", "/v1/{name=schedules/*}", "",
                                    dict(name=name), Schedule)

    def list_schedules(self, *, page_size: int | None = None, page_token: str | None = None) -> ListSchedulesResponse:
        """ListSchedules."""
        return self._transport.call("GET", "/v1/schedules", "",
                                    dict(page_size=page_size, page_token=page_token), ListSchedulesResponse)

    def iterate_schedules(self, **request: Any) -> Iterator[Schedule]:
        """Every item of list_schedules, page after page."""
        while True:
            page = self.list_schedules(**request)
            yield from page.schedules
            if not page.next_page_token:
                return
            request["page_token"] = page.next_page_token

    def update_schedule(self, *, schedule: Schedule | None = None, update_mask: str | None = None) -> Schedule:
        """UpdateSchedule."""
        return self._transport.call("PATCH", "/v1/{schedule.name=schedules/*}", "schedule",
                                    dict(schedule=schedule, update_mask=update_mask), Schedule)

    def delete_schedule(self, *, name: str | None = None, etag: str | None = None) -> None:
        """DeleteSchedule."""
        return self._transport.call("DELETE", "/v1/{name=schedules/*}", "",
                                    dict(name=name, etag=etag), None)


class StatsService:
    """Counts and durations of the caller's tenant."""

    def __init__(self, transport: Transport):
        self._transport = transport

    def list_workflow_stats(self, *, page_size: int | None = None, page_token: str | None = None, workflow: str | None = None) -> ListWorkflowStatsResponse:
        """One row per workflow."""
        return self._transport.call("GET", "/v1/workflowStats", "",
                                    dict(page_size=page_size, page_token=page_token, workflow=workflow), ListWorkflowStatsResponse)

    def iterate_workflow_stats(self, **request: Any) -> Iterator[WorkflowStats]:
        """Every item of list_workflow_stats, page after page."""
        while True:
            page = self.list_workflow_stats(**request)
            yield from page.workflow_stats
            if not page.next_page_token:
                return
            request["page_token"] = page.next_page_token
