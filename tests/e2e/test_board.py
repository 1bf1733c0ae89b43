"""The example: agents that do real work, by CLI and SDK."""

import json

from conftest import ROOT

POOR = "# Notes\n\n## Setup\n\nSee [the plan](#plan) and [that](). The XQZ is is needed.\n\n## Setup\n"


def test_different_texts_get_different_reports(board, client):
    good = client.executions.run("review-board", {"text": (ROOT / "README.md").read_text()})
    poor = client.executions.run("review-board", {"text": POOR, "sentences": 1})
    assert poor["verdict"] == "revise" and poor["report"].startswith("# Review: Revise")
    assert "no heading has this anchor" in poor["report"]
    assert good["report"] != poor["report"] and good["score"] > poor["score"]


def test_the_cli_runs_it_on_a_file_and_watches(board, cli):
    done = cli("run", "review-board", "--input", f"text=@{ROOT / 'README.md'}", "--watch",
               "-o", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["report"].startswith("# Review:")
    for node in ("summary", "readability", "consistency", "vote", "passed", "report"):
        assert node in done.stderr


def test_the_three_critics_run_at_the_same_time(board, client):
    ended = client.executions.wait(
        client.executions.start("review-board", {"text": POOR}).name)
    events = [(event.type, event.node)
              for event in client.executions.iterate_events(parent=ended.name)]
    critics = ("summary", "readability", "consistency")
    offered = [events.index(("StepScheduled", node)) for node in critics]
    done = [events.index(("StepCompleted", node)) for node in critics]
    assert max(offered) < min(done)
    assert events.index(("StepCompleted", "vote")) > max(done)
