"""The command line on executions under way, on those that went wrong, and on many at once."""

import json
import uuid

import pytest
from conftest import PATTERNS
from desk import eventually
from test_control import APPROVAL, SIGNAL
from test_executions import WAIT
from test_repair import GUARDED, order


@pytest.fixture
def apply(cli, tmp_path):
    """Publishes a document; gives its name."""
    def run(source: str, name: str = "") -> str:
        name = name or f"cli-{uuid.uuid4().hex[:8]}"
        file = tmp_path / f"{name}.yaml"
        file.write_text(source.replace("NAME", name))
        done = cli("apply", "-f", str(file), "--publish")
        assert done.returncode == 0, done.stderr
        return name
    return run


@pytest.fixture
def ok(cli):
    """Runs a command that must succeed; gives what it printed, read where it is JSON."""
    def run(*arguments: str, **options):
        done = cli(*arguments, **options)
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        return json.loads(done.stdout) if "json" in arguments else done.stdout
    return run


@pytest.fixture
def start(ok, apply):
    def run(source: str, *arguments: str) -> str:
        return ok("run", apply(source), "-o", "json", *arguments)["name"]
    return run


def await_state(ok, name: str, state: str):
    return eventually(lambda: ok("get", "executions", name, "-o", "json")["state"] == state)


def test_pause_and_resume(cli, ok, start):
    name = start(WAIT.replace("DURATION", "100ms"))
    assert "PAUSED" in ok("pause", name, "--cause", "lunch")
    again = cli("pause", name)
    assert again.returncode == 1 and "EXECUTION_PAUSED" in again.stderr
    assert "lunch" in ok("logs", name)
    ok("resume", name)
    assert cli("watch", name).returncode == 0


def test_a_signal_is_sent_with_its_payload(cli, ok, start, tmp_path):
    name = start(SIGNAL)
    await_state(ok, name, "WAITING")
    waiting = ok("get", "steps", name).splitlines()[1].split()
    assert waiting[:3] == ["paid", "WAITING", "SIGNAL"]
    (tmp_path / "payload.json").write_text('{"amount": 7}')
    ok("signal", name, "paid", "--data", f"@{tmp_path / 'payload.json'}", "--request-id", "one")
    assert json.loads(cli("watch", name, "-o", "json").stdout) == {"amount": 7}
    late = cli("signal", name, "paid")
    assert late.returncode == 1 and "EXECUTION_OVER" in late.stderr
    assert "fork" in late.stderr, "the way out"


def test_approvals_are_listed_and_decided(cli, ok, start):
    source = APPROVAL.replace("BY", "role:admin")
    names = [start(source), start(source)]

    def asked():
        mine = ok("approvals", "--limit", "0", "-o", "json")
        found = {one["execution"]: one["name"] for one in mine}
        return found if set(names) <= set(found) else None
    found = eventually(asked)
    assert [row for row in ok("approvals", "--limit", "0").splitlines()
            if names[0] in row and "  role:admin  " in row]
    wrong = cli("approve", found[names[0]], "--values", '{"n": "one"}')
    assert wrong.returncode == 1 and "VALUES_INVALID" in wrong.stderr
    assert "field: values.n" in wrong.stderr
    assert "APPROVED" in ok("approve", found[names[0]], "--values", '{"n": 4}', "--comment", "fine")
    assert "REJECTED" in ok("reject", found[names[1]], "--comment", "too much")
    again = cli("reject", found[names[0]])
    assert again.returncode == 1 and "APPROVAL_DECIDED" in again.stderr
    assert cli("watch", names[0]).returncode == 0
    decided = {one["name"]: one for one in ok("approvals", "--all", "--limit", "0", "-o", "json")}
    assert decided[found[names[0]]]["comment"] == "fine"
    assert decided[found[names[1]]]["state"] == "REJECTED"


def test_what_is_held_after_its_error_is_decided(cli, ok, desk, apply):
    agents = desk("courier")
    agents.finish("pack", "packed")
    for _ in range(2):
        agents.fail("deliver", "NOBODY_HOME", retryable=True)
    apply((PATTERNS / "retry-and-pause.yaml").read_text(), "retry-and-pause")
    name = ok("run", "retry-and-pause", "-o", "json")["name"]
    await_state(ok, name, "PAUSED")
    wrong = cli("resume", name, "--decide", "deliver=shrug")
    assert wrong.returncode == 2 and "--decide" in wrong.stderr
    ok("resume", name, "--decide", 'deliver=complete:"left at the door"')
    assert json.loads(cli("watch", name, "-o", "json").stdout) == {"receipt": "left at the door"}


def test_checkpoints_retry_and_fork(cli, ok, start):
    name = start(GUARDED, "-i", "limit:=10")
    assert cli("watch", name).returncode == 3
    rows = ok("checkpoints", name, "-o", "json")
    assert [row.get("step", "") for row in rows] == ["", "load", "check"]
    again = cli("retry", name, "--watch")
    assert again.returncode == 3 and "TOO_FEW_ROWS" in again.stderr
    forked = ok("fork", name, "--step", "check", "--set", 'load={"rows": 30}', "--watch",
                "-o", "json")
    assert forked == {"rows": 30, "kept": "kept 30"}
    other = ok("fork", name, "--checkpoint", str(rows[1]["sequence"]),
               "--input-json", '{"limit": 1}', "--watch", "-o", "json")
    assert other == {"rows": 3, "kept": "kept 3"}
    unknown = cli("fork", name, "--checkpoint", "4711")
    assert unknown.returncode == 1 and "CHECKPOINT_UNKNOWN" in unknown.stderr


def test_replay_shows_where_a_version_decides_otherwise(cli, ok, apply):
    workflow = apply(order("pay", "'old'"))
    name = ok("run", workflow, "-o", "json")["name"]
    await_state(ok, name, "WAITING")
    ok("signal", name, "paid", "-d", '{"amount": 3}')
    await_state(ok, name, "COMPLETED")
    same = ok("replay", name)
    assert "version 1: the same decisions, COMPLETED" in same and '"amount":3' in same
    apply(order("collect", "'new'"), workflow)
    other = ok("replay", name, "--version", "2")
    assert "other decisions than recorded" in other and "StepWaiting of collect" in other
    # The signal is for whoever waits for it.
    assert ok("replay", name, "--version", "2", "-o", "json")["output"]["note"] == "new"
    unknown = cli("replay", name, "--version", "9")
    assert unknown.returncode == 1 and "VERSION_NOT_FOUND" in unknown.stderr


def test_cancel_with_compensation(cli, ok, start):
    name = start(WAIT.replace("DURATION", "1h"))
    assert "CANCELED" in ok("cancel", name, "--compensate", "--cause", "enough")
    assert cli("watch", name).returncode == 4


def test_many_are_started_from_a_file_once(cli, ok, apply, tmp_path):
    workflow = apply(GUARDED)
    lines = tmp_path / "inputs.jsonl"
    lines.write_text('{"limit": 1}\n\n{"limit": 2}\n')
    first = ok("batch-start", workflow, "-f", str(lines), "--request-id", "batch", "-o", "json")
    again = ok("batch-start", workflow, "-f", "-", "--request-id", "batch", "-o", "json",
               stdin=lines.read_text())
    names = [one["execution"]["name"] for one in first]
    assert len(set(names)) == 2 and names == [one["execution"]["name"] for one in again]
    lines.write_text('{"limit": 1}\n{"limit": "two"}\n')
    partly = cli("batch-start", workflow, str(lines))
    assert partly.returncode == 1
    bad = [line.split() for line in partly.stdout.splitlines() if "INPUT_INVALID" in line]
    assert [line[0] for line in bad] == ["2"], partly.stdout
    lines.write_text("{\n")
    broken = cli("batch-start", workflow, "-f", str(lines))
    assert broken.returncode == 2 and "line 1" in broken.stderr


def test_migrate_shows_what_would_happen_and_does_it_when_told(cli, ok, apply):
    workflow = apply(order("pay", "'old'"))
    name = ok("run", workflow, "-o", "json")["name"]
    await_state(ok, name, "WAITING")
    apply(order("collect", "'new'"), workflow)
    versions = ["--from", "1", "--to", "2"]
    refused = cli("migrate", workflow, *versions)
    assert refused.returncode == 1 and "MIGRATION_LOSES_STEP" in refused.stdout
    preview = ok("migrate", workflow, *versions, "--map", "pay=collect")
    assert "1 can be moved, 0 refused" in preview and "nothing was changed" in preview
    assert "1 moved, 0 refused" in ok("migrate", workflow, *versions, "--map", "pay=collect",
                                      "--apply")
    assert ok("get", "executions", name, "-o", "json")["version"] == 2
    assert len(ok("get", "migrations", workflow, "-o", "json")) == 3
