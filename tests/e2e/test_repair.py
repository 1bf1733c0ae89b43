"""Putting right what went wrong: retry, forks from steps and checkpoints, moves between versions."""

import agentflow
import pytest
from agentflow import Migration, StartExecutionRequest
from conftest import publish
from desk import eventually

GUARDED = """
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: NAME}
inputs: {type: object, required: [limit], properties: {limit: {type: integer}}}
outputs: {rows: "=nodes.load.output.rows", kept: "=nodes.?keep.output.orValue('')"}
nodes:
  load: {type: data.transform@1, with: {value: {rows: 3}}}
  check: {type: flow.if@1, with: {when: nodes.load.output.rows >= inputs.limit}}
  keep: {type: data.transform@1, with: {value: "='kept ' + string(nodes.load.output.rows)"}}
  refuse: {type: flow.fail@1, with: {reason: TOO_FEW_ROWS, message: Too few.}}
edges: [start -> load, load -> check, check.true -> keep, check.false -> refuse]
"""

TWO_TASKS = """
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: NAME}
outputs: {both: "=[nodes.first.output, nodes.second.output]"}
nodes:
  first: {type: ai.agent@1, with: {agent: repaired}}
  second: {type: ai.agent@1, with: {agent: repaired}}
edges: [start -> first, first -> second]
"""

ORDER = """
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: NAME}
inputs: {type: object}
outputs: {amount: "=nodes.PAY.output.amount", note: "=NOTE"}
nodes:
  PAY: {type: flow.signal@1, with: {name: paid}}
  after: {type: data.transform@1, with: {value: "='after'"}}
edges: [start -> PAY, PAY -> after]
"""


def order(pay: str, note: str) -> str:
    return ORDER.replace("PAY", pay).replace("NOTE", note)


@pytest.fixture
def failed(client):
    workflow = publish(client, GUARDED)
    ended = client.executions.wait(
        client.executions.start(workflow, {"limit": 10}).name, check=False)
    assert (ended.state, ended.error.reason) == ("FAILED", "TOO_FEW_ROWS")
    return ended.name


def checkpoints(client, execution: str) -> dict:
    """Their sequences, by step."""
    found = client.executions.iterate_checkpoints(parent=execution)
    return {checkpoint.step: checkpoint.sequence for checkpoint in found}


def test_a_retry_keeps_what_completed_and_does_the_rest_again(client, desk):
    agents = desk("repaired")
    agents.finish("first", "one")
    agents.fail("second", "NO_LUCK")
    workflow = publish(client, TWO_TASKS)
    ended = client.executions.wait(client.executions.start(workflow).name, check=False)
    assert ended.state == "FAILED"
    agents.finish("second", "two")
    again = client.executions.retry_execution(name=ended.name, request_id="retry-once")
    same = client.executions.retry_execution(name=ended.name, request_id="retry-once")
    assert same.name == again.name != ended.name
    retried = client.executions.wait(again.name)
    assert retried.output == {"both": ["one", "two"]}
    assert (retried.origin.kind, retried.origin.execution) == ("RETRY", ended.name)
    assert agents.begun == ["first", "second", "second"]
    assert client.executions.get_execution(name=ended.name).state == "FAILED"


def test_a_fork_from_a_step_goes_on_with_other_outputs(client, failed):
    fork = client.executions.fork_execution(name=failed, step="check",
                                            outputs={"load": {"rows": 30}})
    ended = client.executions.wait(fork.name)
    assert ended.output == {"rows": 30, "kept": "kept 30"}
    assert (ended.origin.kind, ended.origin.execution) == ("FORK", failed)


def test_a_fork_from_a_checkpoint_goes_on_with_another_input(client, failed):
    at = checkpoints(client, failed)
    assert list(at) == ["", "load", "check"]
    fork = client.executions.fork_execution(name=failed, checkpoint=at["load"], input={"limit": 2})
    ended = client.executions.wait(fork.name)
    assert (ended.input, ended.output) == ({"limit": 2}, {"rows": 3, "kept": "kept 3"})
    assert int(ended.origin.sequence) == int(at["load"])
    steps = {step.node: step for step in client.executions.iterate_steps(parent=fork.name)}
    assert (steps["load"].state, steps["load"].output) == ("COMPLETED", {"rows": 3})


@pytest.mark.parametrize("body, status, reason, field", [
    ({}, 400, "FORK_PLACE", "checkpoint"),
    ({"checkpoint": 1, "step": "check"}, 400, "FORK_PLACE", "checkpoint"),
    ({"checkpoint": -1}, 400, "CHECKPOINT_UNKNOWN", "checkpoint"),
    ({"checkpoint": 4711}, 404, "CHECKPOINT_UNKNOWN", "checkpoint"),
    ({"step": "nowhere"}, 404, "STEP_UNKNOWN", "step"),
    ({"step": "check", "outputs": {"nowhere": 1}}, 404, "STEP_UNKNOWN", "outputs.nowhere"),
    ({"step": "check", "input": {"limit": "ten"}}, 400, "INPUT_INVALID", "input.limit"),
])
def test_a_bad_fork_is_refused_and_starts_nothing(rest, client, failed, body, status, reason,
                                                  field):
    workflow = client.executions.get_execution(name=failed).workflow
    answered, problem = rest("POST", f"/v1/{failed}:fork", body)
    assert (answered, problem["reason"], problem["field"]) == (status, reason, field), problem
    started = list(client.executions.iterate_executions(filter=f'workflow = "{workflow}"'))
    assert [one.name for one in started] == [failed]


def test_only_what_went_wrong_can_be_retried(client):
    ended = client.executions.wait(
        client.executions.start(publish(client, GUARDED), {"limit": 1}).name)
    with pytest.raises(agentflow.FailedPreconditionError) as caught:
        client.executions.retry_execution(name=ended.name)
    assert caught.value.reason == "EXECUTION_NOT_FAILED"


def test_a_replay_with_recorded_results_decides_the_same(client, failed):
    again = client.executions.replay_execution(name=failed)
    assert (again.same, again.version, again.divergence) == (True, 1, None)
    assert (again.state, again.error.reason) == ("FAILED", "TOO_FEW_ROWS")
    # What a person or a worker did is given again as well.
    workflow = publish(client, order("pay", "'old'"))
    name = client.executions.start(workflow).name
    eventually(lambda: client.executions.get_execution(name=name).state == "WAITING")
    waiting = client.executions.replay_execution(name=name)
    assert (waiting.same, waiting.state, waiting.not_recorded) == (True, "WAITING", ["pay"])
    client.executions.signal_execution(name=name, signal="paid", payload={"amount": 7})
    ended = client.executions.wait(name)
    paid = client.executions.replay_execution(name=name)
    assert (paid.same, paid.state, paid.output) == (True, "COMPLETED", ended.output)


def test_a_replay_tells_what_another_version_would_have_done(client, failed):
    workflow = client.executions.get_execution(name=failed).workflow
    changed = GUARDED.replace("{rows: 3}", "{rows: 30}").replace("NAME", workflow[10:])
    client.workflows.apply(changed)
    other = client.executions.replay_execution(name=failed, version=2)
    assert not other.same and (other.divergence.step, other.divergence.node) == ("load", "load")
    assert '"rows":3}' in other.divergence.expected and '"rows":30}' in other.divergence.found
    assert (other.state, other.output) == ("COMPLETED", {"rows": 30, "kept": "kept 30"})
    listed = list(client.executions.iterate_executions(filter=f'workflow = "{workflow}"'))
    assert [(one.name, one.state) for one in listed] == [(failed, "FAILED")]
    with pytest.raises(agentflow.NotFoundError) as caught:
        client.executions.replay_execution(name=failed, version=3)
    assert caught.value.reason == "VERSION_NOT_FOUND"


def test_another_tenant_repairs_nothing(client, failed, other_tenant):
    for path, body in [(f"{failed}:retry", {}), (f"{failed}:fork", {"step": "check"}),
                       (f"{failed}:replay", {})]:
        status, problem = other_tenant("POST", f"/v1/{path}", body)
        assert (status, problem["reason"]) == (404, "EXECUTION_NOT_FOUND"), path
    status, problem = other_tenant("GET", f"/v1/{failed}/checkpoints")
    assert (status, problem["reason"]) == (404, "EXECUTION_NOT_FOUND")


def migrate(client, workflow: str, **fields) -> Migration:
    """Makes one and waits for its end."""
    made = client.migrations.create_migration(
        parent=workflow, migration=Migration(from_version=1, to_version=2, **fields))

    def done():
        found = client.migrations.get_migration(name=made.name)
        return found if found.state == "DONE" else None
    return eventually(done)


def counts(migration) -> tuple[int, int]:
    return int(migration.migrated_count or 0), int(migration.refused_count or 0)


@pytest.fixture
def orders(client):
    """A workflow whose second version calls a node differently, with executions of the first."""
    workflow = publish(client, order("pay", "'old'"))
    answer = client.executions.batch_start_executions(
        workflow=workflow, requests=[StartExecutionRequest(workflow=workflow, input={"n": n})
                                     for n in range(5)])
    names = [result.execution.name for result in answer.results]
    for name in names:
        eventually(lambda: client.executions.get_execution(name=name).state == "WAITING")
    client.workflows.apply(order("collect", "'new'").replace("NAME", workflow[10:]))
    return workflow, names


def test_a_preview_looks_at_all_and_moves_none(client, orders):
    workflow, names = orders
    refused = migrate(client, workflow, validate_only=True)
    assert counts(refused) == (0, 5)
    [refusal] = refused.refusals
    assert refusal.reason == "MIGRATION_LOSES_STEP" and set(refusal.examples) == set(names)
    fits = migrate(client, workflow, mapping={"pay": "collect"}, validate_only=True)
    assert counts(fits) == (5, 0)
    assert {client.executions.get_execution(name=name).version for name in names} == {1}
    listed = client.migrations.list_migrations(parent=workflow).migrations
    assert [one.name for one in listed] == [fits.name, refused.name]


def test_those_that_are_moved_go_on_in_the_other_version(client, orders):
    workflow, names = orders
    over, *under_way = names
    client.executions.signal_execution(name=over, signal="paid", payload={"amount": 1})
    client.executions.wait(over)
    assert counts(migrate(client, workflow, mapping={"pay": "collect"})) == (4, 0)
    for name in under_way:
        assert client.executions.get_execution(name=name).version == 2
        client.executions.signal_execution(name=name, signal="paid", payload={"amount": 7})
        assert client.executions.wait(name).output == {"amount": 7, "note": "new"}
    assert client.executions.get_execution(name=over).output == {"amount": 1, "note": "old"}


@pytest.mark.parametrize("change, reason", [
    ({"toVersion": 9}, "VERSION_NOT_FOUND"),
    ({"mapping": {"pay": "nowhere"}}, "MAPPING_INVALID"),
    ({"mapping": {"nowhere": "collect"}}, "MAPPING_INVALID"),
])
def test_a_migration_that_cannot_be_is_refused(rest, orders, change, reason):
    workflow, _ = orders
    body = {"fromVersion": 1, "toVersion": 2, "mapping": {"pay": "collect"}} | change
    status, problem = rest("POST", f"/v1/{workflow}/migrations", body)
    assert status in (400, 404) and problem["reason"] == reason, problem
