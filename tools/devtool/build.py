"""Builds the C++ tree and the canvas."""

import hashlib
import re
from pathlib import Path

from . import install, paths
from .progress import Phase, phase
from .shell import run


def cpp(preset: str, targets: list[str] | None = None) -> None:
    """Configures if needed and builds `targets` (everything by default)."""
    build = paths.build_dir(preset)
    with phase(f"Build ({preset})") as shown:
        if not (build / "build.ninja").exists():
            shown.note("configuring")
            run(["cmake", "--preset", preset], f"cmake-{preset}", shown, cwd=paths.ROOT)
        counter = _Counter(shown)
        run(["ninja", "-C", build, *(targets or [])], f"ninja-{preset}", counter)
        shown.note("")


class _Counter(Phase):
    """Turns ninja's "[12/340] Building ..." into a short note on another phase."""

    def __init__(self, shown: Phase):
        super().__init__(shown.title)
        self._shown = shown

    def note(self, detail: str) -> None:
        match = re.match(r"\[(\d+/\d+)\] (.*)", detail)
        self._shown.note(f"{match[1]} {Path(match[2]).name}" if match else detail)


SERVICE_TARGETS = [f"agentflow-{name}" for name in paths.SERVICES] + ["agentflow"]


def canvas() -> None:
    """Builds the canvas when a file of it changed."""
    if not (paths.CANVAS / "package.json").exists():
        return
    env = install.node_modules(paths.CANVAS, "Canvas packages")
    stamp = paths.CANVAS / "dist" / ".agentflow.stamp"
    digest = _tree_digest(paths.CANVAS)
    if stamp.exists() and stamp.read_text() == digest:
        return
    with phase("Build the canvas") as shown:
        run(["npm", "run", "build"], "canvas", shown, cwd=paths.CANVAS, env=env)
        stamp.write_text(digest)


def _tree_digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for entry in sorted(folder.iterdir()):
        if entry.name in ("node_modules", "dist"):
            continue
        for file in [entry] if entry.is_file() else sorted(entry.rglob("*")):
            if file.is_file():
                digest.update(str(file).encode() + file.read_bytes())
    return digest.hexdigest()
