"""tools/dev sim: the deterministic simulation of tests/sim, one seed or many."""

import subprocess

from . import build, install, paths

JOBS = 2


def run(options) -> int:
    """Builds the simulation and hands the arguments on; many seeds run in two processes."""
    install.debian_packages()
    build.cpp("dev", ["sim"])
    words = []
    for name in ("seeds", "seed", "from", "bug"):
        value = getattr(options, name)
        if value is not None:
            words += [f"--{name}", str(value)]
    if options.trace:
        words.append("--trace")
    if options.seeds is not None:
        words += ["--jobs", str(JOBS)]
    return subprocess.run([program(), *words], cwd=paths.ROOT, check=False).returncode


def program():
    return paths.binary("dev", "sim")
