"""The example of docs/examples/review-board: its agents, its workflow and one run of it."""

import os
import subprocess
from pathlib import Path

from . import install, paths
from .process import Process, wait_until
from .progress import Failure, bold, dim, phase
from .network import http_json
from .stack import Stack

FOLDER = paths.ROOT / "docs" / "examples" / "review-board"
AGENTS = ["summariser", "readability", "consistency", "writer"]


def link_cli(stack: Stack) -> Path:
    """.agentflow/bin/agentflow"""
    link = stack.state / "bin" / "agentflow"
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(paths.binary(stack.preset, "agentflow"))
    return link


def environment(stack: Stack) -> dict[str, str]:
    made = stack.credentials()
    return {"AGENTFLOW_URL": made["url"], "AGENTFLOW_GRPC": made["grpc"],
            "AGENTFLOW_API_KEY": made["api_key"]}


def start_agents(stack: Stack) -> None:
    """The worker process, and waits until each of its agents can be reached."""
    python = install.python_environment()
    worker = Process(stack.state, "review-board")
    if not worker.pid():
        worker.start([python, FOLDER / "agents.py"], env=environment(stack), cwd=stack.state)
    if not wait_until(lambda: _connected(stack, worker), 30, every_s=0.2):
        raise Failure(f"the example's agents do not connect. The end of {worker.log}:\n"
                      f"{worker.log_tail()}")


def _connected(stack: Stack, worker: Process) -> bool:
    if worker.pid() is None:
        raise Failure(f"the example's worker ended. The end of {worker.log}:\n{worker.log_tail()}")
    made = stack.credentials()
    agents = http_json(f"{made['url']}/v1/agents?pageSize=1000", made["api_key"])
    live = {agent["name"] for agent in agents.get("agents", []) if agent.get("endpoints")}
    return {f"agents/{name}" for name in AGENTS} <= live


def apply(stack: Stack) -> None:
    _cli(stack, "apply", "-f", str(FOLDER / "workflow.yaml"), "--publish")


def run(stack: Stack) -> None:
    with phase("Example agents"):
        start_agents(stack)
    with phase("Example workflow"):
        apply(stack)
        result = _cli(stack, "run", "review-board", "--input",
                      f"text=@{paths.ROOT / 'README.md'}", "--watch", "-o", "yaml")
    print(bold("\nreview-board on README.md"))
    print(result)


def _cli(stack: Stack, *arguments: str) -> str:
    done = subprocess.run([stack.state / "bin" / "agentflow", *arguments],
                          env={**os.environ, **environment(stack)}, capture_output=True,
                          text=True, check=False)
    if done.returncode != 0:
        raise Failure(f"agentflow {' '.join(arguments)} failed:\n{done.stderr or done.stdout}")
    return done.stdout


def print_summary(stack: Stack) -> None:
    made = stack.credentials()
    rows = [("Canvas", made["url"]), ("Login", f"{made['email']}  {made['password']}"),
            ("gRPC", made["grpc"]), ("API key", f"in {stack.credentials_file}"),
            ("CLI", stack.state / "bin" / "agentflow"),
            *((name, f"http://127.0.0.1:{stack.ports[name]}  "
                     f"gRPC 127.0.0.1:{stack.ports[name + '_grpc']}")
              for name in stack.instances("gateway")[1:])]
    print()
    for name, value in rows:
        print(f"  {dim(f'{name:9}')} {value}")
    print()
