"""What goes wrong, and when: drawn from a seed, so that a run can be drawn again."""

from __future__ import annotations

import random
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field
from typing import Callable

from cluster import COORDINATORS, EXECUTORS, GATEWAYS, WORKERS, Cluster
from devtool.progress import Failure


@dataclass(frozen=True)
class Fault:
    kind: str
    target: str
    seconds: float    # until it is healed
    pause: float      # until the next one of its track
    amount: float = 0.0


@dataclass(frozen=True)
class FaultKind:
    name: str
    targets: list[str]
    seconds: tuple[float, float]
    share: int = 1


# Two tracks, each one fault at a time: on the first those that stop decisions, with time between
# them for a lease to move lanes; on the second everything else.
HEAVY = [
    FaultKind("executor killed", EXECUTORS, (0.5, 4), 3),
    FaultKind("executor stopped", EXECUTORS, (1, 7), 3),
    FaultKind("PostgreSQL restarted fast", ["postgres"], (0, 0), 1),
    FaultKind("PostgreSQL restarted immediately", ["postgres"], (0, 0), 1),
    FaultKind("link cut", [f"{name}>postgres" for name in EXECUTORS] +
              [f">{name}" for name in EXECUTORS], (0.2, 4), 2),
    FaultKind("link half open", [f"{name}>postgres" for name in EXECUTORS] +
              [f">{name}" for name in EXECUTORS], (0.2, 1), 2),
    FaultKind("link delayed", [f"{name}>postgres" for name in EXECUTORS] +
              [f">{name}" for name in EXECUTORS], (1, 4), 1),
]
LIGHT = [
    FaultKind("coordinator killed", COORDINATORS, (0.2, 3), 3),
    FaultKind("coordinator stopped", COORDINATORS, (1, 8), 3),
    FaultKind("worker killed", WORKERS, (0, 2), 3),
    FaultKind("worker stopped", WORKERS, (1, 6), 1),
    FaultKind("gateway killed", GATEWAYS, (0.2, 2), 1),
    FaultKind("Redis flushed", ["redis"], (0, 0), 3),
    FaultKind("Redis restarted", ["redis"], (0, 2), 2),
    FaultKind("link cut", [f"{name}>redis" for name in EXECUTORS + COORDINATORS], (0.2, 4), 1),
    FaultKind("link half open", [f"{name}>redis" for name in EXECUTORS + COORDINATORS], (0.2, 1),
              1),
    FaultKind("link delayed", [f"{name}>redis" for name in EXECUTORS + COORDINATORS], (1, 5), 1),
]
HEAVY_PAUSE_S, LIGHT_PAUSE_S = (2.0, 4.0), (1.0, 3.0)


def plan(seed: int, seconds: float, only: str = "", pauses: float = 1.0) -> list[list[Fault]]:
    """The faults of both tracks for a run of this length; `only` those whose kind contains this;
    `pauses` times as long between them."""
    dice = random.Random(seed)
    tracks = [([kind for kind in kinds if only in kind.name],
               (pause[0] * pauses, pause[1] * pauses))
              for kinds, pause in ((HEAVY, HEAVY_PAUSE_S), (LIGHT, LIGHT_PAUSE_S))]
    if not any(kinds for kinds, _ in tracks):
        raise Failure(f"no kind of fault contains \"{only}\": "
                      + ", ".join(sorted({kind.name for kind in HEAVY + LIGHT})))
    return [_track(dice, kinds, pause, seconds) for kinds, pause in tracks if kinds]


def _track(dice: random.Random, kinds: list[FaultKind], pause: tuple[float, float],
           seconds: float) -> list[Fault]:
    """Kinds come from a shuffled deck: no run goes without one for long."""
    faults: list[Fault] = []
    deck: list[FaultKind] = []
    used = 0.0
    while used < seconds:
        if not deck:
            deck = [kind for kind in kinds for _ in range(kind.share)]
            dice.shuffle(deck)
        kind = deck.pop()
        fault = Fault(kind.name, dice.choice(kind.targets), dice.uniform(*kind.seconds),
                      dice.uniform(*pause), dice.uniform(0.02, 0.4))
        faults.append(fault)
        used += fault.seconds + fault.pause
    return faults


@dataclass
class Injector:
    """Carries a plan out. `done` has what was done, with the times of its begin and its end."""

    cluster: Cluster
    tracks: list[list[Fault]]
    note: Callable[[str], None] = lambda text: None
    done: list[tuple[Fault, float, float]] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def start(self) -> None:
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(track,), daemon=True)
                         for track in self.tracks]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """No new faults; returns when the last ones are healed."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _run(self, track: list[Fault]) -> None:
        for fault in track:
            if self._stopping.wait(fault.pause):
                return
            self.note(f"{fault.kind}: {fault.target}")
            begin = time.monotonic()
            try:
                self._inject(fault)
            except (Failure, OSError, subprocess.SubprocessError) as error:
                self.failed.append(f"{fault.kind} {fault.target}: {error}")
                return
            self.done.append((fault, begin, time.monotonic()))

    def _inject(self, fault: Fault) -> None:
        what = fault.kind.split()[-1]
        if fault.target == "postgres":
            self._restart_postgres(fault)
        elif fault.kind == "Redis flushed":
            subprocess.run(["redis-cli", "-u", self.cluster.stack.redis.url(),
                            "--no-auth-warning", "FLUSHALL"], check=True, capture_output=True)
        elif fault.kind == "Redis restarted":
            self.cluster.stack.redis.process.kill()
            time.sleep(fault.seconds)
            self.cluster.stack.redis.start()
        elif fault.kind.startswith("link"):
            self._hurt_link(fault)
        elif what == "killed":
            self._kill(fault)
        elif what == "stopped":
            process = self.cluster.process(fault.target)
            process.send(signal.SIGSTOP)
            time.sleep(fault.seconds)
            process.send(signal.SIGCONT)
        else:
            raise Failure(f"nobody knows how to do this: {fault}")

    def _restart_postgres(self, fault: Fault) -> None:
        fast = fault.kind.endswith("fast")
        postgres = self.cluster.stack.postgres
        postgres.process.stop(number=signal.SIGINT if fast else signal.SIGQUIT)
        postgres.start()

    def _kill(self, fault: Fault) -> None:
        self.cluster.held.add(fault.target)
        try:
            self.cluster.process(fault.target).kill()
            time.sleep(fault.seconds)
            self.cluster.start_process(fault.target)
        finally:
            self.cluster.held.discard(fault.target)

    def _hurt_link(self, fault: Fault) -> None:
        link, proxies = self.cluster.stack.links[fault.target], self.cluster.proxies
        if fault.kind == "link half open":
            proxies.half_open(link)
        elif fault.kind == "link cut":
            proxies.cut(link)
        else:
            proxies.delay(link, fault.amount)
        time.sleep(fault.seconds)
        proxies.heal(link)
