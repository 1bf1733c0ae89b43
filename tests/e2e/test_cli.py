"""The command line: formats and exit codes that scripts can rely on."""

import json
import subprocess
import uuid

import pytest
from test_executions import CHAIN, WAIT


@pytest.fixture
def chain(cli, tmp_path):
    name = f"cli-{uuid.uuid4().hex[:8]}"
    file = tmp_path / "workflow.yaml"
    file.write_text(CHAIN.replace("NAME", name))
    done = cli("apply", str(file), "--publish")
    assert done.returncode == 0 and "published" in done.stdout, done.stderr
    return name


def test_run_prints_the_output_in_each_format(cli, chain):
    done = cli("run", chain, "--input", "n:=2", "--watch", "-o", "json")
    assert (done.returncode, json.loads(done.stdout)) == (0, {"sum": 7, "kind": "small", "n": 2})
    done = cli("run", chain, "--input", "n:=2", "--watch", "-o", "yaml")
    assert "sum: 7\n" in done.stdout


def test_get_describe_and_logs_show_what_happened(cli, chain):
    name = json.loads(cli("run", chain, "-i", "n:=1", "-o", "json").stdout)["name"]
    assert cli("watch", name).returncode == 0
    table = cli("get", "executions", "--filter", f'workflow = "workflows/{chain}"').stdout
    assert table.startswith("NAME") and name in table and "COMPLETED" in table
    described = json.loads(cli("describe", "execution", name, "-o", "json").stdout)
    assert {step["node"] for step in described["steps"]} == {"a", "b", "c", "pick"}
    logs = cli("logs", name).stdout
    assert "ExecutionStarted" in logs and "ExecutionCompleted" in logs
    assert chain in cli("get", "workflows").stdout
    assert "data.transform@1" in cli("get", "nodeTypes").stdout


def test_exported_text_can_be_applied_again(cli, chain):
    text = cli("export", chain).stdout
    assert cli("apply", "-f", "-", "--publish", stdin=text).returncode == 0
    versions = json.loads(cli("get", "versions", chain, "-o", "json").stdout)
    assert len(versions) == 1, "the same content is the same version"


def test_a_failed_and_a_canceled_execution_have_exit_codes_of_their_own(cli, tmp_path):
    file = tmp_path / "fail.yaml"
    file.write_text("""
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: cli-fail}
nodes: {stop: {type: flow.fail@1, with: {reason: TOO_BAD, message: it ends here}}}
edges: [start -> stop]
""")
    assert cli("apply", "-f", str(file), "--publish").returncode == 0
    done = cli("run", "cli-fail", "--watch")
    assert done.returncode == 3 and "TOO_BAD" in done.stderr
    file.write_text(WAIT.replace("NAME", "cli-wait").replace("DURATION", "1h"))
    assert cli("apply", "-f", str(file), "--publish").returncode == 0
    name = json.loads(cli("run", "cli-wait", "-o", "json").stdout)["name"]
    assert "CANCELED" in cli("cancel", name).stdout
    assert cli("watch", name).returncode == 4


def test_refusals_and_wrong_command_lines_have_exit_codes_of_their_own(cli):
    done = cli("describe", "workflow", "no-such-workflow")
    assert done.returncode == 1 and "WORKFLOW_NOT_FOUND" in done.stderr
    assert cli("get", "things").returncode == 2
    assert cli("frobnicate").returncode == 2
    assert cli("--url", "http://127.0.0.1:1", "get", "workflows").returncode == 5


def test_validate_lists_problems_with_lines(cli, tmp_path):
    file = tmp_path / "bad.yaml"
    file.write_text("apiVersion: agentflow/v1\nkind: Workflow\nmetadata: {name: x}\n"
                    "nodes:\n  a: {type: data.transform@1, with: {value: '=1 +'}}\n"
                    "edges: [start -> a]\n")
    done = cli("validate", str(file))
    assert done.returncode == 1 and "EXPRESSION_INVALID" in done.stderr and "5" in done.stderr


def test_expressions_need_no_platform(stack):
    def cel(*arguments):
        return subprocess.run([stack.state / "bin" / "agentflow", "cel", *arguments], env={},
                              capture_output=True, text=True, check=False)
    assert cel("1 + 2").stdout == "3\n"
    assert cel("a.b.filter(x, x > 1)", "--vars", '{"a": {"b": [1, 2, 3]}}').stdout == "[2,3]\n"
    done = cel("1 +")
    assert done.returncode == 1 and "EXPRESSION_INVALID" in done.stderr
