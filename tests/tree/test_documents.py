"""Documents that programs write must be what the programs write now; links must lead somewhere."""

import os
import re
import subprocess

import pytest

from sources import ROOT, relative, tracked

SERVICES = ["gateway", "tenant", "designer", "executor", "scheduler", "coordinator", "monitor"]
SETTINGS = ROOT / "docs" / "operating" / "settings.md"


def settings_text() -> str:
    parts = ["# Settings\n\nWritten by `agentflow-<service> --print-settings`; a test compares.\n"]
    for service in SERVICES:
        binary = ROOT / "build" / "dev" / "bin" / f"agentflow-{service}"
        table = subprocess.run([binary, "--print-settings"], capture_output=True, text=True,
                               check=True).stdout
        parts.append(f"\n## {service}\n\n{table}")
    return "".join(parts)


def test_settings_page_is_what_the_services_say():
    text = settings_text()
    if os.environ.get("AGENTFLOW_REWRITE"):
        SETTINGS.write_text(text)
    assert SETTINGS.read_text() == text, "run tools/dev test --only tree --rewrite"


def test_decisions_are_listed():
    listed = set(re.findall(r"\((\d{4}-[\w-]+\.md)\)",
                            (ROOT / "docs" / "adr" / "README.md").read_text()))
    there = {file.name for file in (ROOT / "docs" / "adr").glob("[0-9]*.md")}
    assert listed == there


@pytest.mark.parametrize("file", [f for f in tracked() if f.suffix == ".md"], ids=relative)
def test_relative_links_lead_somewhere(file):
    text = re.sub(r"```.*?```", "", file.read_text(), flags=re.S)
    broken = [target for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text)
              if "://" not in target and not target.startswith("mailto:")
              and not (file.parent / target).exists()]
    assert not broken, f"{relative(file)}: {broken}"
