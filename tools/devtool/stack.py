"""A whole AgentFlow on this machine: databases, certificates, one process per service."""

import json
import os
import secrets
import signal
import subprocess
import time
from pathlib import Path

from . import certificates, configuration, network, paths
from .databases import Postgres, Redis
from .process import Process, require_alive
from .progress import Failure, Phase, phase

WANTED_PORTS = {
    "gateway": 8080, "gateway_grpc": 8081, "postgres": 7432, "redis": 7379,
    **{name: 7101 + i for i, name in enumerate(
        ["tenant", "designer", "executor", "scheduler", "coordinator", "monitor"])},
    **{f"{name}_admin": 7201 + i for i, name in enumerate(
        ["tenant", "designer", "executor", "scheduler", "coordinator", "monitor"])},
}
EMAIL = "admin@example.com"


class Stack:
    """One stack in a state folder. Starting what runs already does nothing.

    `copies` says how many processes a service has where that is not one: {"executor": 2} is
    "executor" and "executor-2". They share the service's overrides. It is remembered in the
    folder: None means as many as there were.
    """

    def __init__(self, state: Path, preset: str = "dev", any_ports: bool = False,
                 overrides: dict[str, dict] | None = None, copies: dict[str, int] | None = None):
        self.state, self.preset = state, preset
        self.overrides = overrides or {}
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.copies = self._remembered("copies.json", copies)
        self.secrets = self._load_secrets()
        self.ports = self._load_ports(any_ports)
        self.postgres = Postgres(state, self.ports["postgres"], self.secrets["postgres"])
        self.redis = Redis(state, self.ports["redis"], self.secrets["redis"])
        self.services = {name: Process(state, name)
                         for service in paths.SERVICES for name in self.instances(service)}

    def instances(self, service: str) -> list[str]:
        """The names of a service's processes."""
        return [service] + [f"{service}-{n}" for n in range(2, self.copies.get(service, 1) + 1)]

    def _wanted_ports(self) -> dict[str, int]:
        wanted = dict(WANTED_PORTS)
        for service, count in self.copies.items():
            for name, port in WANTED_PORTS.items():
                if name.split("_")[0] == service:
                    wanted |= {name.replace(service, instance, 1): port + 100 * (n + 1)
                               for n, instance in enumerate(self.instances(service)[1:])}
        return wanted

    def port_seen_by(self, instance: str, target: str) -> int:
        """Where the process `instance` reaches `target`: another process, postgres or redis."""
        return self.ports[target]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports['gateway']}"

    @property
    def credentials_file(self) -> Path:
        return self.state / "credentials.json"

    def credentials(self) -> dict:
        return json.loads(self.credentials_file.read_text())

    def up(self) -> None:
        with phase("PostgreSQL and Redis"):
            self.postgres.start()
            self.redis.start()
            self._bootstrap_database()
        certificates.create(self.state / "certificates", paths.SERVICES)
        with phase("Services") as shown:
            self._stop_copies_too_many()
            for name in self.services:
                shown.note(name)
                self.start_service(name)
            self.wait_ready(shown)
        self._bootstrap_login()

    def start_service(self, name: str) -> None:
        """Starts a process that does not run, or runs under another configuration: who its peers
        are is part of that."""
        config = self.state / "config" / f"{name}.yaml"
        changed = configuration.write(self, name, config)
        if self.services[name].pid() and not changed:
            return
        self.services[name].stop()
        self.services[name].start([paths.binary(self.preset, f"agentflow-{paths.service_of(name)}"),
                                   "--config", config], cwd=self.state)

    def wait_ready(self, shown: Phase | None = None, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        for name, process in self.services.items():
            while network.http_status(self.ready_url(name)) != 200:
                require_alive(process)
                if shown:
                    shown.note(f"waiting for {name}")
                if time.monotonic() > deadline:
                    raise Failure(f"{name} is not ready after {seconds:.0f} s. The end of "
                                  f"{process.log}:\n{process.log_tail()}")
                time.sleep(0.05)
        if shown:
            shown.note(f"{len(self.services)} ready")

    def ready_url(self, name: str) -> str:
        port = self.ports[name if paths.service_of(name) == "gateway" else f"{name}_admin"]
        return f"http://127.0.0.1:{port}/readyz"

    def down(self) -> None:
        """Ends everything of this stack, workers first and databases last."""
        others = [Process(self.state, file.stem) for file in (self.state / "run").glob("*.json")
                  if file.stem not in (*self.services, "postgres", "redis")]
        for process in [*others, *reversed(self.services.values())]:
            process.stop()
        self.redis.process.stop()
        self.postgres.process.stop(number=signal.SIGINT)

    def _stop_copies_too_many(self) -> None:
        for file in (self.state / "run").glob("*-*.json"):
            if file.stem not in self.services and paths.service_of(file.stem) in paths.SERVICES:
                Process(self.state, file.stem).stop()

    def _remembered(self, name: str, wanted: dict | None) -> dict:
        """`wanted`, kept for the next time; what was kept where that is None."""
        if wanted is not None:
            (self.state / name).write_text(json.dumps(wanted, indent=1))
        return self._load(name, dict)

    def _load_ports(self, any_ports: bool) -> dict[str, int]:
        """A process keeps its port for good; one that is new gets one that no other has."""
        ports = self._load("ports.json", dict)
        missing = {name: port for name, port in self._wanted_ports().items() if name not in ports}
        if missing:
            ports |= network.choose_ports(missing, any_ports, set(ports.values()))
            (self.state / "ports.json").write_text(json.dumps(ports, indent=1))
        return ports

    def _load(self, name: str, make) -> dict:
        file = self.state / name
        if not file.exists():
            file.touch(mode=0o600)
            file.write_text(json.dumps(make(), indent=1))
        return json.loads(file.read_text())

    def _load_secrets(self) -> dict:
        """What was made before stays; what a newer version needs is added."""
        secrets_file = self.state / "secrets.json"
        made = self._load("secrets.json", dict)
        missing = {name: text for name, text in self._new_secrets().items() if name not in made}
        if missing:
            made |= missing
            secrets_file.write_text(json.dumps(made, indent=1))
        return made

    @staticmethod
    def _new_secrets() -> dict:
        names = ["postgres", "redis", "password", "task_token_key", "data_key"]
        roles = [f"{service}_{kind}" for service in paths.SERVICES if service != "gateway"
                 for kind in ("owner", "app")] + ["executor_engine"]
        return {name: secrets.token_hex(32 if name.endswith("_key") else 16)
                for name in [*names, *roles]}

    def _bootstrap_database(self) -> None:
        there = self.postgres.sql("-c", "SELECT 1 FROM pg_database WHERE datname = 'agentflow'",
                                  database="postgres")
        if not there:
            self.postgres.sql("-c", "CREATE DATABASE agentflow", database="postgres")
        self.postgres.sql("-f", str(paths.ROOT / "deploy" / "postgres" / "bootstrap.sql"))
        roles = [name for name in self.secrets if name.endswith(("_owner", "_app", "_engine"))]
        self.postgres.sql("-c", ";".join(f"ALTER ROLE {role} PASSWORD '{self.secrets[role]}'"
                                         for role in roles))

    def _bootstrap_login(self) -> None:
        """The first tenant, its administrator and an API key; written to credentials.json."""
        if self.credentials_file.exists():
            return
        env = {**os.environ, "AGENTFLOW_BOOTSTRAP_EMAIL": EMAIL,
               "AGENTFLOW_BOOTSTRAP_PASSWORD": self.secrets["password"]}
        done = subprocess.run(
            [paths.binary(self.preset, "agentflow-tenant"), "--config",
             self.state / "config" / "tenant.yaml", "--bootstrap", "--new-key"],
            env=env, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failure(f"the first tenant could not be made: {done.stderr[-2000:]}")
        made = json.loads(done.stdout.strip().splitlines()[-1])
        self.credentials_file.touch(mode=0o600)
        self.credentials_file.write_text(json.dumps({
            "url": self.url, "grpc": f"127.0.0.1:{self.ports['gateway_grpc']}",
            "tenant": made["tenant"], "email": EMAIL, "password": self.secrets["password"],
            "api_key": made["api_key"]}, indent=1))
