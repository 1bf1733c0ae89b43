"""Runs every test suite of the tree and counts what passed, failed and was skipped."""

import json
import os
import re
import subprocess
import xml.etree.ElementTree as xml
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import build, fuzzing, install, paths, simulation
from .progress import bold, green, phase, red
from .shell import log_path, run as run_logged
from .tally import Tally

SUITES = ["cpp", "fuzz", "sim", "tree", "sdk", "examples", "canvas", "e2e", "chaos", "browser"]
RESULTS = paths.TOOLS / "test" / "results"
SEEDS = 10_000


def run(suites: list[str], rewrite: bool) -> int:
    """Runs the suites in order; prints the tally last."""
    install.debian_packages()
    RESULTS.mkdir(parents=True, exist_ok=True)
    if rewrite:
        os.environ["AGENTFLOW_REWRITE"] = "1"
    if {"cpp", "sim", "tree", "e2e", "chaos", "browser"} & set(suites):
        build.cpp("dev")
    total = Tally()
    for name in suites:
        with phase(f"Tests: {name}") as shown:
            tally = _RUN[name](shown)
            shown.note(str(tally))
        total.add(tally)
    for note in total.notes:
        print(f"{red('✗')} {note}")
    print((green if total.failed == 0 else red)(bold("Tests")))
    print(total, flush=True)
    return 0 if total.failed == 0 and total.passed > 0 else 1


def _cpp(shown) -> Tally:
    """Every *_test executable, two at a time; those that need servers start private ones."""
    programs = sorted(paths.build_dir("dev").rglob("*_test"))
    with ThreadPoolExecutor(2) as pool:
        tallies = pool.map(lambda program: _gtest(program, shown), programs)
    total = Tally()
    for tally in tallies:
        total.add(tally)
    return total


def _gtest(program: Path, shown) -> Tally:
    report = RESULTS / f"{program.name}.json"
    report.unlink(missing_ok=True)
    code = run_logged([program, f"--gtest_output=json:{report}", "--gtest_brief=1"],
                      program.name, cwd=paths.ROOT, check=False)
    shown.note(program.name)
    log = log_path(program.name)
    if not report.exists():
        return Tally(failed=1, notes=[f"{program.name} ended with {code} before its report: {log}"])
    tally = Tally()
    for suite in json.loads(report.read_text())["testsuites"]:
        for case in suite["testsuite"]:
            if case.get("failures"):
                tally.failed += 1
                tally.notes.append(f"{program.name}: {suite['name']}.{case['name']} ({log})")
            elif case.get("result") == "SKIPPED" or case.get("status") == "NOTRUN":
                tally.skipped += 1
            else:
                tally.passed += 1
    tally.skipped += _reported_skips(log)
    if code != 0 and tally.failed == 0:
        tally.failed += 1
        tally.notes.append(f"{program.name} ended with {code}: {log}")
    return tally


def _reported_skips(log: Path) -> int:
    """A test may print "SKIPPED CASES: n" for data that this checkout does not have."""
    found = re.findall(r"SKIPPED CASES: (\d+)", log.read_text(errors="replace"))
    return sum(int(number) for number in found)


def _pytest(name: str, folder: Path, shown, env=None) -> Tally:
    if not folder.exists():
        return Tally()
    python = install.python_environment()
    report = RESULTS / f"{name}.xml"
    report.unlink(missing_ok=True)
    run_logged([python, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}",
                "."], f"pytest-{name}", shown, cwd=folder, env=env, check=False)
    if not report.exists():
        return Tally(failed=1, notes=[f"{name}: pytest did not run: {log_path('pytest-' + name)}"])
    tally = Tally()
    for case in xml.parse(report).getroot().iter("testcase"):
        kinds = {child.tag for child in case}
        if kinds & {"failure", "error"}:
            tally.failed += 1
            tally.notes.append(f"{name}: {case.get('classname')}.{case.get('name')} "
                               f"({log_path('pytest-' + name)})")
        elif "skipped" in kinds:
            tally.skipped += 1
        else:
            tally.passed += 1
    return tally


def _sim(shown) -> Tally:
    """The simulation's seeds, in two processes."""
    code = run_logged([simulation.program(), "--seeds", SEEDS, "--jobs", simulation.JOBS],
                      "sim", shown, cwd=paths.ROOT, check=False)
    if code == 0:
        return Tally(passed=1)
    return Tally(failed=1, notes=[f"a seed breaks the simulation ({log_path('sim')})"])


def _tree(shown) -> Tally:
    return _pytest("tree", paths.ROOT / "tests" / "tree", shown)


def _sdk(shown) -> Tally:
    return _pytest("sdk", paths.SDK / "tests", shown)


def _examples(shown) -> Tally:
    return _pytest("examples", paths.ROOT / "docs" / "examples" / "review-board" / "tests", shown)


def _e2e(shown) -> Tally:
    build.canvas()
    return _pytest("e2e", paths.ROOT / "tests" / "e2e", shown)


def _chaos(shown) -> Tally:
    return _pytest("chaos", paths.ROOT / "tests" / "chaos", shown)


def _canvas(shown) -> Tally:
    if not (paths.CANVAS / "package.json").exists():
        return Tally()
    env = install.node_modules(paths.CANVAS, "Canvas packages")
    report = RESULTS / "canvas.json"
    report.unlink(missing_ok=True)
    total = Tally()
    for script in ("lint",):
        code = run_logged(["npm", "run", script], f"canvas-{script}", shown, cwd=paths.CANVAS,
                          env=env, check=False)
        total.add(Tally(passed=1) if code == 0 else
                  Tally(failed=1, notes=[f"canvas: npm run {script} ({log_path('canvas-lint')})"]))
    run_logged(["npx", "vitest", "run", "--reporter=json", f"--outputFile={report}"],
               "canvas-test", shown, cwd=paths.CANVAS, env=env, check=False)
    if not report.exists():
        total.add(Tally(failed=1, notes=[f"canvas: vitest: {log_path('canvas-test')}"]))
        return total
    result = json.loads(report.read_text())
    total.add(Tally(result["numPassedTests"], result["numFailedTests"],
                    result["numPendingTests"] + result.get("numTodoTests", 0)))
    if not result["success"]:
        total.notes.append(f"canvas: vitest ({log_path('canvas-test')})")
        total.failed = max(total.failed, 1)
    return total


def _browser(shown) -> Tally:
    """tests/browser against a stack of its own, with the example loaded."""
    from . import example
    from .stack import Stack

    if not (paths.BROWSER_TESTS / "package.json").exists():
        return Tally()
    build.canvas()
    env = install.node_modules(paths.BROWSER_TESTS, "Browser test packages")
    stack = Stack(paths.TOOLS / "test" / "browser-stack", any_ports=True)
    try:
        stack.up()
        example.link_cli(stack)
        example.start_agents(stack)
        example.apply(stack)
        made = stack.credentials()
        env |= {"AGENTFLOW_URL": made["url"], "AGENTFLOW_EMAIL": made["email"],
                "AGENTFLOW_PASSWORD": made["password"],
                "AGENTFLOW_SCREENSHOTS": str(paths.TOOLS / "test" / "screenshots")}
        run_logged(["npm", "test"], "browser", shown, cwd=paths.BROWSER_TESTS, env=env, check=False)
    finally:
        stack.down()
    return _browser_tally(log_path("browser"))


def _browser_tally(log: Path) -> Tally:
    closing = re.findall(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?",
                         log.read_text(errors="replace"), re.M)
    if not closing:
        return Tally(failed=1, notes=[f"browser tests did not run: {log}"])
    passed, failed, skipped = (int(number or 0) for number in closing[-1])
    return Tally(passed, failed, skipped, [f"browser tests: {log}"] if failed else [])


_RUN = {"cpp": _cpp, "fuzz": fuzzing.run, "sim": _sim, "tree": _tree, "sdk": _sdk,
        "examples": _examples, "canvas": _canvas, "e2e": _e2e, "chaos": _chaos, "browser": _browser}
