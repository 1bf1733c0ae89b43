"""Looks for texts that break the expression language: libFuzzer under ASan and UBSan."""

import codecs
import os
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import build, paths
from .shell import log_path, run as run_logged
from .tally import Tally

TARGETS = ["parse", "check", "evaluate"]
SECONDS = float(os.environ.get("AGENTFLOW_FUZZ_SECONDS", 20))  # of each
SOURCES = paths.ROOT / "libs" / "cel" / "fuzz"
FOUND = paths.TOOLS / "test" / "fuzz"


def run(shown) -> Tally:
    """Each target for a while, from the corpus on; and the library's own tests, once, under the
    sanitizers. Two at a time. With --rewrite, what reaches new code joins the corpus."""
    build.cpp("fuzz", [*[f"cel_{target}_fuzz" for target in TARGETS], "cel_test"])
    shutil.rmtree(FOUND, ignore_errors=True)
    total = Tally()
    with ThreadPoolExecutor(2) as pool:
        running = [pool.submit(_sanitized), *[pool.submit(_fuzz, target) for target in TARGETS]]
        for one in running:
            total.add(one.result())
            shown.note(str(total))
    return total


def _fuzz(target: str) -> Tally:
    program = paths.binary("fuzz", f"cel_{target}_fuzz")
    folders = {name: FOUND / target / name for name in ("corpus", "grown", "broken")}
    for folder in folders.values():
        folder.mkdir(parents=True)
    _unpack(SOURCES / "corpus" / f"{target}.txt", folders["corpus"])
    name = f"fuzz-{target}"
    code = run_logged(
        [program, f"-max_total_time={SECONDS:.0f}", "-timeout=10", "-rss_limit_mb=2048",
         "-max_len=2048", f"-dict={SOURCES / 'dictionary.txt'}",
         f"-artifact_prefix={folders['broken']}/", folders["grown"], folders["corpus"]],
        name, cwd=paths.ROOT, check=False)
    runs = re.findall(r"^Done (\d+) runs", log_path(name).read_text(errors="replace"), re.M)
    if code != 0 or not runs or int(runs[-1]) == 0:
        return Tally(failed=1, notes=[_finding(target, program, code, folders["broken"])])
    if os.environ.get("AGENTFLOW_REWRITE"):
        _minimise(target, program, folders)
    return Tally(passed=1)


def _finding(target: str, program: Path, code: int, broken: Path) -> str:
    """What to say about a target that did not end well: the input first of all."""
    inputs = sorted(broken.iterdir())
    log = log_path(f"fuzz-{target}")
    if not inputs:
        return f"fuzz: {target} ended with {code}: {log}"
    return (f"fuzz: {target} is broken by {_escaped(inputs[0].read_bytes()[:2000])} ({log})\n"
            f"  again: {program} {inputs[0]}")


def _sanitized() -> Tally:
    program = paths.build_dir("fuzz") / "libs" / "cel" / "cel_test"
    code = run_logged([program, "--gtest_brief=1"], "cel_test-sanitized", cwd=paths.ROOT,
                      check=False)
    if code == 0:
        return Tally(passed=1)
    return Tally(failed=1, notes=[f"fuzz: cel_test under ASan and UBSan ended with {code}: "
                                  f"{log_path('cel_test-sanitized')}"])


# A corpus is one text: an input a line, with the escapes of C for what is not printable.

def _unpack(corpus: Path, folder: Path) -> None:
    for number, line in enumerate(corpus.read_text().splitlines()):
        (folder / f"{number:04}").write_bytes(codecs.escape_decode(line)[0])


def _minimise(target: str, program: Path, folders: dict[str, Path]) -> None:
    """The fewest inputs that reach all the code that was reached."""
    fewest = FOUND / target / "fewest"
    fewest.mkdir()
    run_logged([program, "-set_cover_merge=1", "-use_counters=0", "-max_len=512", fewest,
                folders["corpus"], folders["grown"]], f"fuzz-{target}-merge", cwd=paths.ROOT)
    inputs = sorted((file.read_bytes() for file in fewest.iterdir()), key=lambda x: (len(x), x))
    (SOURCES / "corpus" / f"{target}.txt").write_text(
        "".join(_escaped(data) + "\n" for data in inputs))


def _escaped(data: bytes) -> str:
    return "".join(chr(byte) if 0x20 <= byte < 0x7f and byte != 0x5c else f"\\{byte:03o}"
                   for byte in data)
