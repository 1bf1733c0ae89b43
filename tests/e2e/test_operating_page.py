"""docs/operating/executions.md, done as it says."""

import os
import re
import subprocess

from conftest import ROOT
from devtool import example

PAGE = ROOT / "docs" / "operating" / "executions.md"


def test_the_page_works_as_written(stack):
    blocks = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(), re.S | re.M)
    script = "".join(blocks).replace('"$PWD/.agentflow/bin:$PATH"', '"$CLI:$PATH"')
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=ROOT, capture_output=True, text=True,
        check=False, timeout=120,
        env={**os.environ, **example.environment(stack), "CLI": str(stack.state / "bin")})
    assert done.returncode == 0, (done.stdout, done.stderr)
    printed = done.stdout
    assert "shipped: shipped A-1" in printed
    assert "AMOUNT_INVALID" in done.stderr and "it failed, as it should" in printed
    assert "MIGRATION_LOSES_STEP" in printed and "shipped: shipped A-4" in printed
    assert "nothing was changed" in printed and " moved, 0 refused" in printed
    assert printed.count("executions/") > 6
