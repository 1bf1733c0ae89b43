"""Brings what building, running and testing needs onto this machine, pinned, and only once."""

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

from . import paths
from .progress import Failure, phase
from .shell import as_root, run

NODE_MINIMUM = (20, 19)
NODE_PINNED = "20.19.5"


def debian_packages() -> None:
    listed = (Path(__file__).parent / "packages.txt").read_text().splitlines()
    wanted = [line for line in listed if line and not line.startswith("#")]
    if not _missing(wanted):
        return
    if not shutil.which("apt-get"):
        raise Failure("AgentFlow is built on Debian 12; apt-get was not found. Install: "
                      + " ".join(_missing(wanted)))
    with phase("Debian packages") as shown:
        run([*as_root(), "apt-get", "update"], "apt", shown)
        run([*as_root(), "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y",
             "--no-install-recommends", *_missing(wanted)], "apt", shown)


def _missing(wanted: list[str]) -> list[str]:
    shown = subprocess.run(["dpkg-query", "-W", "-f=${Package} ${db:Status-Status}\n", *wanted],
                           capture_output=True, text=True, check=False).stdout
    there = {line.split()[0] for line in shown.splitlines() if line.endswith(" installed")}
    return [name for name in wanted if name not in there]


def python_environment() -> Path:
    """The virtual environment with the SDK and the test tools; returns its python."""
    python = paths.VENV / "bin" / "python"
    locks = [paths.SDK / "requirements.lock", paths.ROOT / "tests" / "requirements.lock"]
    locks = [lock for lock in locks if lock.exists()]
    stamp = paths.VENV / "agentflow.stamp"
    digest = _digest([*locks, paths.SDK / "pyproject.toml"])
    if stamp.exists() and stamp.read_text() == digest:
        return python
    with phase("Python environment") as shown:
        run(["/usr/bin/python3", "-m", "venv", "--clear", paths.VENV], "venv", shown)
        for lock in locks:
            run([python, "-m", "pip", "install", "--disable-pip-version-check", "-r", lock],
                "pip", shown)
        if (paths.SDK / "pyproject.toml").exists():
            run([python, "-m", "pip", "install", "--disable-pip-version-check", "--no-deps",
                 "--no-build-isolation", "-e", paths.SDK], "pip-sdk", shown)
        stamp.write_text(digest)
    return python


def node_environment() -> dict[str, str]:
    """Variables under which `node` is new enough; installs a pinned one where it is not."""
    if _node_version(shutil.which("node")) >= NODE_MINIMUM:
        return {}
    bin_dir = paths.NODE_HOME / "node_modules" / "node" / "bin"
    if _node_version(str(bin_dir / "node")) < NODE_MINIMUM:
        with phase(f"Node {NODE_PINNED}") as shown:
            if not shutil.which("npm"):
                run([*as_root(), "apt-get", "update"], "apt-node", shown)
                run([*as_root(), "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install",
                     "-y", "--no-install-recommends", "nodejs", "npm"], "apt-node", shown)
            paths.NODE_HOME.mkdir(parents=True, exist_ok=True)
            run(["npm", "install", "--prefix", paths.NODE_HOME, "--no-save",
                 f"node@{NODE_PINNED}"], "npm-node", shown)
    return {"PATH": f"{bin_dir}:{os.environ['PATH']}"}


def _node_version(node: str | None) -> tuple[int, int]:
    if not node or not os.path.exists(node):
        return (0, 0)
    text = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    match = re.match(r"v(\d+)\.(\d+)", text)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def node_modules(folder: Path, title: str) -> dict[str, str]:
    """npm ci in `folder` when its lock file changed; returns the environment for node."""
    env = node_environment()
    lock = folder / "package-lock.json"
    stamp = folder / "node_modules" / ".agentflow.stamp"
    digest = _digest([lock])
    if not stamp.exists() or stamp.read_text() != digest:
        with phase(title) as shown:
            run(["npm", "ci", "--no-audit", "--no-fund"], f"npm-{folder.name}", shown,
                cwd=folder, env=env)
            stamp.write_text(digest)
    return env


def _digest(files) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes() if file.exists() else b"")
    return digest.hexdigest()
