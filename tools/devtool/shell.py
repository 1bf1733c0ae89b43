"""Runs other programs: quietly, with their output in a log, told from where they failed."""

import os
import subprocess
from pathlib import Path

from .paths import TOOLS
from .progress import Failure, Phase


def log_path(name: str) -> Path:
    path = TOOLS / "log" / f"{name}.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def run(argv, log: str, phase: Phase | None = None, cwd=None, env=None, check=True) -> int:
    """Runs a command with its output in .agentflow/log/<log>.log; the last line is the note."""
    path = log_path(log)
    merged = {**os.environ, **(env or {})}
    with open(path, "w", encoding="utf-8") as out:
        process = subprocess.Popen(
            [str(a) for a in argv], cwd=cwd, env=merged, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        for line in process.stdout:
            out.write(line)
            if phase and line.strip():
                phase.note(line.strip())
        process.wait()
    if check and process.returncode != 0:
        tail = "\n".join(path.read_text(errors="replace").splitlines()[-30:])
        raise Failure(f"{' '.join(str(a) for a in argv)} failed ({process.returncode}). "
                      f"The end of {path}:\n{tail}")
    if phase:
        phase.note("")
    return process.returncode


def output(argv, **kwargs) -> str:
    return subprocess.run([str(a) for a in argv], check=True, capture_output=True, text=True,
                          **kwargs).stdout


def as_root() -> list[str]:
    return [] if os.geteuid() == 0 else ["sudo"]
