"""A short run of faults, as part of the test run. `tools/dev chaos` makes longer ones."""

import json
import os
import random

from cluster import default_state
from faults import HEAVY, LIGHT
from run import run

SECONDS = 125    # of faults
STARTS_PER_SECOND = 20


def test_nothing_is_lost_stuck_or_done_twice_under_faults(capsys):
    seed = int(os.environ.get("AGENTFLOW_CHAOS_SEED", random.randrange(1_000_000)))
    with capsys.disabled():
        print(f"seed {seed}", flush=True)
        report = run(SECONDS, seed, STARTS_PER_SECOND)
        print(report.text(), flush=True)
    default_state().with_name("chaos.json").write_text(json.dumps(report.summary(), indent=1))
    assert not report.violations(), "\n".join(report.violations())
    assert report.found.executions >= 2000
    assert len(report.faults) >= 40
    assert {fault.kind for fault, *_ in report.faults} == {kind.name for kind in HEAVY + LIGHT}
