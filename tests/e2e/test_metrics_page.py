"""docs/operating/metrics.md has every metric that the services show, in their own words."""

import os
import re

import httpx
from conftest import ROOT

PAGE = ROOT / "docs" / "operating" / "metrics.md"


def families(text):
    """(name, kind, labels, meaning) of each metric in Prometheus' text format."""
    meanings = dict(re.findall(r"^# HELP (\S+) (.*)$", text, re.M))
    for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M):
        sample = re.search(rf"^{name}(?:_bucket)?{{(.*?)}} ", text, re.M)
        labels = re.findall(r'(\w+)="', sample[1]) if sample else []
        yield name, kind, [label for label in labels if label != "le"], meanings[name]


def table(service, text):
    rows = [f"| `{name}` | {kind} | {', '.join(f'`{label}`' for label in sorted(labels))} "
            f"| {meaning} |" for name, kind, labels, meaning in sorted(families(text))]
    return (f"\n## {service}\n\n| metric | kind | labels | |\n|---|---|---|---|\n"
            + "\n".join(rows) + "\n")


def test_the_page_is_what_the_services_show(stack, rest):
    # Labels are known by a sample, and these have one after a call.
    rest.ok("GET", "/v1/workflows")
    rest.ok("GET", "/v1/executions")
    # What stands before the tables is written by hand.
    text = PAGE.read_text().partition("\n## ")[0]
    for service in ("gateway", "tenant", "designer", "executor", "scheduler", "coordinator",
                    "monitor"):
        port = stack.ports["gateway" if service == "gateway" else f"{service}_admin"]
        shown = httpx.get(f"http://127.0.0.1:{port}/metrics").raise_for_status().text
        assert f"agentflow_{service}_" in shown
        text += table(service, shown)
    if os.environ.get("AGENTFLOW_REWRITE"):
        PAGE.write_text(text)
    assert PAGE.read_text() == text, "run this test with AGENTFLOW_REWRITE=1"
