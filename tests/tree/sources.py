"""Reads the tree's sources for the checks in this folder."""

import re
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.M)


@cache
def tracked() -> list[Path]:
    """Files under version control and new ones that are not ignored."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT,
                            capture_output=True, text=True, check=True).stdout
    return [ROOT / line for line in listed.splitlines() if (ROOT / line).is_file()]


@cache
def cpp() -> list[Path]:
    return [file for file in tracked() if file.suffix in (".h", ".cc")]


@cache
def includes(file: Path) -> list[str]:
    return [path for _, path in INCLUDE.findall(file.read_text())]


def relative(file: Path) -> str:
    return str(file.relative_to(ROOT))


def is_test(file: Path) -> bool:
    parts = file.relative_to(ROOT).parts
    return (file.stem.endswith(("_test", "_fuzz", "_bench")) or "testing" in parts
            or "testdata" in parts or "bench" in parts or "fuzz" in parts or parts[0] == "tests")
