"""Runs tests/chaos for as long as asked: the real processes under faults."""

import subprocess

from . import build, install, paths

RUN = paths.ROOT / "tests" / "chaos" / "run.py"


def run(options) -> int:
    """`options` are those of the command line; see __main__.py."""
    preset = "release" if options.release else "dev"
    install.debian_packages()
    build.cpp(preset, build.SERVICE_TARGETS)
    python = install.python_environment()
    command = [python, RUN, "--minutes", options.minutes, "--rate", options.rate,
               "--preset", preset, "--only", options.only, "--late", options.late,
               "--pauses", options.pauses]
    if options.seed is not None:
        command += ["--seed", options.seed]
    if options.json is not None:
        command += ["--json", options.json]
    if options.calm:
        command += ["--calm"]
    if options.keep:
        command += ["--keep"]
    return subprocess.run([str(each) for each in command], check=False).returncode
