"""The real processes, with a proxy on every way that faults may hurt."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

from devtool import paths  # noqa: E402
from devtool.process import Process  # noqa: E402
from devtool.progress import Failure  # noqa: E402
from devtool.stack import Stack  # noqa: E402

from proxy import Link, Proxies  # noqa: E402

COPIES = {"executor": 2, "coordinator": 2, "gateway": 2}
EXECUTORS, COORDINATORS = ["executor", "executor-2"], ["coordinator", "coordinator-2"]
GATEWAYS = ["gateway", "gateway-2"]
WORKERS = [f"worker-{n}" for n in range(1, 5)]


class ProxiedStack(Stack):
    """A stack whose executors and coordinators reach PostgreSQL, Redis and each other by links:
    "executor>postgres", "coordinator-2>redis", and ">executor" for whoever calls it."""

    def __init__(self, state: Path, preset: str, proxies: Proxies):
        super().__init__(state, preset, any_ports=True, copies=COPIES)
        self.links: dict[str, Link] = {}
        for name in EXECUTORS:
            self._link(proxies, name, "postgres")
            self._link(proxies, "", name)
        for name in EXECUTORS + COORDINATORS:
            self._link(proxies, name, "redis")

    def _link(self, proxies: Proxies, near: str, far: str) -> None:
        name = f"{near}>{far}"
        self.links[name] = proxies.link(name, self.ports[far])

    def port_seen_by(self, instance: str, target: str) -> int:
        link = self.links.get(f"{instance}>{target}") or self.links.get(f">{target}")
        return link.port if link else self.ports[target]


@dataclass
class Cluster:
    """The stack, its workers, and a supervisor that starts again what ended without being held
    down, as an installation's does."""

    state: Path
    preset: str
    effects_url: str
    proxies: Proxies = field(default_factory=Proxies)
    restarts: list[str] = field(default_factory=list)   # what ended by itself
    crashes: list[str] = field(default_factory=list)    # of these: by a signal nobody sent

    def start(self) -> None:
        shutil.rmtree(self.state, ignore_errors=True)
        self.stack = ProxiedStack(self.state, self.preset, self.proxies)
        if self.stack.postgres.data.exists():
            shutil.rmtree(self.stack.postgres.data)
        self.held: set[str] = set()   # down on purpose
        self.workers = {name: Process(self.state, name) for name in WORKERS}
        self.stack.up()
        # What a database has to write when it was just made is no part of a restart.
        self.stack.postgres.sql("-c", "CHECKPOINT")
        for name in WORKERS:
            self.start_process(name)
        self._stopping = threading.Event()
        self._supervisor = threading.Thread(target=self._supervise, name="supervisor", daemon=True)
        self._supervisor.start()

    def stop(self) -> None:
        if hasattr(self, "_stopping"):
            self._stopping.set()
            self._supervisor.join()
        if hasattr(self, "stack"):
            self.stack.down()

    @property
    def urls(self) -> str:
        return ",".join(f"http://127.0.0.1:{self.stack.ports[name]}" for name in GATEWAYS)

    @property
    def api_key(self) -> str:
        return self.stack.credentials()["api_key"]

    def process(self, name: str) -> Process:
        return self.workers.get(name) or self.stack.services[name]

    def start_process(self, name: str) -> None:
        if name not in self.workers:
            self.stack.start_service(name)
            return
        ports = [self.stack.ports[f"{gateway}_grpc"] for gateway in GATEWAYS]
        if WORKERS.index(name) % 2:
            ports.reverse()   # a worker takes the first that answers
        grpc = "ipv4:" + ",".join(f"127.0.0.1:{port}" for port in ports)
        self.workers[name].start([sys.executable, Path(__file__).with_name("worker.py"),
                                  self.effects_url], cwd=self.state, env={
            "AGENTFLOW_URL": self.urls, "AGENTFLOW_GRPC": grpc, "AGENTFLOW_API_KEY": self.api_key})

    def _supervise(self) -> None:
        while not self._stopping.wait(0.3):
            for name in [*self.stack.services, *self.workers]:
                process = self.process(name)
                if name in self.held or process.pid() is not None:
                    continue
                self.restarts.append(name)
                code = process.exit_code()
                if code is not None and code < 0:
                    self.crashes.append(f"{name} ended by signal {-code}")
                self.start_process(name)

    def wait_ready(self, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while True:
            try:
                return self.stack.wait_ready(seconds=5)
            except Failure:
                if time.monotonic() > deadline:
                    raise


def default_state() -> Path:
    return paths.TOOLS / "test" / "chaos-stack"
