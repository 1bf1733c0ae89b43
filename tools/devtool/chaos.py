"""Runs tests/chaos for as long as asked: the real processes under faults."""

import subprocess
from pathlib import Path

from . import build, install, paths

RUN = paths.ROOT / "tests" / "chaos" / "run.py"


def run(minutes: float, seed: int | None, rate: float, release: bool, report: Path | None) -> int:
    preset = "release" if release else "dev"
    install.debian_packages()
    build.cpp(preset, build.SERVICE_TARGETS)
    python = install.python_environment()
    command = [python, RUN, "--minutes", minutes, "--rate", rate, "--preset", preset]
    if seed is not None:
        command += ["--seed", seed]
    if report is not None:
        command += ["--json", report]
    return subprocess.run([str(each) for each in command], check=False).returncode
