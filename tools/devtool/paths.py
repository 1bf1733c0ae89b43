"""Where things are. Everything made at run time lives under STATE."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STATE = Path(os.environ.get("AGENTFLOW_STATE", ROOT / ".agentflow"))
BUILD = ROOT / "build"
CANVAS = ROOT / "services" / "canvas"
SDK = ROOT / "libs" / "sdk" / "python"
BROWSER_TESTS = ROOT / "tests" / "browser"

# Tools shared by every stack of this checkout, whatever its state folder.
TOOLS = ROOT / ".agentflow"
VENV = TOOLS / "venv"
NODE_HOME = TOOLS / "node"

SERVICES = ["tenant", "designer", "executor", "coordinator", "monitor", "scheduler", "gateway"]


def service_of(instance: str) -> str:
    """"executor-2" is a process of the service "executor"."""
    return instance.split("-", maxsplit=1)[0]


def build_dir(preset: str) -> Path:
    return BUILD / preset


def binary(preset: str, name: str) -> Path:
    return build_dir(preset) / "bin" / name
