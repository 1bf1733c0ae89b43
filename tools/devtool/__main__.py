"""tools/dev: build, run, watch and test AgentFlow on one machine."""

import argparse
import os
import sys
import time
from pathlib import Path

from . import bench, build, chaos, example, install, paths, simulation, testing
from .network import http_status
from .process import Process
from .progress import Failure, bold, dim, green, red
from .stack import Stack


def main() -> int:
    options = _arguments()
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    try:
        return options.run(options) or 0
    except Failure as failure:
        print(f"{red('✗')} {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read this has seen enough: `tools/dev status | head`.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _arguments():
    parser = argparse.ArgumentParser(prog="tools/dev", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name, run, text):
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(run=run)
        return added

    up = command("up", _up, "install, build and start everything; run the example")
    up.add_argument("--detach", action="store_true", help="leave it running and return")
    up.add_argument("--release", action="store_true", help="run the optimised build")
    up.add_argument("--no-example", action="store_true", help="skip the example workflow")
    for service in ("executor", "gateway"):
        up.add_argument(f"--{service}s", type=_count, metavar="N",
                        help=f"how many {service}s, 1 to 9; as many as before if left out, at "
                             "first one")
    command("down", _down, "stop everything that `up` started")
    command("status", _status, "what runs, and where")
    logs = command("logs", _logs, "print a process's log")
    logs.add_argument("service", help="tenant, designer, ..., postgres, redis, review-board")
    logs.add_argument("-f", "--follow", action="store_true")
    building = command("build", _build, "install and build")
    building.add_argument("targets", nargs="*")
    building.add_argument("--preset", default="dev", choices=["dev", "release", "asan"])
    test = command("test", _test, "everything needed to pass all tests, from nothing")
    test.add_argument("--only", choices=testing.SUITES, action="append",
                      help="run just this suite (may be repeated)")
    test.add_argument("--rewrite", action="store_true",
                      help="write generated documents again instead of comparing them")
    benching = command("bench", _bench, "measure the optimised build; prints one table and JSON")
    benching.add_argument("--seconds", type=float, default=4, help="of each measurement")
    benching.add_argument("--only", help="rows whose name contains this, or one of "
                                         + ", ".join(bench.SPECIALS))
    benching.add_argument("--minutes", type=float, default=10, help="of --only soak")
    benching.add_argument("--json", type=Path, help="write the JSON to this file")
    simulating = command("sim", _sim, "simulate the lanes under faults: one seed or many")
    simulating.add_argument("--seeds", type=int, help="how many")
    simulating.add_argument("--from", type=int, help="the first of them; default 1")
    simulating.add_argument("--seed", type=int, help="just this one")
    simulating.add_argument("--trace", action="store_true", help="with its story")
    simulating.add_argument("--bug", help="with a known bug switched on; an unknown name lists all")
    breaking = command("chaos", _chaos, "break the real processes under load; compare and report")
    breaking.add_argument("--minutes", type=float, default=3)
    breaking.add_argument("--seed", type=int, help="of the fault plan; drawn and printed if absent")
    breaking.add_argument("--rate", type=float, default=20, help="starts per second")
    breaking.add_argument("--only", default="", help="faults whose kind contains this")
    breaking.add_argument("--pauses", type=float, default=1, metavar="F",
                          help="F times as long between faults; with 1 there is one every 2.1 s")
    breaking.add_argument("--calm", action="store_true", help="no faults, for comparison")
    breaking.add_argument("--late", type=int, default=0, metavar="N",
                          help="show the N calls that took longest or failed")
    breaking.add_argument("--keep", action="store_true",
                          help="after a violation, leave everything running until Enter")
    breaking.add_argument("--release", action="store_true", help="run the optimised build")
    breaking.add_argument("--json", type=Path, help="write the report's figures to this file")
    command("format", _format, "clang-format the C++ that changed since main")
    return parser.parse_args()


def _count(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 9:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 1 to 9")
    return int(text)


def _copies(options) -> dict[str, int] | None:
    """What was asked for, over what there was."""
    wanted = {service: count for service in ("executor", "gateway")
              if (count := getattr(options, f"{service}s"))}
    return Stack(paths.STATE).copies | wanted if wanted else None


def _up(options) -> int:
    preset = "release" if options.release else "dev"
    print(bold("AgentFlow") + dim(f"  {paths.ROOT}"))
    install.debian_packages()
    build.cpp(preset, build.SERVICE_TARGETS)
    build.canvas()
    stack = Stack(paths.STATE, preset, copies=_copies(options))
    stack.up()
    example.link_cli(stack)
    if not options.no_example:
        example.run(stack)
    example.print_summary(stack)
    if not options.detach:
        _wait_for_interrupt(stack)
    return 0


def _wait_for_interrupt(stack: Stack) -> None:
    print(dim("Ctrl-C stops everything."))
    try:
        while True:
            time.sleep(1)
            for name, process in stack.services.items():
                if process.pid() is None:
                    raise Failure(f"{name} ended. The end of {process.log}:\n{process.log_tail()}")
    except KeyboardInterrupt:
        print()
    finally:
        stack.down()
        print(f"{green('✓')} stopped")


def _down(options) -> int:
    if not (paths.STATE / "ports.json").exists():
        print("nothing was started here")
        return 0
    Stack(paths.STATE).down()
    print(f"{green('✓')} stopped")
    return 0


def _status(options) -> int:
    if not (paths.STATE / "ports.json").exists():
        print("nothing was started here; tools/dev up starts it")
        return 1
    stack = Stack(paths.STATE)
    well = True
    names = sorted(file.stem for file in (paths.STATE / "run").glob("*.json"))
    for name in sorted({*names, *paths.SERVICES, "postgres", "redis"}):
        pid = Process(paths.STATE, name).pid()
        ready = name not in stack.services or http_status(stack.ready_url(name)) == 200
        state = green("ready") if pid and ready else red("not ready") if pid else red("stopped")
        well = well and bool(pid) and ready
        print(f"{name:14} {state:20} {dim('pid ' + str(pid)) if pid else ''} "
              f"{dim('port ' + str(stack.ports[name])) if name in stack.ports else ''}")
    return 0 if well else 1


def _logs(options) -> int:
    process = Process(paths.STATE, options.service)
    if not process.log.exists():
        raise Failure(f"there is no log of {options.service}; tools/dev status lists the names")
    os.execvp("tail", ["tail", "-n", "200", *(["-F"] if options.follow else []), str(process.log)])


def _build(options) -> int:
    install.debian_packages()
    build.cpp(options.preset, options.targets)
    if not options.targets:
        build.canvas()
    return 0


def _test(options) -> int:
    return testing.run(options.only or testing.SUITES, options.rewrite)


def _bench(options) -> int:
    return bench.run(options.seconds, options.only, options.json, options.minutes)


def _sim(options) -> int:
    return simulation.run(options)


def _chaos(options) -> int:
    return chaos.run(options)


def _format(options) -> int:
    os.execvp("bash", ["bash", "-c", "git diff --name-only --diff-filter=d main -- '*.cc' '*.h' "
                                     "| xargs -r clang-format -i"])


if __name__ == "__main__":
    sys.exit(main())
